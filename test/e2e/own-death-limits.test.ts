// Daemon that is blocked for a while or out of file descriptors: it says so and restarts no server for it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TICK } from '../../src/system/time/tick.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, leftOver, startDaemon } from './daemon.ts';
import { preload } from './own-death.ts';

/** Beyond the heartbeat and the threshold from which on lateness is a gap, ms. */
const STUCK = TICK + 10_500;

test('a loop that is stuck is counted, and nobody is restarted for it', { timeout: 120_000 }, async () => {
  const stuck = `process.on('SIGUSR2', () => { const end = Date.now() + ${STUCK}; while (Date.now() < end); });`;
  // An answer is nearly always waited for, and one that is missed would be enough.
  const waiting = fixture(['--behaviour', 'slow', '--delay', '400'], {
    probe: { interval: '500ms', timeout: '10s', failures: 1 },
  });
  const daemon = await startDaemon({ a: waiting, b: waiting }, { env: { NODE_OPTIONS: preload(stuck) } });
  const before = [await daemon.up('a'), await daemon.up('b')];
  const counters = await daemon.metrics();
  process.kill(daemon.pid, 'SIGUSR2');
  const gap = await waitFor(async () => (await daemon.journal('gap'))[0], {
    timeout: 40_000,
    what: 'the gap',
  });
  // On a processor that others use as well, a busy loop may look like a sleep: it is answered like one.
  expect(['blocked', 'sleep']).toContain(gap.cause);
  expect(gap.duration).toBeGreaterThan(5000);
  const looks = 'mcp_watchdog_probes_total{server="a",probe="ping"}';
  const seen = (await daemon.metric(looks)) ?? 0;
  await waitFor(async () => ((await daemon.metric(looks)) ?? 0) >= seen + 2, { what: 'more probes' });
  const after = [await daemon.server('a'), await daemon.server('b')];
  expect(after.map(({ pid, run }) => ({ pid, run }))).toEqual(before.map(({ pid, run }) => ({ pid, run })));
  expect(after.map(({ health }) => health.up)).toEqual([true, true]);
  expect(restartsIn(await daemon.metrics())).toEqual(restartsIn(counters));
  const wakeUps = await daemon.metric('mcp_watchdog_system_wakeups_total');
  expect(wakeUps).toBe(gap.cause === 'blocked' ? 0 : 1);
});

function restartsIn(page: string): string[] {
  return (
    page
      .split('\n')
      .filter((line) => /^mcp_watchdog_server_(?:restarts|start_failures)_total/u.test(line))
      // Servers stand in the order in which something was last heard of them.
      .sort()
  );
}

describe.skipIf(!requireProgram('prlimit'))(
  'a daemon that may open no more files',
  { timeout: 120_000 },
  () => {
    const allow = (pid: number, files: number): void => {
      expect(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`]).status).toBe(0);
    };

    test('keeps who runs, replaces nobody whose end it cannot see, and goes on when it may', async () => {
      const daemon = await startDaemon({ a: fixture(), b: fixture() });
      const { pid } = await daemon.up('a');
      const other = await daemon.up('b');
      allow(daemon.pid, 3);
      process.kill(pid ?? 0, 'SIGKILL');
      await waitFor(() => daemon.output().includes('Cannot read the process table'), {
        what: 'the fault to be told',
      });
      await waitFor(() => (daemon.output().match(/Collecting failed/gu) ?? []).length > 3, {
        what: 'some ticks',
      });
      // Once, not with each look.
      expect(daemon.output().match(/Cannot see what is left of a server/gu)).toHaveLength(1);
      expect(daemon.output()).not.toContain('"run":2');
      expect(daemon.child.exitCode).toBeNull();
      allow(daemon.pid, 1024);
      await daemon.until('a', 'restarted', ({ run, health }) => run === 2 && health.up === true);
      expect((await daemon.server('a')).restarts).toMatchObject({ signal: 1, probe: 0 });
      expect(await daemon.server('b')).toMatchObject({ pid: other.pid, run: 1, health: { up: true } });
      expect(daemon.run('status').code).toBe(0);
      expect(await daemon.stop()).toBe(143);
    });

    test('from its start says so in one line with a cure, and ends', () => {
      const { home, config } = tempHome();
      writeFileSync(config, JSON.stringify({ servers: { s: fixture() } }), { mode: 0o600 });
      const argv = ['--nofile=28', process.execPath, CLI, 'run', '--home', home];
      const { status, stderr } = spawnSync('prlimit', argv, { encoding: 'utf8', timeout: 20_000 });
      // Node 20 opens many modules at once and fails while it loads them; Node 24 gets as far as the process that reads the config.
      expect([1, 2]).toContain(status);
      expect(stderr).toMatch(/^error: .*EMFILE.*\nhint: The limit of open files is too low: .*\n$/u);
    });

    test('starts as many servers as it can, says of the others why not, and ends as ever', async () => {
      const names = Array.from({ length: 60 }, (_, index) => `s${index}`);
      const sleeper = { command: ['/bin/sh', '-c', 'exec sleep 60'], start: { timeout: '60s' } };
      const quick = { restart: { initialDelay: '50ms', maxDelay: '200ms' } };
      const { home } = tempHome();
      const daemon = await startDaemon(
        Object.fromEntries(names.map((name) => [name, { ...sleeper, ...quick }])),
        { home, wrapper: ['prlimit', '--nofile=180'] },
      );
      onTestFinished(() => void daemon.child.kill('SIGKILL'));
      await waitFor(() => daemon.output().includes('Server did not start'), {
        timeout: 40_000,
        what: 'a refusal',
      });
      await waitFor(() => daemon.output().includes('The system did not start it'), { what: 'the log line' });
      await waitFor(() => daemon.output().includes('EMFILE'), { what: 'the log line' });
      expect((await leftOver(home)).length).toBeGreaterThan(5);
      expect(await daemon.stop()).toBe(143);
      expect(await leftOver(home)).toEqual([]);
    });
  },
);
