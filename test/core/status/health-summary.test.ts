// Summary of a server: the same on the page, in the table and in an exit code.
import { describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import {
  describeHealth,
  healthLabel,
  isHealthy,
  latestProbe,
  statusSummary,
  describeRestart,
  restartsOf,
  stateLabel,
} from '../../../src/core/status/health-summary.ts';
import { DOWN, MINUTE, NOW, serverStatus } from '../../fakes/status.ts';

describe('isHealthy()', () => {
  it.each<[string, Partial<ServerStatus>, boolean]>([
    ['running and up', {}, true],
    ['running and not yet judged', { health: { ...DOWN, up: null } }, false],
    ['running and down', { health: DOWN }, false],
    ['suspect', { health: { ...DOWN, up: true, suspect: true } }, true],
    ['starting', { state: 'starting' }, false],
    ['backoff', { state: 'backoff' }, false],
    ['stopped on request', { state: 'stopped', desired: 'down' }, true],
    ['still stopping', { state: 'stopping', desired: 'down' }, false],
    ['ended by itself', { state: 'stopped', desired: 'up' }, false],
    ['a task that completed', { state: 'stopped', stoppedBecause: 'completed' }, true],
    ['kept from starting again', { state: 'stopped', stoppedBecause: 'prevented' }, false],
    ['watched and up', { state: 'watched' }, true],
    ['watched and down', { state: 'watched', health: DOWN }, false],
  ])('%s: %j is %s', (_, change, healthy) => {
    expect(isHealthy(serverStatus(change))).toBe(healthy);
  });
});

const LONG_AGO = {
  at: NOW - 3 * MINUTE,
  reason: 'probe',
  detail: 'no answer within 5 s, 3 of 3',
} as const;
const PORT = {
  at: NOW,
  code: 'PORT_IN_USE',
  message: 'Cannot start it: port 3000 is held by pid 7',
  hint: null,
  retry: 'backoff',
} as const;

describe('reasonOf()', () => {
  const exit = { at: NOW, code: 1, signal: null };
  it.each<[string, Partial<ServerStatus>]>([
    ['', {}],
    ['installing', { state: 'starting', note: 'installing' }],
    ['stopped by you', { state: 'stopped', desired: 'down' }],
    ['being stopped', { state: 'stopping', desired: 'down', lastRestart: LONG_AGO }],
    ['restarted 3 min ago: probe: no answer within 5 s, 3 of 3', { lastRestart: LONG_AGO }],
    [
      'restarted 3 min ago: probe: no answer within 5 s, 3 of 3',
      { state: 'stopping', lastRestart: LONG_AGO },
    ],
    ['not enabled', { state: 'stopped', desired: 'down', enabled: false }],
    ['exited with code 1', { state: 'stopped', desired: 'up', lastExit: exit }],
    ['completed', { state: 'stopped', stoppedBecause: 'completed' }],
    [
      'completed: exited with code 0',
      { state: 'stopped', stoppedBecause: 'completed', lastExit: { ...exit, code: 0 } },
    ],
    [
      'stays down, as the config says: exited with code 1',
      { state: 'stopped', stoppedBecause: 'prevented', lastExit: exit },
    ],
    ['waiting for db', { state: 'stopped', note: 'waiting for db' }],
    ['next attempt now', { state: 'backoff', nextAttemptAt: NOW - 5 }],
    [
      'Cannot start it: port 3000 is held by pid 7; next attempt in 4 min',
      { state: 'crash_looping', nextAttemptAt: NOW + 4.5 * MINUTE, lastExit: exit, lastFailure: PORT },
    ],
    [
      'Cannot start it: port 3000 is held by pid 7; waits for you',
      { state: 'crash_looping', lastFailure: PORT },
    ],
    [
      'connection refused',
      { state: 'starting', health: { ...DOWN, up: null, detail: 'connection refused' } },
    ],
    ['no answer within 5 s', { health: { ...DOWN, up: true, suspect: true } }],
    ['no answer within 5 s', { state: 'watched', health: DOWN }],
    ['', { state: 'watched' }],
    [
      'exited with code 1; next attempt in 30 s',
      { state: 'backoff', nextAttemptAt: NOW + 30_000, lastExit: exit },
    ],
    ['ended by SIGSEGV; waits for you', { state: 'crash_looping', lastExit: { ...exit, signal: 'SIGSEGV' } }],
    ['no answer within 5 s', { health: DOWN }],
    [
      'memory 117 MiB is over the limit of 100 MiB',
      {
        overLimit: ['memory'],
        limits: { ...serverStatus().limits, memory: { soft: 100 * 1024 ** 2, hard: null } },
      },
    ],
    [
      'CPU 3.4 % is over the limit of 2 %',
      { overLimit: ['cpu'], limits: { ...serverStatus().limits, cpu: { soft: 0.01, hard: 0.02, for: 1 } } },
    ],
    [
      'restarted 3 min ago: requested',
      { lastRestart: { at: NOW - 3 * MINUTE, reason: 'requested', detail: null } },
    ],
    ['cannot be ended: the kernel ignored 3 kills', { state: 'stopping', killRepeats: 2 }],
    ['red\\x07', { note: '\u001B[31mred\u0007' }],
  ])('%s', (said, change) => {
    expect(statusSummary(serverStatus(change), NOW)).toBe(said);
  });
});

describe('restartReason()', () => {
  it.each([
    ['signal', 'SIGKILL', 'signal SIGKILL'],
    ['exit', 'exit code 3', 'exit code 3'],
    ['probe', 'no answer', 'probe: no answer'],
    ['start_timeout', null, 'start timeout'],
  ] as const)('%s with %s is "%s"', (reason, detail, said) => {
    expect(describeRestart({ reason, detail })).toBe(said);
  });
});

describe('healthWord()', () => {
  const up = { ...DOWN, up: true };
  it.each([
    ['unknown', { ...DOWN, up: null }],
    ['down', DOWN],
    ['suspect', { ...up, suspect: true, unauthorized: true }],
    ['unauthorized', { ...up, unauthorized: true }],
    ['wrong host', { ...up, unauthorized: true, wrongHost: true }],
    ['up', up],
    ['up', { ...up, unasked: 'Cannot run ./probe' }],
  ] as const)('%s', (word, health) => {
    expect(healthLabel(serverStatus({ health }))).toBe(word);
  });

  it('is unknown of a url that lately cannot be asked, which is not healthy either', () => {
    const server = serverStatus({
      state: 'watched',
      health: { ...up, detail: null, unasked: 'no name server' },
    });
    expect([healthLabel(server), isHealthy(server), describeHealth(server.health)]).toEqual([
      'unknown',
      false,
      'no name server',
    ]);
  });
});

describe('stateWord()', () => {
  it('reads as English', () => {
    expect(stateLabel({ state: 'crash_looping' })).toBe('crash looping');
  });
});

describe('latestProbe() and restartsOf()', () => {
  it('take all kinds together', () => {
    const latest = { at: NOW, ok: false, took: null };
    const server = serverStatus({
      probes: { list_tools: latest, ping: { at: NOW - 1, ok: true, took: 1 } },
      restarts: { ...serverStatus().restarts, signal: 2, probe: 1 },
    });
    expect([latestProbe(server), restartsOf(server)]).toEqual([latest, 3]);
    expect(latestProbe(serverStatus({ probes: {} }))).toBeNull();
  });
});
