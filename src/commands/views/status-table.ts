// Status of all servers: warnings of the daemon, the table, and a hint below.
import { isDeliveredByUsAlone, describeDelivery } from '../../core/delivery/delivery.ts';
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { capitalised, neutralise } from '../../core/base/text.ts';
import { versionColumn } from '../../core/update/update-text.ts';
import {
  configRefusal,
  describeUnsaved,
  isHealthy,
  isStarting,
  latestProbe,
  statusSummary,
  restartsOf,
} from '../../core/status/health-summary.ts';
import { describeFailingRules, orderOf, troublesOf, type Trouble } from '../../core/status/troubles.ts';
import { cpu, latency, size, span, uptime } from '../../core/base/format.ts';
import { healthCell, stateCell } from './state-cells.ts';
import { type Cell, fit, paint, type ViewOptions, wrap } from './style.ts';
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
    ...serverRows(inOrder(status, options), options),
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

/** On a terminal as page and monitor show them; elsewhere as in the config, so that a line stays where it is. */
function inOrder(status: Status, { width, now }: ViewOptions): readonly ServerStatus[] {
  return Number.isFinite(width) ? orderOf(status, now) : status.servers;
}

function serverRows(servers: readonly ServerStatus[], options: ViewOptions): string[] {
  return layoutTable(servers, columns(options.now), options);
}

// A wrong config and held restarts concern all servers: they explain what the table shows.
function warnings(status: Status, { width, colour, now }: ViewOptions): string[] {
  const { config, braked, unsaved, failingRules = [], gateway } = status.daemon;
  // A daemon that is still starting has not read its config yet: that is no fault.
  const isRefused = !config.ok && config.error !== null;
  const found = [
    ...(isRefused ? [neutralise(configRefusal(config))] : []),
    ...(unsaved === undefined ? [] : [neutralise(describeUnsaved(unsaved, now))]),
    ...(failingRules.length === 0 ? [] : [neutralise(capitalised(describeFailingRules(failingRules)))]),
    ...(gateway?.troubles ?? []).map(({ message, hint }) =>
      neutralise(hint === null ? message : `${message} (${hint})`),
    ),
    ...(braked ? ['All servers failed at once: restarts for failed probes are on hold'] : []),
    ...alertLines(troublesOf(status, now), now),
  ];
  return found.map((line) => paint(fit(line, width), 'yellow', colour));
}

/** Writes all alerts in one line, the worst first and each trouble once: the table below shows the servers. */
function alertLines(troubles: readonly Trouble[], now: number): string[] {
  const alerted = troubles.filter(({ alerts }) => alerts.length > 0);
  const total = alerted.reduce((sum, { alerts }) => sum + alerts.length, 0);
  if (total === 0) return [];
  const texts = alerted.slice(0, MAX_ALERTS).map((trouble) => neutralise(alertText(trouble, now)));
  const shown = alerted.slice(0, MAX_ALERTS).reduce((sum, { alerts }) => sum + alerts.length, 0);
  const more = total > shown ? [`and ${total - shown} more`] : [];
  const title = total === 1 ? '1 alert' : `${total} alerts`;
  return [`${title}: ${[...texts, ...more].join(', ')}`];
}

const MAX_ALERTS = 3;

/** `files McpServerGaveUp (critical, 5 min) and 2 that follow from it`. */
function alertText({ about, alerts: [gravest, ...others] }: Trouble, now: number): string {
  if (gravest === undefined) return '';
  const { name, severity, since } = gravest;
  const text = `${about === null ? '' : `${about} `}${name} (${severity}, ${span(now - since)})`;
  if (others.length === 0) return text;
  return `${text} and ${others.length} that ${others.length === 1 ? 'follows' : 'follow'} from it`;
}

/** Writes the cures of those that need somebody, or of the worst of the others. */
function hints(status: Status, { width, colour, now }: ViewOptions): string[] {
  const servers = new Set(status.servers.map(({ name }) => name));
  const troubles = troublesOf(status, now).filter(({ about }) => about !== null && servers.has(about));
  const urgent = troubles.filter(({ group }) => group === 'needs_you');
  const others = troubles.filter(({ group, severity }) => group === 'handled' && severity !== 'info');
  const told = urgent.length > 0 ? urgent.slice(0, MAX_HINTS) : others.slice(0, 1);
  const more = urgent.length - told.length;
  const lines = told.map(
    ({ about, cure }) => `hint: ${about}: ${cure ?? `mcp-watchdog status ${about} shows more`}`,
  );
  if (urgent.length > 0 && more > 0) lines.push(`and ${more} more: mcp-watchdog monitor`);
  // A cure that is cut is none.
  const painted = lines.flatMap((line) =>
    wrap(neutralise(line), width, HINT_LINES).map((part) => paint(part, 'yellow', colour)),
  );
  return painted.length === 0 ? [] : ['', ...painted];
}

const MAX_HINTS = 5;
/** Lines that a cure takes at most, on a terminal of 40 columns. */
const HINT_LINES = 4;

/** Columns that a name keeps while others leave: it never pushes the state away. */
const NAME = 20;

// The less a column says about health, the earlier it leaves.
function columns(now: number): Column<ServerStatus>[] {
  return [
    {
      title: 'SERVER',
      shrinksTo: NAME,
      isCutInside: true,
      cell: ({ name }) => ({ text: name, style: 'bold' }),
    },
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
