// Changes between two statuses, one line per server and change.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { describePhase } from '../../core/update/update-text.ts';
import { healthLabel, isHealthy, statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import { localTime } from '../../logs/log-entry.ts';
import type { Style, ViewOptions } from '../views/style.ts';

/** One change, as a line without a time. */
export interface StatusChange {
  readonly text: string;
  readonly style: Style | undefined;
}

/** Creates a function that writes the changes since the status before, each with its time. The first status counts as changed throughout. */
export function createChangePrinter(): (status: Status, options: ViewOptions) => string[] {
  const find = createStatusDiff();
  return (status, { now }) => find(status, now).map(({ text }) => `${localTime(now)} ${text}`);
}

/** Creates a function that finds the changes since the status before. */
export function createStatusDiff(): (status: Status, now: number) => StatusChange[] {
  let current = new Map<string, string>();
  return ({ servers }, now) => {
    const before = current;
    current = new Map(servers.map((server) => [server.name, fingerprint(server)]));
    const changed = servers.filter(({ name }) => before.get(name) !== current.get(name));
    const removed = [...before.keys()].filter((name) => !current.has(name));
    return [
      ...changed.map((server) => ({
        text: `${summary(server)}${because(statusSummary(server, now))}`,
        style: isHealthy(server) ? undefined : ('yellow' as const),
      })),
      ...removed.map((name) => ({ text: `${name}: removed`, style: undefined })),
    ];
  };
}

function summary(server: ServerStatus): string {
  const pid = server.pid === null ? '' : `, pid ${server.pid}`;
  const health = server.health.up === null ? '' : `, ${healthLabel(server)}`;
  return `${server.name}: ${stateLabel(server)}${health}${pid}`;
}

/** Writes what must differ for a change: the summary and the phase of the update, which is shown as the reason. */
function fingerprint(server: ServerStatus): string {
  const { progress = null, memory } = server.update ?? {};
  const phase =
    progress === null ? `${memory?.last?.at ?? ''}` : describePhase({ ...progress, detail: null });
  return `${summary(server)} ${phase}`;
}

function because(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}
