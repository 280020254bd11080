// Status as plain text at `/status.txt`: for curl, and for browsers without JavaScript.
import { latency, size, uptime } from '../../core/base/format.ts';
import { neutralise } from '../../core/base/text.ts';
import { describeDelivery } from '../../core/delivery/delivery.ts';
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import {
  healthLabel,
  latestProbe,
  restartsOf,
  stateLabel,
  statusSummary,
} from '../../core/status/health-summary.ts';
import { countTroubles, headline, troublesOf } from '../../core/status/troubles.ts';
import { versionColumn } from '../../core/update/update-text.ts';

/** Writes the headline, the troubles with their cures, and a line for each server. */
export function statusText(status: Status, now: number): string {
  const { daemon, servers } = status;
  const troubles = troublesOf(status, now).flatMap(({ about, root, cure }) => [
    `! ${about ?? 'the watchdog'}: ${root}`,
    ...(cure === null ? [] : [`  -> ${cure}`]),
  ]);
  const text = [
    summary(status, now),
    ...troubles,
    '',
    ...table([HEADS, ...servers.map((server) => cells(server, now))]),
    '',
    `${describeDelivery(daemon.delivery)}.`,
    `mcp-watchdog ${daemon.version}, process ${daemon.pid}, running for ${uptime(now - daemon.startedAt)}`,
  ];
  return `${text.map((line) => neutralise(line).trimEnd()).join('\n')}\n`;
}

function summary(status: Status, now: number): string {
  if (status.servers.length === 0) return 'No server is configured';
  return headline(countTroubles(status, now));
}

const HEADS = ['SERVER', 'STATE', 'HEALTH', 'PROBE', 'VERSION', 'UPTIME', 'MEMORY', 'RESTARTS', 'REASON'];

function cells(server: ServerStatus, now: number): string[] {
  const { name, startedAt, usage } = server;
  const took = latestProbe(server)?.took ?? null;
  return [
    name,
    stateLabel(server),
    healthLabel(server),
    took === null ? '–' : latency(took),
    versionColumn(server) || '–',
    startedAt === null ? '–' : uptime(now - startedAt),
    usage === null ? '–' : size(usedMemory(usage)),
    String(restartsOf(server)),
    statusSummary(server, now),
  ];
}

/** Pads the columns, but for the last. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}
