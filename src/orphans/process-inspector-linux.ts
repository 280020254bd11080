// Process inspector of Linux: small files below /proc, no program is started.
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OrphanParent } from '../core/orphans/orphans.ts';
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';
import { stdinStateOf } from './stdin-peer-linux.ts';
import type { ProcessInspector, ProcessSnapshot, SessionFacts } from './process-inspector.ts';
import { listeningOf } from './listening-sockets-linux.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/** Processes read between two turns of the event loop. */
const CHUNK = 100;

/** The unit of start times in /proc, the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export const linux: ProcessInspector = {
  readCommands,
  parentOf,
  ageOf: ({ startToken }) => {
    const age = uptime() * 1000 - (Number(startToken) / TICKS_PER_SECOND) * 1000;
    return Number.isFinite(age) ? age : null;
  },
  sessionFactsOf: (row, snapshot) => Promise.resolve(standingOf(row, snapshot)),
  environmentOf,
  async channelsOf(pid, tree, snapshot) {
    const input = await stdinStateOf(pid, tree, snapshot.commands.keys());
    return { input, ...listeningOf(pid) };
  },
};

async function readCommands(rows: readonly ProcessRow[]): Promise<Map<number, readonly string[]>> {
  const commands = new Map<number, readonly string[]>();
  const user = process.getuid?.();
  for (const [index, { pid, state }] of rows.entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    if (state !== 'alive' || ownerOf(pid) !== user) continue;
    // A title that a program gave itself is padded with NULs.
    const text = readFileOrNull(`/proc/${pid}/cmdline`)?.replace(/\0+$/u, '') ?? '';
    if (text !== '') commands.set(pid, text.split('\0'));
  }
  return commands;
}

function ownerOf(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return null;
  }
}

/** Compares sessions: one is inherited, or made by a process for itself, so a process in another one had another parent. */
function parentOf(row: ProcessRow, { rows, commands }: ProcessSnapshot): OrphanParent {
  const parent = rows.find(({ pid }) => pid === row.ppid);
  const session = sessionOf(row.pid)?.session;
  const theirs = sessionOf(row.ppid)?.session;
  if (parent === undefined || session === undefined || theirs === undefined || session === theirs)
    return 'own';
  if (row.ppid === 1 || isUserManager(commands.get(row.ppid))) return 'init';
  return session === row.pid ? 'own' : 'stranger';
}

/** Recognises `systemd --user`, which adopts the orphans of its user, so that their parent is never pid 1. */
function isUserManager(argv: readonly string[] = []): boolean {
  return /(?:^|\/)systemd$/u.test(argv[0] ?? '') && argv.includes('--user');
}

function standingOf(row: ProcessRow, { rows }: ProcessSnapshot): SessionFacts {
  const { session, terminal } = sessionOf(row.pid) ?? { session: 0, terminal: 0 };
  const isLeaderAlive = rows.some(({ pid, state }) => pid === session && state === 'alive');
  return {
    isService: isServiceUnit(unitOf(row.pid)),
    leadsSession: session === row.pid,
    terminal: terminal === 0 ? 'none' : isLeaderAlive ? 'alive' : 'dead',
  };
}

/** Reads fields 6 and 7 of /proc/PID/stat, see proc_pid_stat(5). */
function sessionOf(pid: number): { session: number; terminal: number } | null {
  const text = readFileOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  const [, , , session, terminal] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { session: Number(session), terminal: Number(terminal) };
}

/** Finds the innermost systemd unit of the process, by its control group; null when it is in none. */
function unitOf(pid: number): string | null {
  const lines = (readFileOrNull(`/proc/${pid}/cgroup`) ?? '').split('\n');
  const path = lines.find((line) => line.startsWith('0::/') || line.includes(':name=systemd:'));
  return path?.split('/').findLast((part) => /\.(?:service|scope)$/u.test(part)) ?? null;
}

/** Tells services from sessions and from what a desktop started, which some desktops call services too. */
export function isServiceUnit(unit: string | null): boolean {
  return unit?.endsWith('.service') === true && !/^(?:app-|user@)/u.test(unit);
}

function environmentOf(pid: number): Map<string, string> {
  const entries = (readFileOrNull(`/proc/${pid}/environ`) ?? '')
    .split('\0')
    .map((entry): [string, string] => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    });
  return new Map(entries);
}
