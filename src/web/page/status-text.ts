// Status as plain text at `/status.txt`: for curl, and for browsers without JavaScript.
import { cpu, latency, size, span, uptime } from '../../core/base/format.ts';
import { neutralise } from '../../core/base/text.ts';
import { describeDelivery } from '../../core/delivery/delivery.ts';
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { DaemonStatus, ServerStatus, Status } from '../../core/model/status.ts';
import {
  configRefusal,
  describeUnsaved,
  healthLabel,
  latestProbe,
  restartsOf,
  statusSummary,
} from '../../core/status/health-summary.ts';
import { stateWords } from '../../core/status/state-words.ts';
import { countTroubles, headline, troublesOf, type Trouble } from '../../core/status/troubles.ts';
import { updateFacts } from '../../core/update/update-facts.ts';
import { versionColumn } from '../../core/update/update-text.ts';

/** Writes the headline, the troubles with their cures, a line for each server, and what is known of versions. */
export function statusText(status: Status, now: number): string {
  const { daemon, servers } = status;
  const lines = [
    summary(status, now),
    ...notices(daemon, now),
    ...troublesOf(status, now).flatMap((trouble) => troubleLines(trouble, now)),
    '',
    ...table([HEADS, ...servers.map((server) => cells(server, now))]),
    ...versions(servers, now),
    '',
    `${describeDelivery(daemon.delivery)}.`,
    `mcp-watchdog ${daemon.version}, process ${daemon.pid}, running for ${uptime(now - daemon.startedAt)}`,
  ];
  return `${lines.map((line) => neutralise(line).trimEnd()).join('\n')}\n`;
}

function summary(status: Status, now: number): string {
  const counts = countTroubles(status, now);
  const text = headline(counts);
  if (status.servers.length === 0) return counts.needs_you === 0 ? NO_SERVER : `${text}. ${NO_SERVER}`;
  return text;
}

const NO_SERVER = 'No server is configured';

function notices({ config, braked, unsaved }: DaemonStatus, now: number): string[] {
  return [
    ...(config.ok || config.error === null ? [] : [configRefusal(config)]),
    ...(unsaved === undefined ? [] : [describeUnsaved(unsaved, now)]),
    ...(braked ? ['Many servers fail at once: restarts by probes are held back.'] : []),
  ];
}

function troubleLines({ about, group, root, cure, alerts, since }: Trouble, now: number): string[] {
  const names = alerts.map(({ name }) => name).join(', ');
  const told = names === '' ? '' : ` (${names}, for ${span(now - since)})`;
  return [
    `${group === 'needs_you' ? '!' : '-'} ${about ?? 'the watchdog'}: ${root}${told}`,
    ...(cure === null ? [] : [`  what to do: ${cure}`]),
  ];
}

const HEADS = [
  'SERVER',
  'STATE',
  'HEALTH',
  'PROBE',
  'VERSION',
  'PID',
  'UPTIME',
  'MEMORY',
  'CPU',
  'RESTARTS',
  'REASON',
];

function cells(server: ServerStatus, now: number): string[] {
  const { name, startedAt, usage, pid } = server;
  const took = latestProbe(server)?.took ?? null;
  return [
    name,
    stateWords(server),
    healthLabel(server),
    took === null ? UNKNOWN : latency(took),
    versionColumn(server) || UNKNOWN,
    pid === null ? UNKNOWN : String(pid),
    startedAt === null ? UNKNOWN : uptime(now - startedAt),
    usage === null ? UNKNOWN : size(usedMemory(usage)),
    typeof usage?.cpuCores === 'number' ? cpu(usage.cpuCores) : UNKNOWN,
    String(restartsOf(server)),
    statusSummary(server, now),
  ];
}

const UNKNOWN = '–';

/** Pads the columns, but for the last; a line break in a cell is none here. */
function table(rows: readonly (readonly string[])[]): string[] {
  const safe = rows.map((row) => row.map((cell) => neutralise(cell.replaceAll(/\s+/gu, ' '))));
  const widths = HEADS.map((_, column) => Math.max(...safe.map((row) => (row[column] ?? '').length)));
  return safe.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

function versions(servers: readonly ServerStatus[], now: number): string[] {
  const known = servers.flatMap((server) =>
    updateFacts(server, now)
      .filter(({ label }) => label !== 'asked')
      .map(({ label, text }) => `${server.name}  ${label}: ${text}`),
  );
  return known.length === 0 ? [] : ['', 'VERSIONS', ...known];
}
