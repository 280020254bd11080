// Complete daemon as users run it: the built command, its own home, free ports, everything removed afterwards.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ServerStatus, Status } from '../../src/core/model/status.ts';
import { type JournalEntry, readJournal } from '../../src/journal/journal.ts';
import { readProcessTable } from '../../src/system/process/process-table.ts';
import { type AtEnd, tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

export { freePort } from '../fixtures/start.ts';

/** What a service starts. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** What a person and a client start, by its name. */
const COMMAND = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
export const FIXTURE = fileURLToPath(new URL('../fixtures/servers/mcp.mjs', import.meta.url));

/** Settings of one server as the config has them. */
export type Settings = Readonly<Record<string, unknown>>;

/** A fixture server over stdio, probed each half second so that tests need not wait. */
export function fixture(args: readonly string[] = [], more: Settings = {}): Settings {
  return { command: [process.execPath, FIXTURE, ...args], ...QUICK, ...more };
}

/** The same over HTTP. */
export function httpFixture(port: number, args: readonly string[] = [], more: Settings = {}): Settings {
  return fixture(['--transport', 'http', '--port', String(port), ...args], {
    transport: 'http',
    url: `http://127.0.0.1:${port}/mcp`,
    ...more,
  });
}

export const QUICK: Settings = {
  probe: { interval: '500ms', timeout: '1s', failures: 2 },
  restart: { initialDelay: '50ms', maxDelay: '200ms' },
  stop: { grace: '1s' },
};

/**
 * The rules evaluated each second, for tests that wait for an alert. Others leave it at 15 s: a daemon spends 20 ms of
 * processor time on each.
 */
export const QUICK_ALERTS: Settings = { alerts: { notify: [], evaluateEvery: '1s' } };

export interface RunningDaemon {
  readonly home: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Where its pages are, without a slash at the end. */
  readonly url: string;
  /** Everything that the daemon wrote to its standard output. */
  readonly output: () => string;
  /** What its journal has of one kind of news, oldest first. */
  journal<K extends JournalEntry['kind']>(kind: K): Promise<readonly Extract<JournalEntry, { kind: K }>[]>;
  status(): Promise<Status>;
  server(name: string): Promise<ServerStatus>;
  /** Waits until a server is up, as a client would find it. */
  up(name: string): Promise<ServerStatus>;
  until(
    name: string,
    what: string,
    holds: (server: ServerStatus) => boolean,
    timeout?: number,
  ): Promise<ServerStatus>;
  metrics(): Promise<string>;
  /** The value of the one sample that begins with `sample`; undefined when there is none. */
  metric(sample: string): Promise<number | undefined>;
  rewriteConfig(servers: Readonly<Record<string, Settings>>, more?: Settings): void;
  /** What the command prints, and its exit code. */
  run(...argv: string[]): { code: number | null; out: string; err: string };
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a daemon; with `home`, on what an earlier one left there. */
export async function startDaemon(
  servers: Readonly<Record<string, Settings>>,
  {
    home = tempHome().home,
    more = {},
    env = {},
    wrapper = [],
    afterConfig = () => {},
    atEnd = onTestFinished,
  }: {
    home?: string;
    more?: Settings;
    env?: Record<string, string>;
    /** A program that becomes the daemon, with its arguments. */
    wrapper?: readonly string[];
    /** Called between the writing of the config and the start: to fill the disk, say. */
    afterConfig?: () => void;
    /** Who ends it: the test, unless several share it. */
    atEnd?: AtEnd;
  } = {},
): Promise<RunningDaemon> {
  const config = `${home}/config.yaml`;
  const write = (list: typeof servers, rest: Settings): void =>
    writeFileSync(
      config,
      JSON.stringify({
        metrics: { listen: '127.0.0.1:0' },
        gateway: { listen: '127.0.0.1:0' },
        sampling: { interval: '1s' },
        // Nobody who runs the tests wants to see their alerts.
        alerts: { notify: [] },
        servers: list,
        ...rest,
      }),
      { mode: 0o600 },
    );
  write(servers, more);
  afterConfig();
  const [program, ...argv] = [...wrapper, process.execPath, CLI, 'run', '--home', home];
  const child = spawn(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  atEnd(async () => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const cancel = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(cancel);
    await noneLeft(home);
  });
  const url = await waitFor(
    () => {
      if (child.exitCode !== null)
        throw new Error(`The daemon ended with ${child.exitCode}: ${errors}${output}`);
      return /"url":"(https?:[^"]+)"/.exec(output)?.[1];
    },
    { timeout: 60_000, what: 'the daemon to listen' },
  );
  // A connection each: one that is idle for seconds, while a test runs a command, is closed by the daemon.
  const get = async (path: string): Promise<string> =>
    (await fetch(`${url}${path}`, { headers: { connection: 'close' } })).text();
  const status = async (): Promise<Status> => JSON.parse(await get('/api/v1/status'));
  const server = async (name: string): Promise<ServerStatus> => {
    const found = (await status()).servers.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no server ${name}`);
    return found;
  };
  const until: RunningDaemon['until'] = (name, what, holds, timeout = 45_000) =>
    waitFor(
      async () => {
        const now = await server(name);
        return holds(now) && now;
      },
      { timeout, what: `${name}: ${what}`, longestPause: 150 },
    );
  const metrics = (): Promise<string> => get('/metrics');
  return {
    home,
    pid: child.pid ?? 0,
    child,
    url,
    output: () => output,
    journal: (kind) => entriesOf(home, kind),
    status,
    server,
    until,
    up: (name) => until(name, 'up', ({ state, health }) => state === 'running' && health.up === true),
    metrics,
    async metric(sample) {
      const line = (await metrics()).split('\n').find((one) => one.startsWith(`${sample} `));
      return line === undefined ? undefined : Number(line.slice(sample.length));
    },
    rewriteConfig: (list, rest = more) => write(list, rest),
    run: (...argv) => runCli(home, argv),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

export function runCli(
  home: string,
  argv: readonly string[],
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...argv, '--home', home], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    timeout: 30_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** Every process that a daemon of this home ever started and that still lives, by the mark they inherit. */
export async function leftOver(home: string): Promise<number[]> {
  const marks = new Set([...readLog(home).matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid)));
  const rows = await readProcessTable();
  return rows
    .filter(
      ({ pid, pgid, state }) =>
        state === 'alive' && (marks.has(pid) || marks.has(pgid)) && pid !== process.pid,
    )
    .map(({ pid }) => pid);
}

/** Fails the test that leaves something running. */
async function noneLeft(home: string): Promise<void> {
  await waitFor(async () => (await leftOver(home)).length === 0, {
    timeout: 30_000,
    what: `nothing of ${home} to be left`,
  });
}

function readLog(home: string): string {
  try {
    return readFileSync(`${home}/logs/watchdog.log`, 'utf8');
  } catch {
    return '';
  }
}

async function entriesOf<K extends JournalEntry['kind']>(
  home: string,
  kind: K,
): Promise<Extract<JournalEntry, { kind: K }>[]> {
  const entries = await readJournal(`${home}/journal/events.jsonl`, { limit: 10_000 });
  return entries.filter((entry): entry is Extract<JournalEntry, { kind: K }> => entry.kind === kind);
}
