// Real processes that lose their parents in real ways, and are gone when the test is over.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { readProcess, readProcessTable } from '../../src/system/process/process-table.ts';
import { findOrphans, type FindOrphansOptions, type Orphan } from '../../src/orphans/find-orphans.ts';
import { waitFor } from '../fakes/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CONTEXT7 = `${ROOT}/node_modules/.bin/context7-mcp`;
export const FIXTURE = `${ROOT}/test/fixtures/servers/mcp.mjs`;

/** A client in a session of its own: starts one program as clients do, says its pid, and waits for its own end. */
const CLIENT = `
  const { spawn } = require('node:child_process');
  const [stdin, file, ...args] = process.argv.slice(1);
  const child = spawn(file, args, { stdio: [stdin, 'ignore', 'ignore'] });
  console.log(child.pid);
  child.on('error', (error) => console.log(error.message));
  setInterval(() => {}, 60_000);
`;

export interface Client {
  readonly pid: number;
  /** What it started. */
  readonly child: number;
  /** Kills the client, and waits until what it started has another parent. */
  die(): Promise<void>;
}

export interface ClientOptions {
  readonly stdin?: 'pipe' | 'ignore';
  readonly env?: Record<string, string>;
}

export async function startClient(
  argv: readonly string[],
  { stdin = 'pipe', env = {} }: ClientOptions = {},
): Promise<Client> {
  return startAs([process.execPath, '-e', CLIENT, stdin, ...argv], env);
}

/** @param argv a program that prints the pid of what it started as its first line */
export async function startAs(
  argv: readonly string[],
  env: Record<string, string> = {},
  argv0?: string,
): Promise<Client> {
  const [file = '', ...args] = argv;
  const client = spawn(file, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OTEL_SDK_DISABLED: 'true', ...env },
    ...(argv0 === undefined ? {} : { argv0 }),
  });
  const pid = client.pid ?? 0;
  let said = '';
  client.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  onTestFinished(() => endSession(pid));
  const child = Number(await waitFor(() => /^(\d+)\n/.exec(said)?.[1], { what: 'the pid of the child' }));
  return {
    pid,
    child,
    async die() {
      process.kill(pid, 'SIGKILL');
      await waitFor(() => readProcess(child)?.ppid !== pid, { what: 'the child to lose its parent' });
    },
  };
}

/** All that was started below stays in the group of its client, unless the test looks after it. */
async function endSession(group: number): Promise<void> {
  for (const { pid, pgid } of await readProcessTable()) if (pgid === group) kill(pid);
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}

/** What is found of all that has the given pids among its members; other tests have orphans of their own. */
export async function findAmong(
  pids: readonly number[],
  options: Partial<FindOrphansOptions> = {},
): Promise<Orphan[]> {
  const found = await findOrphans({
    configured: [],
    patterns: [],
    minimumAge: 0,
    registered: [],
    ...options,
  });
  return found.filter(({ members }) => members.some(({ pid }) => pids.includes(pid)));
}

export async function findOne(
  pid: number,
  options: Partial<FindOrphansOptions> = {},
): Promise<Orphan | undefined> {
  return (await findAmong([pid], options))[0];
}

/** The process of context7 itself, however many npm and sh stand in front of it. */
export async function serverBelow(group: number): Promise<number> {
  return waitFor(
    async () => {
      const rows = (await readProcessTable()).filter(
        ({ pgid, state }) => pgid === group && state === 'alive',
      );
      return rows.find(({ pid }) => {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return argv[0]?.endsWith('node') === true && argv[1]?.includes('context7-mcp') === true;
      })?.pid;
    },
    { timeout: 30_000, what: 'context7 to run' },
  );
}

/** Takes no part in anything any more: a server that hangs does not see the end of its input either. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitFor(() => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T '), { what: 'it to stop' });
}
