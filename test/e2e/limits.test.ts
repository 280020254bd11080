// Limits of a server: priority, soft limits that raise an alert only, hard limits that restart it.
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { readProcessTable } from '../../src/system/process/process-table.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { FIXTURE, fixture as probed, QUICK, type Settings, startDaemon } from './daemon.ts';

/** Probes that a busy machine misses restart nobody here. */
const PATIENT: Settings = { ...QUICK, probe: { interval: '500ms', timeout: '5s', failures: 9 } };

const fixture = (args: readonly string[] = [], more: Settings = {}): Settings =>
  probed(args, { ...PATIENT, ...more });

/** A server in good health that uses about an eighth of a processor; a fiftieth is enough for the test. Processor time, as others may have the processor. */
const BURNING = `const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
setInterval(() => { const end = used() + 12_000; while (used() < end); }, 100);`;

function withProgram(program: string): string[] {
  return [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(program)}`, FIXTURE];
}

const logOf = (home: string): string => readFileSync(`${home}/logs/watchdog.log`, 'utf8');

test('a polite server has polite children, also those of a script', { timeout: 120_000 }, async () => {
  const script = `sleep 300 & exec "$0" "$@"`;
  const forks = ['/bin/sh', '-c', script, process.execPath, FIXTURE, '--behaviour', 'grandchild'];
  const daemon = await startDaemon({
    polite: { command: forks, ...PATIENT, limits: { nice: 7 } },
    plain: fixture(),
  });
  const { pid } = await daemon.up('polite');
  const members = await waitFor(async () => {
    const rows = (await readProcessTable()).filter(({ pgid }) => pgid === pid);
    return rows.length === 3 && rows;
  });
  expect(members.map((row) => getPriority(row.pid))).toEqual([7, 7, 7]);
  const { pid: other } = await daemon.up('plain');
  expect(getPriority(other ?? 0)).toBe(getPriority());
});

test('a soft limit of memory is told everywhere, and nobody is restarted', { timeout: 120_000 }, async () => {
  const daemon = await startDaemon(
    { s: fixture([], { limits: { memory: { soft: '4MiB', hard: null } } }) },
    { more: { sampling: { interval: '200ms' } } },
  );
  const { run } = await daemon.up('s');
  await daemon.until('s', 'over its limit', ({ overLimit }) => overLimit.includes('memory'), 60_000);
  // The journal is written in the background.
  await waitFor(async () => (await daemon.journal('limit')).length > 0, { what: 'the journal to tell' });
  expect(await daemon.journal('limit')).toMatchObject([
    { resource: 'memory', level: 'soft', limit: 4 * 2 ** 20 },
  ]);
  const check = daemon.run('check', 's');
  expect(check.code).toBe(2);
  expect(check.out).toMatch(/memory is [\d.]+ MiB, the limit is 4 MiB/);
  expect(daemon.run('status', 's').out).toMatch(/memory [\d.]+ MiB is over the limit of 4 MiB/);
  // It comes with the server's usual use, which is known some samples after its limit was passed.
  await waitFor(() =>
    /"level":"soft","used":\d+,"limit":4194304,.*A memory limit is below/.test(logOf(daemon.home)),
  );
  expect((await daemon.server('s')).run).toBe(run);
  expect(await daemon.metric('mcp_watchdog_server_memory_limit_bytes{server="s"}')).toBe(4 * 2 ** 20);
});

test('a hard limit that was never enough says so with the restart', { timeout: 120_000 }, async () => {
  const daemon = await startDaemon(
    { s: fixture([], { limits: { memory: { soft: null, hard: '1MiB' } } }) },
    { more: { sampling: { interval: '200ms' } } },
  );
  const { lastRestart } = await daemon.until('s', 'a restart', ({ restarts }) => restarts.memory > 0, 60_000);
  expect(lastRestart?.reason).toBe('memory');
  expect(lastRestart?.detail).toMatch(
    /^\d+MiB (?:of proportional memory|resident|of footprint), more than 1MiB in 3 of the last 4 samples; (?:it used \d+MiB right after its start|it had not answered yet)$/,
  );
});

test('limits of CPU tell, then restart, with the reason', { timeout: 240_000 }, async () => {
  const limits = (soft: number | null, hard: number | null) => ({
    limits: { cpu: { soft, hard, for: '1s' } },
  });
  const daemon = await startDaemon(
    {
      told: { command: withProgram(BURNING), ...PATIENT, ...limits(0.02, null) },
      ended: { command: withProgram(BURNING), ...PATIENT, ...limits(null, 0.02) },
    },
    { more: { sampling: { interval: '500ms' } } },
  );
  // A process that starts is left alone for half a minute.
  const { lastRestart } = await daemon.until(
    'ended',
    'a restart',
    ({ restarts }) => restarts.cpu > 0,
    90_000,
  );
  expect(lastRestart?.detail).toMatch(/^\d\.\d\d cores on average over 1s, more than 0\.02$/);
  const told = await daemon.until(
    'told',
    'over its limit',
    ({ overLimit }) => overLimit.includes('cpu'),
    60_000,
  );
  expect([told.run, told.restarts.cpu]).toEqual([1, 0]);
  // It measures anew, and the machine may give the server nothing for a moment.
  await waitFor(() => daemon.run('check', 'told').code === 3, {
    longestPause: 500,
    timeout: 60_000,
    what: 'a bad report',
  });
});
