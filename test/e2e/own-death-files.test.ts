// Files damaged by a crash, a power cut or a person: counters and desired states survive, and no foreign process is killed.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { identifyProcess } from '../../src/system/process/process-identity.ts';
import { isRunning, startGroup } from '../fakes/processes.ts';
import { type AtEnd, sharedHome, tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, leftOver, type RunningDaemon, runCli, startDaemon } from './daemon.ts';
import { killWithGuardian, preload, YEAR } from './own-death.ts';

const SIGNALS = 'mcp_watchdog_server_restarts_total{server="a",reason="signal"}';

/** Runs two servers, restarts `a` once, has `b` stopped by an operator. */
async function withHistory(
  options: { env?: Record<string, string>; home?: string; atEnd?: AtEnd } = {},
): Promise<RunningDaemon> {
  const daemon = await startDaemon({ a: fixture(), b: fixture() }, options);
  const { pid } = await daemon.up('a');
  await daemon.up('b');
  process.kill(pid ?? 0, 'SIGKILL');
  await daemon.until('a', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  // Waits for the disk, with all that was counted until now.
  expect(daemon.run('stop', 'b').code).toBe(0);
  return daemon;
}

/** The next daemon knows what was counted and what was asked for. */
async function remembers({ home }: Pick<RunningDaemon, 'home'>, unobserved: number): Promise<RunningDaemon> {
  const next = await startDaemon({ a: fixture(), b: fixture() }, { home });
  expect(await next.up('a')).toMatchObject({ run: 1, restarts: { signal: 1, unobserved } });
  expect(await next.metric(SIGNALS)).toBe(1);
  expect(await next.server('b')).toMatchObject({ state: 'stopped', desired: 'down', pid: null });
  return next;
}

describe('after a power cut', { timeout: 120_000 }, () => {
  test('what had reached the disk is used, and nobody is signalled for what had not', async () => {
    const first = await withHistory();
    const { home } = first;
    await killWithGuardian(first);
    const stranger = startGroup(['sleep', '60']);
    // Of another boot, a pid and even its start say nothing.
    const { startToken } = identifyProcess(stranger.pid) ?? { startToken: '' };
    const record = {
      server: 'a',
      pid: stranger.pid,
      pgid: stranger.pid,
      startToken,
      marker: 'm',
      strays: [],
    };
    for (const pid of await leftOver(home)) process.kill(pid, 'SIGKILL');
    const run = (name: string): string => join(home, 'run', name);
    writeFileSync(
      run('processes.json'),
      JSON.stringify({ version: 1, bootId: 'earlier', processes: [record] }),
    );
    // What was renamed without waiting for the disk comes back empty; what was being written stays beside it.
    writeFileSync(run('state.json'), '');
    writeFileSync(run('state.json.4242.0123abcd.tmp'), '{"version":1,"wis');
    writeFileSync(run('processes.json.4242.0123abcd.tmp'), '');
    for (const name of readdirSync(run('lock'))) writeFileSync(join(run('lock'), name), '');
    writeFileSync(join(run('lock'), 'draft-4242-0123456789ab'), '');

    const next = await remembers(first, 0);
    expect(next.output()).toContain('its backup is used');
    expect(await next.journal('reaped')).toEqual([]);
    expect(isRunning(stranger.pid)).toBe(true);
  });
});

describe('a state file', { timeout: 120_000 }, () => {
  /** What a daemon left that ended as it should; each test spoils a copy of it. */
  const left = sharedHome();
  beforeAll(async () => {
    const daemon = await withHistory(left);
    await daemon.stop();
  }, 120_000);
  afterAll(() => left.endAll());

  test.each([
    ['of a later release', (text: string) => JSON.stringify({ ...JSON.parse(text), version: 2 })],
    ['that is cut', (text: string) => text.slice(0, text.length / 2)],
    ['of zeros', (text: string) => '\0'.repeat(text.length)],
    ['that is gone', () => null],
  ])('%s is put aside, told, and made up for by its backup', async (_, spoil) => {
    const { home } = tempHome();
    cpSync(left.home, home, { recursive: true });
    const path = join(home, 'run', 'state.json');
    const spoilt = spoil(readFileSync(path, 'utf8'));
    if (spoilt === null) rmSync(path);
    else writeFileSync(path, spoilt);
    const next = await remembers({ home }, 0);
    expect(next.output()).toContain('its backup is used');
    expect(next.output()).toContain('The state file was damaged');
    if (spoilt !== null) expect(readFileSync(`${path}.damaged`, 'utf8')).toBe(spoilt);
    // What it is replaced by is whole again.
    await waitFor(() => existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === 1);
  });
});

describe('the record of processes', { timeout: 120_000 }, () => {
  const STAYS = fixture(['--behaviour', 'ignore-eof,ignore-term,escapee']);

  test.skipIf(process.platform !== 'linux').each([
    ['cut', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 60))],
    ['gone', (path: string) => rmSync(path)],
  ])('is %s: servers that still live are known by their mark, ended, and started once', async (_, spoil) => {
    const first = await startDaemon({ a: STAYS });
    await first.up('a');
    await first.until('a', 'its tree seen', ({ usage }) => usage?.processes === 2);
    await killWithGuardian(first);
    const left = await leftOver(first.home);
    expect(left.length).toBeGreaterThan(0);
    const stranger = startGroup(['sleep', '60'], { MCP_WATCHDOG_RUN: 'somebody/else/1' });
    spoil(join(first.home, 'run', 'processes.json'));
    const next = await startDaemon({ a: STAYS }, { home: first.home });
    const { pid, restarts } = await next.up('a');
    expect(restarts.unobserved).toBe(1);
    expect(next.output()).toContain('The record of processes was lost');
    expect(left.filter(isRunning)).toEqual([]);
    expect(isRunning(pid ?? 0)).toBe(true);
    expect(isRunning(stranger.pid)).toBe(true);
    expect(await next.journal('spawned')).toHaveLength(2);
  });

  test('is written again when somebody has taken it away', async () => {
    const daemon = await startDaemon({ a: fixture() });
    const { pid } = await daemon.up('a');
    const path = join(daemon.home, 'run', 'processes.json');
    rmSync(path);
    await waitFor(() => existsSync(path) && readFileSync(path, 'utf8').includes(`"pid":${pid}`));
  });
});

