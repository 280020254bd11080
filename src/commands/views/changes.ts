// What changed since the last status, for readers without a terminal: one line per server and change.
import type { ServerStatus, Status } from '../../core/status.ts';
import { healthWord, reasonOf, stateWord } from '../../core/verdict.ts';
import type { ViewOptions } from './status-table.ts';

/** The first status is news throughout; the returned function remembers what it has said. */
export function createChangePrinter(): (status: Status, options: ViewOptions) => string[] {
  let said = new Map<string, string>();
  return ({ servers }, { now }) => {
    const before = said;
    said = new Map(servers.map((server) => [server.name, summary(server)]));
    const changed = servers.filter(({ name }) => before.get(name) !== said.get(name));
    const removed = [...before.keys()].filter((name) => !said.has(name));
    return [
      ...changed.map((server) => `${stamp(now)} ${summary(server)}${because(reasonOf(server, now))}`),
      ...removed.map((name) => `${stamp(now)} ${name}: removed`),
    ];
  };
}

function summary(server: ServerStatus): string {
  const pid = server.pid === null ? '' : `, pid ${server.pid}`;
  const health = server.health.up === null ? '' : `, ${healthWord(server)}`;
  return `${server.name}: ${stateWord(server)}${health}${pid}`;
}

function because(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}

function stamp(now: number): string {
  return new Date(now).toISOString();
}
