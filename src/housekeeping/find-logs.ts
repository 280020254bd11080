// Search for log files beyond the configured number, or of servers removed long ago.
import { basename, dirname } from 'node:path';
import {
  type CleanupSearch,
  type CleanupCandidate,
  type CleanupContext,
  isRemovedServer,
} from './cleanup-context.ts';
import { REMOVED_SERVER_KEPT_FOR, OWN_LOGS_KEPT } from './retention.ts';
import { type HomeEntry, listEntries } from './home-entries.ts';

/** Default of the config, for servers that it does not name. */
const DEFAULT_LOGS_KEPT = 5;

/** Finds surplus logs of servers. */
export async function findServerLogs(facts: CleanupContext): Promise<CleanupSearch> {
  const entries = await listEntries(facts.paths.home, facts.paths.serverLogs);
  return { found: entries.flatMap((entry) => judgeServerLog(entry, facts)), spared: [] };
}

function judgeServerLog(entry: HomeEntry, facts: CleanupContext): CleanupCandidate[] {
  const log = parseLogName(entry);
  if (log === null) return [];
  if (isRemovedServer(facts, log.server)) {
    return facts.now - entry.changedAt > REMOVED_SERVER_KEPT_FOR ? [{ kind: 'old_log', entry }] : [];
  }
  const kept = facts.servers?.get(log.server) ?? DEFAULT_LOGS_KEPT;
  return log.age > kept ? [{ kind: 'log', entry }] : [];
}

/** Splits a log name: `a.log` has age 0, `a.log.3` age 3; a server name may itself contain `.log`. */
function parseLogName({ name, kind }: HomeEntry): { server: string; age: number } | null {
  const [, server, age = '0'] = /^(.+)\.log(?:\.([1-9]\d{0,5}))?$/.exec(name) ?? [];
  return server === undefined || kind !== 'file' ? null : { server, age: Number(age) };
}

/** Finds surplus rotated files of the daemon's log and of the journal. */
export async function findOwnLogs({ paths }: CleanupContext): Promise<CleanupSearch> {
  const [logs, journals] = await Promise.all([
    findRotated(paths.home, paths.watchdogLog),
    findRotated(paths.home, paths.journal),
  ]);
  return {
    found: [
      ...logs.map((entry) => ({ kind: 'log', entry }) as const),
      ...journals.map((entry) => ({ kind: 'journal', entry }) as const),
    ],
    spared: [],
  };
}

async function findRotated(home: string, path: string): Promise<HomeEntry[]> {
  const start = `${basename(path)}.`;
  const entries = await listEntries(home, dirname(path));
  return entries.filter(({ name, kind }) => {
    const age = name.startsWith(start) ? name.slice(start.length) : '';
    return kind === 'file' && /^[1-9]\d{0,5}$/.test(age) && Number(age) > OWN_LOGS_KEPT;
  });
}
