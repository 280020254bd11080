// Which installed versions can go: not the current one and two more, none that an update needs or a process runs from.
import { readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KeptItem } from '../core/model/cleanup-report.ts';
import { SERVER_NAME } from '../core/model/server-spec.ts';
import {
  type CleanupSearch,
  type CleanupCandidate,
  type CleanupContext,
  isForgotten,
} from './cleanup-context.ts';
import { FORGOTTEN_AFTER, UNFINISHED_AFTER, VERSIONS_KEPT } from './retention.ts';
import { type HomeEntry, entryAt, listEntries } from './home-entries.ts';

/** What the installer gives its folders; anything else was put there by somebody else. */
const VERSION = /^\d+\.\d+\.\d+[\w.+~-]*$/;

const LEFTOVER = /^\.tmp-/;

/** @throws WatchdogError PROCESS_TABLE_UNREADABLE: then no version may go */
export async function findVersions(facts: CleanupContext): Promise<CleanupSearch> {
  const { home, servers } = facts.paths;
  const folders = (await listEntries(home, servers)).filter(
    ({ name, kind }) => kind === 'folder' && SERVER_NAME.test(name),
  );
  if (folders.length === 0) return { found: [], spared: [] };
  const inUse = await facts.inUse();
  const all = await Promise.all(folders.map((folder) => findInServer(folder, inUse, facts)));
  return { found: all.flatMap(({ found }) => found), spared: all.flatMap(({ spared }) => spared) };
}

async function findInServer(
  server: HomeEntry,
  inUse: ReadonlySet<string>,
  facts: CleanupContext,
): Promise<CleanupSearch> {
  const { home } = facts.paths;
  const inside = await listEntries(home, server.path);
  const installed = await listEntries(home, join(server.path, 'versions'));
  const versions = installed.filter(({ name, kind }) => kind === 'folder' && VERSION.test(name));
  const leftovers = [...inside, ...installed].filter(
    ({ name, changedAt }) => LEFTOVER.test(name) && facts.now - changedAt > UNFINISHED_AFTER,
  );
  const dispensable = await findDispensable(server, versions, facts);
  const found: CleanupCandidate[] = leftovers.map((entry) => ({ kind: 'leftover', entry }));
  const spared: KeptItem[] = [];
  for (const entry of dispensable) {
    const why = whyUsed(server.name, { version: entry.name, versions, inUse, facts });
    if (why !== null) spared.push({ path: entry.path, why });
    else
      found.push({ kind: 'version', entry, whyKept: () => whyKeptNow(server, { entry, versions, facts }) });
  }
  return { found, spared };
}

/** Of a server that nobody knows any more, all; else all but `current`, what updates need, and the ones installed last. */
async function findDispensable(
  server: HomeEntry,
  versions: readonly HomeEntry[],
  facts: CleanupContext,
): Promise<readonly HomeEntry[]> {
  if (isForgotten(facts, server.name)) return (await isLongForgotten(server, facts)) ? versions : [];
  const current = await currentOf(server);
  const others = versions.filter(({ name }) => name !== current);
  const free = others.filter((entry) => !isKept(entry, facts.keep(server.name)));
  // Without a current one, the newest of them takes its place.
  const kept = (current === null ? VERSIONS_KEPT + 1 : VERSIONS_KEPT) - (others.length - free.length);
  return free.sort((one, other) => other.changedAt - one.changedAt).slice(Math.max(0, kept));
}

/** A version that was installed anew beside a damaged one is called `1.2.0~` and something. */
function isKept({ name }: HomeEntry, kept: readonly string[]): boolean {
  return kept.includes(name.split('~')[0] ?? name);
}

/** The log is written as long as a server runs: its last line tells when that ended. */
async function isLongForgotten(server: HomeEntry, { paths, now }: CleanupContext): Promise<boolean> {
  const log = `${server.name}.log`;
  const signs = await Promise.all([
    entryAt(join(server.path, 'versions'), 'versions'),
    entryAt(join(paths.serverLogs, log), log),
  ]);
  const latest = Math.max(server.changedAt, ...signs.map((sign) => sign?.changedAt ?? 0));
  return now - latest > FORGOTTEN_AFTER;
}

async function currentOf(server: HomeEntry): Promise<string | null> {
  const target = await readlink(join(server.path, 'current')).catch(() => null);
  return target === null ? null : basename(target);
}

interface Use {
  readonly version: string;
  readonly versions: readonly HomeEntry[];
  readonly inUse: ReadonlySet<string>;
  readonly facts: CleanupContext;
}

function whyUsed(server: string, { version, versions, inUse, facts }: Use): string | null {
  if (isMentioned(`${server}/versions/${version}`, inUse)) return 'a process runs from it';
  if (isMentioned(`${server}/current`, inUse))
    return 'a process runs from the current version, whichever that was';
  const isSeen = versions.some(({ name }) => isMentioned(`${server}/versions/${name}`, inUse));
  // It may have overwritten its command line: then nothing shows from which version it runs.
  return facts.running.has(server) && !isSeen
    ? 'its server runs, and does not show from which version'
    : null;
}

/** `1.2.0` is not mentioned by `1.2.0-beta`. */
function isMentioned(path: string, inUse: ReadonlySet<string>): boolean {
  return [...inUse].some((rest) => rest.startsWith(path) && !/^[\w.+~-]/.test(rest.slice(path.length)));
}

/** A server may have been started, or `current` moved, since the first look. */
async function whyKeptNow(
  server: HomeEntry,
  { entry, versions, facts }: { entry: HomeEntry; versions: readonly HomeEntry[]; facts: CleanupContext },
): Promise<string | null> {
  if ((await currentOf(server)) === entry.name && !isForgotten(facts, server.name))
    return 'it is the current version by now';
  if (isKept(entry, facts.keep(server.name))) return 'an update needs it by now';
  return whyUsed(server.name, { version: entry.name, versions, inUse: await facts.inUse(), facts });
}
