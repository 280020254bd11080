// The table of all servers, what is wrong below it, and the daemon above it.
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

/** Who never had a Prometheus needs no line about it. */
function deliveryLine({ daemon: { delivery } }: Status, { width, colour }: ViewOptions): string[] {
  if (isDeliveredByUsAlone(delivery)) return [];
  return ['', paint(fit(describeDelivery(delivery), width), 'dim', colour)];
}

function serverRows(servers: readonly ServerStatus[], options: ViewOptions): string[] {
  return layoutTable(servers, columns(options.now), options);
}

// A wrong config and a brake concern all servers: they explain what the table shows.
function warnings({ daemon }: Status, { width, colour, now }: ViewOptions): string[] {
  const { config, braked, alerts } = daemon;
  // A daemon that is still starting has read none yet: that is no fault.
  const isRefused = !config.ok && config.error !== null;
  const found = [
    ...(isRefused ? [neutralise(configRefusal(config))] : []),
    ...(braked ? ['All servers failed at once: nobody is restarted for it'] : []),
    ...alertLines(alerts, now),
  ];
  return found.map((line) => paint(fit(line, width), 'yellow', colour));
}

/** One line, however many there are: the table below shows the servers. */
function alertLines(alerts: Status['daemon']['alerts'], now: number): string[] {
  const [first] = alerts;
  if (first === undefined) return [];
  const names = alerts.slice(0, MOST_ALERTS).map((alert) => neutralise(alertWords(alert, now)));
  const more = alerts.length > MOST_ALERTS ? [`and ${alerts.length - MOST_ALERTS} more`] : [];
  const title = alerts.length === 1 ? '1 alert' : `${alerts.length} alerts`;
  return [`${title}: ${[...names, ...more].join(', ')}`];
}

const MOST_ALERTS = 3;

function alertWords(
  { name, about, severity, since }: Status['daemon']['alerts'][number],
  now: number,
): string {
  return `${about === null ? '' : `${about} `}${name} (${severity}, ${span(now - since)})`;
}

function hints({ servers }: Status, { width, colour }: ViewOptions): string[] {
  const sick =
    servers.find((server) => !isHealthy(server) && server.lastFailure !== null) ??
    servers.find((server) => !isHealthy(server) && server.state !== 'starting');
  if (sick === undefined) return [];
  const cure = sick.lastFailure?.hint ?? `mcp-watchdog status ${sick.name} shows more`;
  return ['', paint(fit(neutralise(`hint: ${sick.name}: ${cure}`), width), 'yellow', colour)];
}

// A column leaves before the others the less it says about whether all is well.
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
