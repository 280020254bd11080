// Status after a message of the stream: changed servers replaced, removed ones gone, the others the same objects as before; and what differs of it.
import type { PageStatus } from '../../core/status/page-status.ts';
import type { StatusChanges } from './wire.ts';

/** Applies what changed; what it leaves out stays. */
export function applyChanges(status: PageStatus, changes: StatusChanges): PageStatus {
  const changed = new Map(changes.servers.map((server) => [server.name, server]));
  const known = status.servers.map((server) => changed.get(server.name) ?? server);
  const before = new Set(status.servers.map(({ name }) => name));
  const all = [...known, ...changes.servers.filter(({ name }) => !before.has(name))];
  return {
    daemon: changes.daemon ?? status.daemon,
    servers: changes.order === undefined ? all : inOrder(all, changes.order),
    troubles: changes.troubles ?? status.troubles,
  };
}

/** Servers that differ, where everybody kept the place: the same names and groups in the same order, and the same troubles; else null. */
export function changedInPlace(before: PageStatus, after: PageStatus): PageStatus['servers'] | null {
  if (before.troubles !== after.troubles || before.servers.length !== after.servers.length) return null;
  const changed: PageStatus['servers'][number][] = [];
  for (const [index, server] of after.servers.entries()) {
    const known = before.servers[index];
    if (known === server) continue;
    if (known?.name !== server.name || known.group !== server.group) return null;
    changed.push(server);
  }
  return changed;
}

function inOrder(servers: PageStatus['servers'], order: readonly string[]): PageStatus['servers'] {
  const byName = new Map(servers.map((server) => [server.name, server]));
  return order.flatMap((name) => byName.get(name) ?? []);
}
