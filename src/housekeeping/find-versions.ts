// Search for removable versions: keeps the current one, two more, and those that an update or a process uses.
import { readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KeptItem } from '../core/model/cleanup-report.ts';
import { MANAGER_FACTS } from '../core/model/package.ts';
import { SERVER_NAME } from '../core/model/server-spec.ts';
import {
  type CleanupSearch,
  type CleanupCandidate,
  type CleanupContext,
  isRemovedServer,
} from './cleanup-context.ts';
import { REMOVED_SERVER_KEPT_FOR, UNFINISHED_AFTER, VERSIONS_KEPT } from './retention.ts';
import { type HomeEntry, entryAt, listEntries } from './home-entries.ts';

/** Tells whether the installer made the folder; others come from a user and are never removed. */
const isVersionFolder = (name: string): boolean =>
  Object.values(MANAGER_FACTS).some(({ versionFolder }) => versionFolder.test(name));

const LEFTOVER = /^\.tmp-/;

/**
 * Finds removable versions and unfinished installations of all servers.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE: then no version may be removed
 */
export async function findVersions(context: CleanupContext): Promise<CleanupSearch> {
  const { home, servers } = context.paths;
  const folders = (await listEntries(home, servers)).filter(
    ({ name, kind }) => kind === 'folder' && SERVER_NAME.test(name),
  );
  if (folders.length === 0) return { found: [], spared: [] };
  const inUse = await context.inUse();
  const all = await Promise.all(folders.map((folder) => findInServer(folder, inUse, context)));
  return { found: all.flatMap(({ found }) => found), spared: all.flatMap(({ spared }) => spared) };
}

async function findInServer(
  server: HomeEntry,
  inUse: ReadonlySet<string>,
  context: CleanupContext,
): Promise<CleanupSearch> {
  const { home } = context.paths;
  const inside = await listEntries(home, server.path);
  const installed = await listEntries(home, join(server.path, 'versions'));
  const versions = installed.filter(({ name, kind }) => kind === 'folder' && isVersionFolder(name));
  const leftovers = [...inside, ...installed].filter(
    ({ name, changedAt }) => LEFTOVER.test(name) && context.now - changedAt > UNFINISHED_AFTER,
  );
  const removable = await findRemovable(server, versions, context);
  const found: CleanupCandidate[] = leftovers.map((entry) => ({ kind: 'leftover', entry }));
  const spared: KeptItem[] = [];
  for (const entry of removable) {
    const why = reasonInUse(server.name, { version: entry.name, versions, inUse, context });
    if (why !== null) spared.push({ path: entry.path, why });
    else
      found.push({
        kind: 'version',
        entry,
        whyKept: () => reasonKeptNow(server, { entry, versions, context }),
      });
  }
  return { found, spared };
}

/** All versions of a server removed long ago; else all but `current`, those that updates need, and the ones installed last. */
async function findRemovable(
  server: HomeEntry,
  versions: readonly HomeEntry[],
  context: CleanupContext,
): Promise<readonly HomeEntry[]> {
  if (isRemovedServer(context, server.name))
    return (await wasRemovedLongAgo(server, context)) ? versions : [];
  const current = await currentOf(server);
  const others = versions.filter(({ name }) => name !== current);
  const free = others.filter((entry) => !isKept(entry, context.keep(server.name)));
  // Without a current one, the newest counts in its place.
  const kept = (current === null ? VERSIONS_KEPT + 1 : VERSIONS_KEPT) - (others.length - free.length);
  return free.sort((one, other) => other.changedAt - one.changedAt).slice(Math.max(0, kept));
}

/** A version reinstalled beside a damaged one is called `1.2.0~` plus a suffix. */
function isKept({ name }: HomeEntry, isNeeded: (version: string) => boolean): boolean {
  return isNeeded(name.split('~')[0] ?? name);
}

/** The log of a server grows as long as it runs, so its change time tells when the server last ran. */
async function wasRemovedLongAgo(server: HomeEntry, { paths, now }: CleanupContext): Promise<boolean> {
  const log = `${server.name}.log`;
  const entries = await Promise.all([
    entryAt(join(server.path, 'versions'), 'versions'),
    entryAt(join(paths.serverLogs, log), log),
  ]);
  const latest = Math.max(server.changedAt, ...entries.map((entry) => entry?.changedAt ?? 0));
  return now - latest > REMOVED_SERVER_KEPT_FOR;
}

async function currentOf(server: HomeEntry): Promise<string | null> {
  const target = await readlink(join(server.path, 'current')).catch(() => null);
  return target === null ? null : basename(target);
}

interface VersionUse {
  readonly version: string;
  readonly versions: readonly HomeEntry[];
  readonly inUse: ReadonlySet<string>;
  readonly context: CleanupContext;
}

function reasonInUse(server: string, { version, versions, inUse, context }: VersionUse): string | null {
  if (isMentioned(`${server}/versions/${version}`, inUse)) return 'a process runs from it';
  if (isMentioned(`${server}/current`, inUse))
    return 'a process runs from what was the current version when it started';
  const isMentionedAnywhere = versions.some(({ name }) => isMentioned(`${server}/versions/${name}`, inUse));
  // A process may overwrite its command line, which then no longer shows its version.
  return context.running.has(server) && !isMentionedAnywhere
    ? 'its server runs, and its command line does not show which version'
    : null;
}

/** True when a command line mentions the path; `1.2.0-beta` does not mention `1.2.0`. */
function isMentioned(path: string, inUse: ReadonlySet<string>): boolean {
  return [...inUse].some((rest) => rest.startsWith(path) && !/^[\w.+~!-]/.test(rest.slice(path.length)));
}

/** Repeats the checks right before the removal: a server may have started, or `current` moved, since the search. */
async function reasonKeptNow(
  server: HomeEntry,
  { entry, versions, context }: { entry: HomeEntry; versions: readonly HomeEntry[]; context: CleanupContext },
): Promise<string | null> {
  if ((await currentOf(server)) === entry.name && !isRemovedServer(context, server.name))
    return 'it has become the current version';
  if (isKept(entry, context.keep(server.name))) return 'an update now needs it';
  return reasonInUse(server.name, { version: entry.name, versions, inUse: await context.inUse(), context });
}
