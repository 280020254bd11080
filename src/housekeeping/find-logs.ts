// Which log files nobody will ask for any more: beyond what is kept, or of a server that is long gone.
import { basename, dirname } from 'node:path';
import {
  type CleanupSearch,
  type CleanupCandidate,
  type CleanupContext,
  isForgotten,
} from './cleanup-context.ts';
import { FORGOTTEN_AFTER, OWN_LOGS_KEPT } from './retention.ts';
import { type HomeEntry, listEntries } from './home-entries.ts';

/** Kept when nobody says how many: the default of the config. */
const LOGS_KEPT = 5;

export async function findServerLogs(facts: CleanupContext): Promise<CleanupSearch> {
  const entries = await listEntries(facts.paths.home, facts.paths.serverLogs);
  return { found: entries.flatMap((entry) => judgeServerLog(entry, facts)), spared: [] };
}

function judgeServerLog(entry: HomeEntry, facts: CleanupContext): CleanupCandidate[] {
  const log = parseLogName(entry);
  if (log === null) return [];
  if (isForgotten(facts, log.server)) {
    return facts.now - entry.changedAt > FORGOTTEN_AFTER ? [{ kind: 'old-log', entry }] : [];
  }
  const kept = facts.servers?.get(log.server) ?? LOGS_KEPT;
  return log.age > kept ? [{ kind: 'log', entry }] : [];
}

/** `a.log` is of age 0, `a.log.3` of age 3; a server's name may itself hold `.log`. */
function parseLogName({ name, kind }: HomeEntry): { server: string; age: number } | null {
  const [, server, age = '0'] = /^(.+)\.log(?:\.([1-9]\d{0,5}))?$/.exec(name) ?? [];
  return server === undefined || kind !== 'file' ? null : { server, age: Number(age) };
}

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
