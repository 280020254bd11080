// Servers by whose turn it is, the worst first, and what a filter leaves of them.
import type { TroubleGroup } from '../../core/status/troubles.ts';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';

const GROUPS = [
  { group: 'needs_you', title: 'Needs you', hint: 'It does not heal by itself' },
  { group: 'handled', title: 'Handled by the watchdog', hint: 'Nothing to do for you' },
  { group: 'healthy', title: 'Healthy', hint: '' },
  { group: 'off', title: 'Off', hint: '' },
] as const satisfies readonly { group: TroubleGroup; title: string; hint: string }[];

export interface ServerGroup {
  readonly group: TroubleGroup;
  readonly title: string;
  readonly hint: string;
  readonly servers: readonly PageServer[];
}

/** Groups those that fit the filter: in a group with troubles in their order, else in that of the config. */
export function groupServers({ servers, troubles }: PageStatus, filter: string): readonly ServerGroup[] {
  const ranks = new Map(troubles.map(({ about }, index) => [about, index]));
  const rank = ({ name }: PageServer): number => ranks.get(name) ?? troubles.length;
  const fitting = filter === '' ? servers : servers.filter((server) => fits(server, filter));
  return GROUPS.map((group) => ({
    ...group,
    servers: fitting.filter((server) => server.group === group.group).toSorted((a, b) => rank(a) - rank(b)),
  })).filter(({ servers: inside }) => inside.length > 0);
}

/** True when all words of the filter stand in its name, package, state, address or version. */
export function fits(server: PageServer, filter: string): boolean {
  const { name, package: packageId, state, version, url } = server;
  const text = [name, packageId, state.replaceAll('_', ' '), version, url]
    .filter((part) => part !== null)
    .join(' ')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word));
}

/** What is wrong with each server, in one line. */
export function causesOf({ troubles }: PageStatus): ReadonlyMap<string, string> {
  return new Map(
    troubles.flatMap(({ about, root }) => (about === null ? [] : [[about, root] as const])).toReversed(),
  );
}

/** Counts what needs a person: servers, and troubles of the watchdog itself. */
export function countNeeds({ servers, troubles }: PageStatus): {
  readonly servers: number;
  readonly own: number;
} {
  return {
    servers: servers.filter(({ group }) => group === 'needs_you').length,
    own: troubles.filter(({ about, group }) => about === null && group === 'needs_you').length,
  };
}

/** Writes the headline: `3 of 12 servers need you`, `All 12 servers are healthy`; in the past tense of a daemon that is gone. */
export function headlineOf(status: PageStatus, isPast: boolean): string {
  const { servers } = status;
  const needs = countNeeds(status);
  const handled = servers.filter(({ group }) => group === 'handled').length;
  const off = servers.filter(({ group }) => group === 'off').length;
  const verb = (count: number, [one, many, past]: readonly [string, string, string]): string =>
    isPast ? past : count === 1 ? one : many;
  if (needs.servers > 0)
    return servers.length === 1
      ? `The server ${verb(1, ['needs', 'need', 'needed'])} you`
      : `${needs.servers} of ${servers.length} servers ${verb(needs.servers, ['needs', 'need', 'needed'])} you`;
  if (needs.own > 0) return `The watchdog ${verb(1, ['needs', 'need', 'needed'])} you`;
  if (handled > 0)
    return `Nothing ${verb(1, ['needs', 'need', 'needed'])} you: ${handled} of ${servers.length} ${verb(handled, ['is', 'are', handled === 1 ? 'was' : 'were'])} handled by the watchdog`;
  const running = servers.length - off;
  if (running === 0) return `All servers ${isPast ? 'were' : 'are'} off`;
  if (servers.length === 1) return `The server ${isPast ? 'was' : 'is'} healthy`;
  const all = off > 0 ? `All ${running} servers that should run` : `All ${running} servers`;
  return `${all} ${isPast ? 'were' : 'are'} healthy`;
}
