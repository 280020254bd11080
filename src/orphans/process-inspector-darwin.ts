// Process inspector of macOS: one ps for all, lsof and launchctl only where there is a suspect.
import { execFile } from 'node:child_process';
import type { StdinPeer } from '../core/orphans/orphans.ts';
import type { ProcessInspector, RequestChannels } from './process-inspector.ts';

/** Runs a program; returns what it printed, or null when it failed. */
export type RunTool = (file: string, args: readonly string[]) => Promise<string | null>;

const TIMEOUT = 10_000;

/** Runs a tool of the system, and ends one that hangs. lsof exits with 1 when it finds nothing. */
const runTool: RunTool = (file, args) =>
  new Promise((resolve) => {
    const options = {
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
      maxBuffer: 32 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    } as const;
    execFile(file, args, options, (error, stdout) =>
      resolve(error === null || error.code === 1 ? stdout : null),
    );
  });

/**
 * Makes the inspector.
 *
 * @param run stands in for ps, lsof and launchctl in tests
 */
export function darwin(run: RunTool = runTool, now: () => number = Date.now): ProcessInspector {
  const terminals = new Map<number, string>();
  return {
    async readCommands() {
      terminals.clear();
      const text = (await run('ps', ['-A', '-ww', '-o', 'pid=,uid=,tty=,command='])) ?? '';
      const found = parseCommands(text).filter(({ uid }) => uid === process.getuid?.());
      for (const { pid, terminal } of found) terminals.set(pid, terminal);
      return new Map(found.map(({ pid, argv }) => [pid, argv]));
    },
    parentOf: ({ ppid }) => (ppid === 1 ? 'init' : 'own'),
    ageOf({ startToken }) {
      const age = now() - Date.parse(`${startToken} UTC`);
      return Number.isFinite(age) ? age : null;
    },
    async sessionFactsOf({ pid, pgid }) {
      const jobs = parseJobs(await run('launchctl', ['list']));
      // A job leads its group: where launchd does not answer, whoever does so may be one.
      const isService = jobs === null ? pid === pgid : jobs.has(pid);
      const terminal = /^\?+$|^-$/u.test(terminals.get(pid) ?? '?') ? 'none' : 'alive';
      return { isService, leadsSession: pid === pgid, terminal };
    },
    environmentOf: () => new Map(),
    async channelsOf(pid) {
      const input = await run('lsof', ['-b', '-w', '-nP', '-a', '-p', String(pid), '-d', '0', '-Fftn']);
      const tcp = await run('lsof', ['-b', '-w', '-nP', '-a', '-p', String(pid), '-iTCP', '-FfnT']);
      return { input: parseInput(input), ...parseSockets(tcp) };
    },
  };
}

interface Command {
  readonly pid: number;
  readonly uid: number;
  readonly terminal: string;
  /** Split at each space: ps does not tell where an argument ends. */
  readonly argv: readonly string[];
}

function parseCommands(text: string): Command[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/u))
    .filter(([pid, uid]) => /^\d+$/u.test(pid ?? '') && /^\d+$/u.test(uid ?? ''))
    .map(([pid, uid, terminal = '', ...argv]) => ({ pid: Number(pid), uid: Number(uid), terminal, argv }));
}

/** Reads the pids of the jobs in `launchctl list`: PID, status and label in columns, a dash for one that is not running. */
export function parseJobs(text: string | null): ReadonlySet<number> | null {
  if (text === null || text === '') return null;
  return new Set([...text.matchAll(/^(\d+)\s/gmu)].map(([, pid]) => Number(pid)));
}

/** Reads `lsof -Fftn` of descriptor 0: a pair of sockets whose other end is closed shows `->(none)`. */
export function parseInput(text: string | null): StdinPeer {
  if (text === null) return 'unknown';
  const type = /^t(.*)$/mu.exec(text)?.[1] ?? '';
  const name = /^n(.*)$/mu.exec(text)?.[1] ?? '';
  if (name === '/dev/null') return 'null';
  if (type === 'unix') return name === '->(none)' ? 'gone' : name.startsWith('->') ? 'held' : 'unknown';
  return type === 'PIPE' || type === '' ? 'unknown' : 'held';
}

/** Reads `lsof -iTCP -FfnT`: `n` names a socket, the `TST=` line after it tells its state. */
export function parseSockets(text: string | null): Pick<RequestChannels, 'listens' | 'isUsed'> {
  if (text === null) return { listens: null, isUsed: null };
  const sockets = [...text.matchAll(/^n(.*)\nTST=(\w+)/gmu)].map(([, name = '', state = '']) => ({
    name,
    state,
  }));
  const portOf = (name: string): number => Number(/:(\d+)(?:->|$)/u.exec(name)?.[1]);
  const ports = sockets.filter(({ state }) => state === 'LISTEN').map(({ name }) => portOf(name));
  const isUsed = sockets.some(({ name, state }) => state === 'ESTABLISHED' && ports.includes(portOf(name)));
  return { listens: ports.length > 0, isUsed };
}
