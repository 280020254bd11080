// Status of all servers: warnings of the daemon, the table, and a hint below.
import { isDeliveredByUsAlone, describeDelivery } from '../../core/delivery/delivery.ts';
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { versionColumn } from '../../core/update/update-text.ts';
import {
  configRefusal,
  isHealthy,
  isStarting,
  latestProbe,
  statusSummary,
  restartsOf,
} from '../../core/status/health-summary.ts';
import { cpu, latency, size, span, uptime } from '../../core/base/format.ts';
import { healthCell, stateCell } from './state-cells.ts';
import { type Cell, fit, paint, type ViewOptions } from './style.ts';
import type { Column } from './table.ts';
import { layoutTable } from './table.ts';

export function statusTable(status: Status, options: ViewOptions): string[] {
  const { servers, daemon } = status;
  if (servers.length === 0) {
    return [
      ...warnings(status, options),
      fit(
        isStarting(daemon) ? STARTING : `No servers are configured: add one to ${daemon.config.path}`,
        options.width,
      ),
    ];
  }
  return [
    ...warnings(status, options),
    ...serverRows(servers, options),
    ...hints(status, options),
    ...deliveryLine(status, options),
  ];
}

const STARTING = 'The watchdog is still starting: it has not read its config yet';

/** Writes who delivers alerts; nothing where Alertmanager was never involved. */
function deliveryLine({ daemon: { delivery } }: Status, { width, colour }: ViewOptions): string[] {
  if (isDeliveredByUsAlone(delivery)) return [];
  return ['', paint(fit(describeDelivery(delivery), width), 'dim', colour)];
}

function serverRows(servers: readonly ServerStatus[], options: ViewOptions): string[] {
  return layoutTable(servers, columns(options.now), options);
}

// A wrong config and held restarts concern all servers: they explain what the table shows.
function warnings({ daemon }: Status, { width, colour, now }: ViewOptions): string[] {
  const { config, braked, alerts } = daemon;
  // A daemon that is still starting has not read its config yet: that is no fault.
  const isRefused = !config.ok && config.error !== null;
  const found = [
    ...(isRefused ? [neutralise(configRefusal(config))] : []),
    ...(braked ? ['All servers failed at once: restarts for failed probes are on hold'] : []),
    ...alertLines(alerts, now),
  ];
  return found.map((line) => paint(fit(line, width), 'yellow', colour));
}

/** Writes all alerts in one line: the table below shows the servers. */
function alertLines(alerts: Status['daemon']['alerts'], now: number): string[] {
  const [first] = alerts;
  if (first === undefined) return [];
  const names = alerts.slice(0, MAX_ALERTS).map((alert) => neutralise(alertText(alert, now)));
  const more = alerts.length > MAX_ALERTS ? [`and ${alerts.length - MAX_ALERTS} more`] : [];
  const title = alerts.length === 1 ? '1 alert' : `${alerts.length} alerts`;
  return [`${title}: ${[...names, ...more].join(', ')}`];
}

const MAX_ALERTS = 3;

function alertText(
  { name, about, severity, since }: Status['daemon']['alerts'][number],
  now: number,
): string {
  return `${about === null ? '' : `${about} `}${name} (${severity}, ${span(now - since)})`;
}

function hints({ servers }: Status, { width, colour }: ViewOptions): string[] {
  const unhealthy =
    servers.find((server) => !isHealthy(server) && server.lastFailure !== null) ??
    servers.find((server) => !isHealthy(server) && server.state !== 'starting');
  if (unhealthy === undefined) return [];
  const cure = unhealthy.lastFailure?.hint ?? `mcp-watchdog status ${unhealthy.name} shows more`;
  return ['', paint(fit(neutralise(`hint: ${unhealthy.name}: ${cure}`), width), 'yellow', colour)];
}

// The less a column says about health, the earlier it leaves.
function columns(now: number): Column<ServerStatus>[] {
  return [
    { title: 'SERVER', cell: ({ name }) => ({ text: name, style: 'bold' }) },
    { title: 'STATE', cell: stateCell },
    { title: 'HEALTH', leaves: 1, cell: healthCell },
    { title: 'VERSION', leaves: 8, cell: (server) => ({ text: versionColumn(server) }) },
    numbers('PID', 7, ({ pid }) => maybe(pid, String)),
    numbers('UPTIME', 5, ({ startedAt }) => maybe(startedAt, (at) => uptime(now - at))),
    numbers('CPU', 4, ({ usage }) => maybe(usage?.cpuCores, cpu)),
    numbers('MEMORY', 3, ({ usage }) => maybe(usage && usedMemory(usage), size)),
    numbers('RESTARTS', 6, (server) => String(restartsOf(server))),
    numbers('PROBE', 9, (server) => maybe(latestProbe(server)?.took, latency)),
    { title: 'LAST REASON', shrinksTo: 24, leaves: 2, cell: (server) => lastReason(server, now) },
  ];
}

function numbers(
  title: string,
  leaves: number,
  write: (server: ServerStatus) => string,
): Column<ServerStatus> {
  return { title, leaves, align: 'right', cell: (server) => ({ text: write(server) }) };
}

function lastReason(server: ServerStatus, now: number): Cell {
  return { text: statusSummary(server, now), style: isHealthy(server) ? 'dim' : 'yellow' };
}

function maybe(value: number | null | undefined, write: (value: number) => string): string {
  return value === null || value === undefined ? '' : write(value);
}
