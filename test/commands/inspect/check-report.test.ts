import { describe, expect, it } from 'vitest';
import { checkReport, checkServer, exitCodeOf } from '../../../src/commands/inspect/check-report.ts';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import { NOW, serverStatus } from '../../fakes/status.ts';

const { limits, usage, health } = serverStatus();
const small = { ...limits, memory: { soft: 1024 ** 2, hard: null } };
const slow = { ...limits, cpu: { soft: null, hard: 0.01, for: 1000 } };
const down = { ...health, up: false, detail: 'no answer within 5 s' };

describe('checkServer()', () => {
  it.each<[string, Partial<ServerStatus>, number, string[]]>([
    ['all is well', {}, 0, []],
    ['it is starting', { state: 'starting' }, 1, ['not running: starting']],
    [
      'it crashed',
      { state: 'backoff', lastExit: { at: NOW, code: 1, signal: null } },
      1,
      ['not running: backoff, exited with code 1; waits for you'],
    ],
    ['it takes too much memory', { limits: small }, 2, ['memory is 117 MiB, the limit is 1 MiB']],
    ['it takes too much CPU', { limits: slow }, 3, ['CPU is 3.4 %, the limit is 1 %']],
    [
      'both',
      { limits: { ...small, cpu: slow.cpu } },
      2,
      ['memory is 117 MiB, the limit is 1 MiB', 'CPU is 3.4 %, the limit is 1 %'],
    ],
    ['it is down', { health: down }, 4, ['not responding: no answer within 5 s']],
    ['it missed one', { health: { ...health, suspect: true } }, 4, ['not responding: the last probe failed']],
    [
      'its latest probe failed',
      { probes: { ping: { at: 1, ok: true, took: 1 }, list_tools: { at: 2, ok: false, took: null } } },
      4,
      ['not responding: the last probe failed'],
    ],
    [
      'nothing is known yet',
      { health: { ...health, up: null } },
      4,
      ['not responding: no probe has passed yet'],
    ],
    [
      'it wants to know who asks',
      {
        health: { ...health, unauthorized: true, detail: 'ping was answered with HTTP 401' },
        probes: { ping: { at: 1, ok: false, took: null } },
      },
      0,
      [],
    ],
    ['there is nothing to measure', { usage: null, limits: small }, 0, []],
    ['it only has a url', { state: 'watched', usage: null }, 0, []],
    ['it was stopped', { state: 'stopped', desired: 'down' }, 0, []],
    ['it was a task and is done', { state: 'stopped', stoppedBecause: 'completed' }, 0, []],
    [
      'it may not start again',
      { state: 'stopped', stoppedBecause: 'prevented' },
      1,
      ['not running: stopped, stays down, as the config says'],
    ],
  ])('%s', (_, change, exitCode, texts) => {
    const checked = checkServer(serverStatus(change), { asked: false, now: NOW });
    expect(checked.faults.map(({ text }) => text)).toEqual(texts);
    expect(exitCodeOf([checked])).toBe(exitCode);
  });

  it('counts a stopped server as not running when it was asked for by name', () => {
    const checked = checkServer(serverStatus({ state: 'stopped', desired: 'down' }), {
      asked: true,
      now: NOW,
    });
    expect(checked.faults).toMatchObject([{ kind: 'not_running', text: 'not running: stopped by you' }]);
  });

  it('keeps value and limit beside the words', () => {
    const checked = checkServer(serverStatus({ limits: small }), { asked: false, now: NOW });
    expect(checked.faults).toMatchObject([{ kind: 'memory', value: usage?.residentBytes, limit: 1024 ** 2 }]);
  });
});

describe('exitCodeOf()', () => {
  it('is the gravest of several', () => {
    const checked = [
      serverStatus({ health: down }),
      serverStatus({ limits: small }),
      serverStatus({ state: 'stopping' }),
    ];
    expect(exitCodeOf(checked.map((server) => checkServer(server, { asked: false, now: NOW })))).toBe(1);
    expect(exitCodeOf([])).toBe(0);
  });
});

describe('checkReport()', () => {
  it('says one line per fault, and ok where there is none', () => {
    const servers = [
      serverStatus(),
      serverStatus({ name: 'files', limits: { ...small, cpu: slow.cpu } }),
      serverStatus({ name: 'x', state: 'stopped', desired: 'down' }),
      serverStatus({ name: 'task', state: 'stopped', stoppedBecause: 'completed' }),
    ];
    const checked = servers.map((server) => checkServer(server, { asked: false, now: NOW }));
    expect(checkReport(checked, servers, { width: 80, colour: false, now: NOW })).toEqual([
      'context7  ok: answered in 3.4 ms',
      'files     memory is 117 MiB, the limit is 1 MiB',
      'files     CPU is 3.4 %, the limit is 1 %',
      'x         ok: stopped by you',
      'task      ok: completed',
    ]);
  });
});
