// What changed since the last status, for readers without a terminal: one line per server and change.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { describePhase } from '../../core/update/update-text.ts';
import { healthLabel, isHealthy, statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import type { Style, ViewOptions } from '../views/style.ts';

/** One thing that changed, in one line without a time. */
export interface StatusChange {
  readonly text: string;
  readonly style: Style | undefined;
}

/** The first status is news throughout; the returned function remembers what it has said. */
export function createChangePrinter(): (status: Status, options: ViewOptions) => string[] {
  const find = createStatusDiff();
  return (status, { now }) => find(status, now).map(({ text }) => `${stamp(now)} ${text}`);
}

/** As `createChangePrinter`, for who writes the lines. */
export function createStatusDiff(): (status: Status, now: number) => StatusChange[] {
  let said = new Map<string, string>();
  return ({ servers }, now) => {
    const before = said;
    said = new Map(servers.map((server) => [server.name, gist(server)]));
    const changed = servers.filter(({ name }) => before.get(name) !== said.get(name));
    const removed = [...before.keys()].filter((name) => !said.has(name));
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

/** What makes a status news: what is told of it, and how its update stands, which is told as the reason. */
function gist(server: ServerStatus): string {
  const { progress = null, memory } = server.update ?? {};
  const phase =
    progress === null ? `${memory?.last?.at ?? ''}` : describePhase({ ...progress, detail: null });
  return `${summary(server)} ${phase}`;
}

function because(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}

function stamp(now: number): string {
  return new Date(now).toISOString();
}
