// Commands against a real daemon, with servers in every state that has an exit code.
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import {
  CLI,
  FIXTURE,
  fixture,
  freePort,
  httpFixture,
  leftOver,
  QUICK,
  runCli,
  startDaemon,
} from './daemon.ts';

/** Uses about an eighth of a processor. */
const BURNING = `const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
setInterval(() => { const end = used() + 12_000; while (used() < end); }, 100);`;

test('check says by its exit code what is wrong', { timeout: 180_000 }, async () => {
  const daemon = await startDaemon({
    well: fixture(),
    off: fixture([], { enabled: false }),
    large: fixture([], { limits: { memory: { soft: '5MiB' } } }),
    // A well-behaved server with a child that hardly rests.
    busy: fixture([], {
      command: ['/bin/sh', '-c', `"$0" -e "$2" & exec "$0" "$1"`, process.execPath, FIXTURE, BURNING],
      limits: { cpu: { soft: 0.01 } },
    }),
    frozen: fixture([], { probe: { interval: '500ms', timeout: '500ms', failures: 2, onFailure: 'report' } }),
  });
  const [{ pid }] = [await daemon.up('frozen'), await daemon.up('well'), await daemon.up('large')];
  await daemon.until('busy', 'its processor time', ({ usage }) => (usage?.cpuCores ?? 0) > 0);
  process.kill(pid ?? 0, 'SIGSTOP');
  const codes = ['well', 'off', 'large', 'frozen'].map((name) => daemon.run('check', name));
  expect(codes.map(({ code, err }) => [code, err])).toEqual([0, 1, 2, 4].map((code) => [code, '']));
  // Measured a few ms after a sample it may have been at rest since.
  const busy = await waitFor(() => {
    const checked = daemon.run('check', 'busy');
    return checked.code !== 0 && checked;
  });
  expect(busy).toMatchObject({ code: 3, out: expect.stringMatching(/CPU is \d/u), err: '' });
  // Of all of them the gravest counts; what was asked to be down is no fault then.
  expect(daemon.run('check').code).toBe(2);
  expect(daemon.run('check', 'wel').err).toContain('Did you mean well?');
  process.kill(pid ?? 0, 'SIGCONT');
  await daemon.stop();
  expect(daemon.run('check').code).toBe(5);
  expect(runCli(tempHome().home, ['status']).code).toBe(5);
});

test('a server that asks who we are is up, and told to be unauthorized', { timeout: 180_000 }, async () => {
  const daemon = await startDaemon({ s: httpFixture(await freePort(), ['--behaviour', 'unauthorized']) });
  const { pid, health } = await daemon.up('s');
  expect(health.unauthorized).toBe(true);
  expect(await daemon.metric('mcp_watchdog_server_up{server="s"}')).toBe(1);
  const refused = 'mcp_watchdog_probe_failures_total{server="s",probe="ping",reason="unauthorized"}';
  await waitFor(async () => ((await daemon.metric(refused)) ?? 0) >= 3, { what: 'three probes' });
  expect((await daemon.server('s')).pid).toBe(pid);
  expect(daemon.run('status')).toMatchObject({ code: 0, out: expect.stringContaining('unauthorized') });
  expect(daemon.run('check', 's')).toMatchObject({ code: 0, out: expect.stringContaining('unauthorized') });
});

test(
  'logs shows what a server printed, and lets none of it act on the terminal',
  { timeout: 60_000 },
  async () => {
    const evil = `console.error('\\x1b]0;owned\\x07red \\x1b[31mhat\\x1b[2J\\rforged\\u202eline')`;
    const daemon = await startDaemon({
      s: {
        command: [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(evil)}`, FIXTURE],
        ...QUICK,
      },
    });
    await daemon.up('s');
    const { out } = await waitFor(() => {
      const shown = daemon.run('logs', 's');
      return shown.out.includes('hat') && shown;
    });
    expect(out).toContain('red hat');
    // eslint-disable-next-line no-control-regex -- exactly these must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(daemon.run('logs', '../watchdog').code).toBe(1);
  },
);

describe('several people at once', { timeout: 180_000 }, () => {
  test('end with one process for each server that is wanted, and none for the others', async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    await daemon.up('a');
    await daemon.up('b');
    const codes = await Promise.all(
      [['restart', 'a'], ['restart', 'a'], ['start', 'a'], ['stop', 'b'], ['stop', 'b'], ['status']].map(
        (argv) => exitCodeOf([...argv, '--home', daemon.home]),
      ),
    );
    expect(codes.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    const a = await daemon.up('a');
    const b = await daemon.until('b', 'stopped', ({ state }) => state === 'stopped');
    expect(b.desired).toBe('down');
    const alive = await leftOver(daemon.home);
    expect(alive.filter((pid) => pid !== daemon.pid)).toEqual([a.pid]);
    expect(a.restarts.requested).toBeGreaterThanOrEqual(1);
    expect(await daemon.metric('mcp_watchdog_server_restart_budget_remaining{server="a"}')).toBe(5);
  });
});

function exitCodeOf(argv: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [CLI, ...argv], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}
