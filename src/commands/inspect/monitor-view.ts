// Screen of `monitor`: the daemon in one line, a row for each server, recent changes and the keys.
import type { Status } from '../../core/model/status.ts';
import { countTroubles, headline } from '../../core/status/troubles.ts';
import { uptime } from '../../core/base/format.ts';
import type { StatusChange } from './status-changes.ts';
import { statusTable } from '../views/status-table.ts';
import { fit, paint, timeOfDay, type ViewOptions } from '../views/style.ts';

/** Change with the time at which it was seen, ms since the epoch. */
export interface TimedChange extends StatusChange {
  readonly at: number;
}

export interface MonitorState {
  readonly status: Status;
  /** Oldest first. */
  readonly changes: readonly TimedChange[];
  readonly isPaused: boolean;
  /** Time at which the daemon went away, ms since the epoch; null while it is connected. */
  readonly disconnectedAt: number | null;
}

/** Writes at most `rows` lines, with as many changes as fit, newest last. */
export function monitorView(state: MonitorState, options: ViewOptions & { readonly rows: number }): string[] {
  const { width, colour, rows } = options;
  const top = [header(state, options), '', ...statusTable(state.status, options), ''];
  const foot = paint(fit(`q quits, p ${state.isPaused ? 'resumes' : 'pauses'}`, width), 'dim', colour);
  const room = rows - top.length - 1;
  const changes = room <= 0 ? [] : state.changes.slice(-room).map((one) => changeLine(one, options));
  const space = Array.from({ length: Math.max(0, room - changes.length) }, () => '');
  return [...top.slice(0, Math.max(1, rows - 1)), ...changes, ...space, foot].slice(0, rows);
}

function header(
  { status, isPaused, disconnectedAt: lostAt }: MonitorState,
  { width, colour, now }: ViewOptions,
): string {
  const { daemon, servers } = status;
  if (lostAt !== null) {
    const text = `No daemon since ${timeOfDay(lostAt)}; reconnecting until it is back`;
    return paint(fit(text, width), 'red', colour);
  }
  const counts = countTroubles(status, now);
  const facts = [
    `mcp-watchdog ${daemon.version}`,
    `up ${uptime(now - daemon.startedAt)}`,
    ...(servers.length === 0 ? ['no servers'] : [headline(counts)]),
    ...(daemon.alerts.length > 0
      ? [`${daemon.alerts.length} ${daemon.alerts.length === 1 ? 'alert' : 'alerts'}`]
      : []),
    ...(daemon.orphans !== null && daemon.orphans > 0 ? [`${daemon.orphans} orphans`] : []),
    ...(daemon.listen === null ? [] : [daemon.listen]),
    ...(isPaused ? ['paused'] : []),
  ];
  const style =
    isPaused || (counts.needs_you === 0 && counts.handled > 0)
      ? 'yellow'
      : counts.needs_you === 0
        ? 'green'
        : 'red';
  return paint(fit(facts.join('   '), width), style, colour);
}

function changeLine({ at, text, style }: TimedChange, { width, colour }: ViewOptions): string {
  return paint(fit(`${timeOfDay(at)} ${text}`, width), style, colour);
}
