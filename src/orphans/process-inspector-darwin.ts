// Process inspector of macOS: two ps for all, lsof and launchctl only where there is a suspect.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import type { StdinPeer } from '../core/orphans/orphans.ts';
import { environmentIn, type PsCommand, readCommands } from '../system/process/ps-darwin.ts';
import type { ProcessInspector, RequestChannels } from './process-inspector.ts';

/** Runs a program; returns what it printed, or null when it failed. */
type RunTool = (file: string, args: readonly string[]) => Promise<string | null>;

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

export interface DarwinTools {
  /** Runs lsof and launchctl. */
  readonly run: RunTool;
  readonly readCommands: typeof readCommands;
  readonly isFile: (path: string) => boolean;
  /** Ms since the epoch. */
  readonly now: () => number;
}

const TOOLS: DarwinTools = { run: runTool, readCommands, isFile, now: Date.now };

/**
 * Makes the inspector. Its `readCommands` finds nothing when ps does not tell: nobody is a suspect then.
 *
 * @param tools stand in for the system's in tests
 */
export function darwin(tools: Partial<DarwinTools> = {}): ProcessInspector {
  const { run, now, ...rest } = { ...TOOLS, ...tools };
  let seen: ReadonlyMap<number, SeenProcess> = new Map();
  return {
    async readCommands() {
      seen = await readOwn(rest.readCommands);
      return new Map([...seen].map(([pid, { command }]) => [pid, argumentsIn(command, rest.isFile)]));
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
      const terminal = /^\?+$|^-$/u.test(seen.get(pid)?.terminal ?? '?') ? 'none' : 'alive';
      return { isService, leadsSession: pid === pgid, terminal };
    },
    environmentOf: (pid) => seen.get(pid)?.environment ?? new Map(),
    async channelsOf(pid) {
      const input = await run('lsof', ['-b', '-w', '-nP', '-a', '-p', String(pid), '-d', '0', '-Fftn']);
      const tcp = await run('lsof', ['-b', '-w', '-nP', '-a', '-p', String(pid), '-iTCP', '-FfnT']);
      return { input: parseInput(input), ...parseSockets(tcp) };
    },
  };
}

interface SeenProcess extends Pick<PsCommand, 'terminal' | 'command'> {
  /** Empty for Apple's own programs. */
  readonly environment: ReadonlyMap<string, string>;
}

async function readOwn(read: DarwinTools['readCommands']): Promise<ReadonlyMap<number, SeenProcess>> {
  const uid = process.getuid?.();
  try {
    const plain = (await read()).filter((one) => one.uid === uid);
    const full = new Map((await read({ withEnvironment: true })).map((one) => [one.pid, one.command]));
    return new Map(
      plain.map(({ pid, terminal, command }) => {
        const environment = environmentIn(full.get(pid) ?? '', command);
        return [pid, { terminal, command, environment }];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Most words that one path is put together from. */
const PATH_WORDS = 12;

/**
 * Splits a command line at its spaces, as ps does not tell where an argument ends. Words from one that begins with `/`
 * are put together again where they name a file: `/Users/me/Library/Application Support/…/index.js`.
 */
export function argumentsIn(command: string, isFile: DarwinTools['isFile']): string[] {
  const words = command.trim().split(/ +/u);
  const argv: string[] = [];
  for (let at = 0; at < words.length;) {
    const length = wordsOfPath(words.slice(at, at + PATH_WORDS), isFile);
    argv.push(words.slice(at, at + length).join(' '));
    at += length;
  }
  return argv;
}

/** Counts the words of the path that begins here; 1 without a longer one. */
function wordsOfPath(words: readonly string[], isFile: DarwinTools['isFile']): number {
  const [first = '', next] = words;
  if (next === undefined || !first.startsWith('/') || isFile(first)) return 1;
  for (let length = 2; length <= words.length; length += 1) {
    if (words[length - 1]?.startsWith('/') === true) return 1;
    if (isFile(words.slice(0, length).join(' '))) return length;
  }
  return 1;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Reads the pids of the jobs in `launchctl list`: PID, status and label in columns, a dash for one that is not running.
 * Null for anything else, and when no job runs: on a Mac some always do.
 */
export function parseJobs(text: string | null): ReadonlySet<number> | null {
  if (text === null || !isWhole(text) || !/^PID\s+Status\s+Label$/mu.test(text)) return null;
  const jobs = new Set([...text.matchAll(/^(\d+)\s/gmu)].map(([, pid]) => Number(pid)));
  return jobs.size > 0 ? jobs : null;
}

/** Reads `lsof -Fftn` of descriptor 0: a pair of sockets whose other end is closed shows `->(none)`. */
export function parseInput(text: string | null): StdinPeer {
  if (text === null || !isWhole(text)) return 'unknown';
  const type = /^t(.*)$/mu.exec(text)?.[1] ?? '';
  const name = /^n(.*)$/mu.exec(text)?.[1] ?? '';
  if (name === '/dev/null') return 'null';
  if (type === 'unix') return name === '->(none)' ? 'gone' : name.startsWith('->') ? 'held' : 'unknown';
  return type === 'PIPE' || type === '' ? 'unknown' : 'held';
}

/**
 * Reads `lsof -iTCP -FfnT`: `f` begins a descriptor, `n` names its socket, `TST=` tells its state. Null for what a
 * socket without a state, or a text that is cut off, leaves open.
 */
export function parseSockets(text: string | null): Pick<RequestChannels, 'listens' | 'isUsed'> {
  if (text === null || !isWhole(text)) return { listens: null, isUsed: null };
  const sockets = text
    .split(/^f/mu)
    .slice(1)
    .map((fields) => ({
      port: Number(/^n.*?:(\d+)(?:->.*)?$/mu.exec(fields)?.[1]),
      state: /^TST=(\w+)$/mu.exec(fields)?.[1] ?? null,
    }));
  const ports = sockets.filter(({ state }) => state === 'LISTEN').map(({ port }) => port);
  const isUsed = sockets.some(({ port, state }) => state === 'ESTABLISHED' && ports.includes(port));
  const isKnown = sockets.every(({ state }) => state !== null);
  return {
    listens: ports.length > 0 || (isKnown ? false : null),
    isUsed: isUsed || (isKnown ? false : null),
  };
}

/** Each line of launchctl and lsof is ended. */
function isWhole(text: string): boolean {
  return text === '' || text.endsWith('\n');
}
