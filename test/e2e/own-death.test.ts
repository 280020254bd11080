// What our own end, whatever its kind, leaves behind: nothing that runs, everything that was counted.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, leftOver, runCli, startDaemon } from './daemon.ts';

/** A tree that ignores TERM and EOF, with a child that does so too. */
const STUBBORN = {
  command: [
    '/bin/sh',
    '-c',
    `trap '' TERM HUP; sh -c 'trap "" TERM HUP; while :; do sleep 0.2; done' & while :; do sleep 0.2; done`,
  ],
  start: { timeout: '60s' },
};

const guardianOf = (daemon: number): number | undefined => {
  const children = readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return children.find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mcp-watchdog-guardian'),
  );
};

describe('a daemon that is killed', { timeout: 60_000 }, () => {
  test('leaves nothing alive 5 s later, and its counters to the next one', async () => {
    const first = await startDaemon({
      polite: fixture(),
      stubborn: STUBBORN,
      escapee: fixture(['--behaviour', 'escapee,ignore-eof,ignore-term']),
    });
    const { pid } = await first.up('polite');
    await first.up('escapee');
    const stubborn = await first.until('stubborn', 'started', (server) => server.pid !== null);
    process.kill(pid ?? 0, 'SIGKILL');
    await first.until(
      'polite',
      'restarted',
      ({ restarts, state }) => restarts.signal === 1 && state === 'running',
    );
    await first.until('escapee', 'its tree seen', ({ usage }) => usage?.processes === 2);
    expect(await leftOver(first.home)).toContain(stubborn.pid);
    await first.stop('SIGKILL');
    await waitFor(async () => (await leftOver(first.home)).length === 0, {
      timeout: 5000,
      what: 'the end of all servers',
    });

    const second = await startDaemon({ polite: fixture() }, { home: first.home });
    await second.up('polite');
    expect(await second.metric('mcp_watchdog_server_restarts_total{server="polite",reason="signal"}')).toBe(
      1,
    );
    expect(
      await second.metric('mcp_watchdog_server_restarts_total{server="polite",reason="unobserved"}'),
    ).toBe(1);
  });

  test('together with its guardian: the next one ends what is left, and starts each server once', async () => {
    const first = await startDaemon({ s: fixture(['--behaviour', 'ignore-eof,ignore-term']) });
    const { pid } = await first.up('s');
    process.kill(guardianOf(first.pid) ?? 0, 'SIGKILL');
    await first.stop('SIGKILL');
    expect(isRunning(pid ?? 0)).toBe(true);
    const second = await startDaemon({ s: fixture() }, { home: first.home });
    expect(isRunning(pid ?? 0)).toBe(false);
    await second.up('s');
    expect(second.output()).toContain('Ended what an earlier daemon left');
  });
});

test('a daemon that is asked to end stops everything and says 143', { timeout: 60_000 }, async () => {
  const daemon = await startDaemon({
    a: fixture(),
    b: fixture(['--behaviour', 'ignore-term,ignore-eof']),
    c: fixture(['--behaviour', 'grandchild']),
  });
  for (const name of ['a', 'b', 'c']) await daemon.up(name);
  expect(await daemon.stop('SIGINT')).toBe(143);
  expect(await leftOver(daemon.home)).toEqual([]);
  expect(existsSync(`${daemon.home}/run/control.sock`)).toBe(false);
});

test('an operator’s stop outlives the daemon', { timeout: 60_000 }, async () => {
  const first = await startDaemon({ a: fixture(), b: fixture() });
  await first.up('a');
  await first.up('b');
  expect(first.run('stop', 'a').code).toBe(0);
  await first.stop('SIGKILL');
  const second = await startDaemon({ a: fixture(), b: fixture() }, { home: first.home });
  await second.up('b');
  expect(await second.server('a')).toMatchObject({ state: 'stopped', desired: 'down', pid: null });
  expect(await second.metric('mcp_watchdog_server_desired_running{server="a"}')).toBe(0);
});

test(
  'a second daemon for the same home says who holds it and leaves with 0',
  { timeout: 60_000 },
  async () => {
    const first = await startDaemon({ s: fixture() });
    const second = runCli(first.home, ['run']);
    expect(second.code).toBe(0);
    expect(second.err).toContain(String(first.pid));
  },
);

test(
  'a damaged state file costs the counters since its backup, and no server',
  { timeout: 60_000 },
  async () => {
    const first = await startDaemon({ s: fixture() });
    const { pid } = await first.up('s');
    process.kill(pid ?? 0, 'SIGKILL');
    await first.until('s', 'restarted', ({ restarts }) => restarts.signal === 1);
    await first.stop();
    writeFileSync(`${first.home}/run/state.json`, '{"version":1,"wis');
    const second = await startDaemon({ s: fixture() }, { home: first.home });
    await second.up('s');
    expect(await second.metric('mcp_watchdog_server_restarts_total{server="s",reason="signal"}')).toBe(1);
    expect(second.output()).toContain('The state file was damaged');
  },
);
