import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { acquireLock } from '../../src/control/lock.ts';
import { findUnreachableDaemon, hintOnSilence } from '../../src/control/unreachable-daemon.ts';
import { resolvePaths } from '../../src/system/files/paths.ts';
import { identifyProcess } from '../../src/system/process/process-identity.ts';
import { readProcess } from '../../src/system/process/process-table.ts';
import { waitFor } from '../fakes/wait-for.ts';

const isLinux = process.platform === 'linux';

function homeThatIsGone(): string {
  return join(mkdtempSync(join(tmpdir(), 'mcpw-')), 'home');
}

/** A program that is named and called like a daemon, and does nothing. */
async function play(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-'));
  const program = join(folder, 'cli.js');
  writeFileSync(program, "process.stdout.write('here'); setInterval(() => {}, 1000);");
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  await once(child.stdout, 'data');
  return child;
}

test('a daemon is found by its lock', async () => {
  const { run, socket } = resolvePaths(homeThatIsGone());
  mkdirSync(run, { recursive: true, mode: 0o700 });
  expect(findUnreachableDaemon(socket)).toBeNull();
  acquireLock(join(run, 'lock'));
  expect(findUnreachableDaemon(socket)).toBe(process.pid);
  await expect(connect(socket)).rejects.toMatchObject({
    code: 'CONTROL_FAILED',
    message: `Cannot reach the daemon: pid ${process.pid} runs in "${dirname(run)}", and its socket is not there`,
  });
});

test('a daemon that somebody stopped is told to be let go on', async () => {
  const home = homeThatIsGone();
  const { run, socket } = resolvePaths(home);
  mkdirSync(join(run, 'lock'), { recursive: true, mode: 0o700 });
  const { pid = 0 } = await play(['run', '--home', home]);
  writeFileSync(join(run, 'lock', '1'), JSON.stringify(identifyProcess(pid)), { mode: 0o600 });
  expect(hintOnSilence(socket)).toBe('It may be blocked: see mcp-watchdog logs');
  process.kill(pid, 'SIGSTOP');
  await waitFor(() => readProcess(pid)?.isStopped === true);
  expect(hintOnSilence(socket)).toContain(`kill -CONT ${pid}`);
});

// Only Linux shows the command line and the environment of a process as files.
test.runIf(isLinux).each([
  ['the option', (home: string) => play(['run', '--home', home])],
  ['the option in one word', (home: string) => play(['run', `--home=${home}`])],
  ['the environment', (home: string) => play(['run'], { MCP_WATCHDOG_HOME: home })],
  ['the folder of the user', (home: string) => play(['run'], { HOME: dirname(home) })],
])('a daemon whose home is gone is found by %s', async (how, start) => {
  const home =
    how === 'the folder of the user' ? join(dirname(homeThatIsGone()), '.mcp-watchdog') : homeThatIsGone();
  const { socket } = resolvePaths(home);
  expect(findUnreachableDaemon(socket)).toBeNull();
  const { pid } = await start(home);
  expect(findUnreachableDaemon(socket)).toBe(pid);
  expect(findUnreachableDaemon(resolvePaths(`${home}2`).socket)).toBeNull();
});

test('other commands of ours, and daemons of homes that are there, are not taken for it', async () => {
  const home = homeThatIsGone();
  await play(['status', '--home', home]);
  expect(findUnreachableDaemon(resolvePaths(home).socket)).toBeNull();
  mkdirSync(join(home, 'run'), { recursive: true });
  await play(['run', '--home', home]);
  expect(findUnreachableDaemon(resolvePaths(home).socket)).toBeNull();
});