test(
  'a lock whose number is a stranger’s by now, and a dead socket, hinder nobody',
  { timeout: 120_000 },
  async () => {
    const first = await withHistory();
    await first.stop('SIGKILL');
    await waitFor(async () => (await leftOver(first.home)).length === 0);
    const lock = join(first.home, 'run', 'lock');
    const [highest = ''] = readdirSync(lock).toSorted((a, b) => Number(b) - Number(a));
    const stranger = startGroup(['sleep', '60']);
    const owner = JSON.parse(readFileSync(join(lock, highest), 'utf8'));
    writeFileSync(join(lock, highest), JSON.stringify({ ...owner, pid: stranger.pid }));
    expect(existsSync(join(first.home, 'run', 'control.sock'))).toBe(true);
    expect(runCli(first.home, ['status']).code).toBe(5);
    const next = await remembers(first, 1);
    expect(next.run('status').code).toBe(0);
    expect(isRunning(stranger.pid)).toBe(true);
  },
);

test('a clock that is a year behind at the next start moves nothing', { timeout: 120_000 }, async () => {
  const ahead = `const { now } = Date; const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...given) { super(...(given.length === 0 ? [now() + ${YEAR}] : given)); }
      static now() { return now() + ${YEAR}; }
    };`;
  const first = await withHistory({ env: { NODE_OPTIONS: preload(ahead) } });
  expect((await first.status()).daemon.startedAt).toBeGreaterThan(Date.now() + YEAR / 2);
  await first.stop('SIGKILL');
  const next = await remembers(first, 1);
  // It is restarted as ever, and reads its journal to the end.
  const { pid } = await next.server('a');
  process.kill(pid ?? 0, 'SIGKILL');
  await next.until('a', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  expect((await next.server('a')).restarts.signal).toBe(2);
  expect(next.run('status', 'a').code).toBe(0);
  const client = await connect(join(first.home, 'run', 'control.sock'));
  onTestFinished(() => client.close());
  expect((await client.request('status', {})).daemon.gaps.count).toBe(0);
});
