// Daemon under a service manager that waits for a usable config instead of exiting, because it would be restarted again and again.
import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, leftOver, runCli } from './daemon.ts';

const GOOD = JSON.stringify({
  metrics: { listen: '127.0.0.1:0' },
  gateway: { listen: '127.0.0.1:0' },
  servers: { only: fixture() },
});

function start(service: string | null, config: string | null) {
  const { home } = tempHome();
  const write = (text: string): void => writeFileSync(join(home, 'config.yaml'), text, { mode: 0o600 });
  if (config !== null) write(config);
  const env = {
    ...process.env,
    NO_COLOR: '1',
    ...(service === null ? {} : { MCP_WATCHDOG_SERVICE: service }),
  };
  const child = spawn(process.execPath, [CLI, 'run', '--home', home], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await waitFor(async () => (await leftOver(home)).length === 0, { what: 'nothing to be left' });
  });
  return { home, child, exit, write, err: () => err };
}

describe('a daemon that a service manager runs', { timeout: 180_000 }, () => {
  const service = 'launchd';

  test('waits for a config that can be used, answers meanwhile, and then runs', async () => {
    const { home, child, exit, write, err } = start(service, 'servers: {only: {comand: [x]}}');
    await waitFor(() => err().includes('hint:'));
    expect(err()).toMatch(/^error: .*comand/mu);
    expect(runCli(home, ['status']).out).toContain('comand');
    expect(runCli(home, ['reload'])).toMatchObject({ code: 2, err: expect.stringContaining('comand') });
    for (const argv of [['update'], ['update', '--check'], ['update', 'only'], ['rollback']]) {
      const { code, err: reason } = runCli(home, argv);
      expect({ argv, code, reason }).toEqual({ argv, code: 1, reason: expect.stringContaining('comand') });
    }
    // Another mistake is told too, the same one is not.
    write('servers: {only: {comand: [x]}} # the same');
    write('servers: {only: {arguments: [x]}}');
    await waitFor(() => err().includes('arguments'));
    expect(err().match(/^error:/gmu)).toHaveLength(2);
    write(GOOD);
    await waitFor(() => runCli(home, ['check', 'only']).code === 0, {
      longestPause: 500,
      what: 'a server that answers',
      timeout: 60_000,
    });
    child.kill('SIGTERM');
    expect(await exit).toBe(143);
  });

  test('waits for a config that is not there yet, and ends on a signal as ever', async () => {
    const { child, exit, err } = start('systemd', null);
    await waitFor(() => err().includes('mcp-watchdog init'));
    child.kill('SIGTERM');
    expect(await exit).toBe(143);
  });

  test('ends with 0, to stay down, when a command says so', async () => {
    const { home, exit, err } = start(service, 'servers: []');
    await waitFor(() => err().includes('error:'));
    expect(runCli(home, ['stop']).code).toBe(0);
    expect(await exit).toBe(0);
  });

  test('starts when the missing envFile of a server appears', async () => {
    const servers = { only: fixture([], { envFile: 'only.env' }) };
    const config = JSON.stringify({
      metrics: { listen: '127.0.0.1:0' },
      gateway: { listen: '127.0.0.1:0' },
      servers,
    });
    const { home, err } = start(service, config);
    await waitFor(() => err().includes('only.env'), { timeout: 60_000 });
    writeFileSync(join(home, 'only.env'), 'A=b\n', { mode: 0o600 });
    await waitFor(() => runCli(home, ['check', 'only']).code === 0, {
      longestPause: 500,
      what: 'a server that answers',
      timeout: 60_000,
    });
  });
});

test('without a service manager it says so and ends', async () => {
  const { exit, err } = start(null, 'servers: []');
  expect(await exit).toBe(2);
  expect(err()).toMatch(/^error:/mu);
});

test(
  'a second daemon leaves with 0, so that no service manager tries again',
  { timeout: 60_000 },
  async () => {
    const { home, err } = start('launchd', 'servers: []');
    await waitFor(() => err().includes('error:'));
    expect(existsSync(join(home, 'run', 'control.sock'))).toBe(true);
    const second = runCli(home, ['run']);
    expect(second).toMatchObject({ code: 0, err: expect.stringContaining('error:') });
    rmSync(join(home, 'config.yaml'));
  },
);
