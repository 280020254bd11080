import { describe, expect, test } from 'vitest';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import { NO_UPDATES, type UpdateProgress, type UpdateStatus } from '../../../src/core/model/update.ts';
import { stateWords, wordsSince } from '../../../src/core/status/state-words.ts';
import { DOWN, NOW, serverStatus } from '../../fakes/status.ts';

const { health } = serverStatus();

function updating(phase: UpdateProgress['phase']): UpdateStatus {
  const progress = {
    phase,
    from: '1.0.0',
    to: '1.1.0',
    by: 'operator',
    since: NOW,
    until: null,
    detail: null,
  } as const;
  return { checkedAt: null, outlook: null, progress, memory: NO_UPDATES };
}

describe('a state in words', () => {
  test.each<[string, Partial<ServerStatus>]>([
    ['running', {}],
    ['starting', { state: 'starting', health: { ...DOWN, up: null } }],
    ['starting', { health: { ...health, up: null } }],
    ['installing', { state: 'starting', note: 'installing a@1.0.0: 87 packages, 45.2 MiB, 6 s' }],
    ['crash looping', { state: 'crash_looping', health: DOWN }],
    ['backoff', { state: 'backoff', health: DOWN }],
    ['idle', { state: 'idle' }],
    ['stopped by you', { state: 'stopped', desired: 'down', stoppedBecause: 'asked' }],
    ['not enabled', { state: 'stopped', desired: 'down', enabled: false }],
    ['completed', { state: 'stopped', stoppedBecause: 'completed' }],
    ['stays down', { state: 'stopped', stoppedBecause: 'prevented' }],
    ['stopped', { state: 'stopped' }],
    ['cannot be ended', { state: 'stopping', killRepeats: 2 }],
    ['unauthorized', { health: { ...health, unauthorized: true } }],
    ['wrong host', { health: { ...health, unauthorized: true, wrongHost: true } }],
    ['down', { health: { ...DOWN, suspect: true, unauthorized: true } }],
    ['not answering', { health: { ...health, suspect: true } }],
    ['memory high', { overLimit: ['cpu', 'memory'] }],
    ['CPU high', { overLimit: ['cpu'] }],
    ['on probation', { update: updating('probation') }],
    ['updating', { update: updating('canary') }],
    ['rolling back', { state: 'starting', update: updating('rolling_back') }],
    ['answering', { state: 'watched' }],
    ['down', { state: 'watched', health: DOWN }],
    ['not asked yet', { state: 'watched', health: { ...health, up: null, detail: null } }],
    [
      'cannot be asked',
      { state: 'watched', probes: {}, health: { ...health, up: null, detail: 'no host has the name x' } },
    ],
    ['not answering', { state: 'watched', health: { ...health, up: null, detail: 'refused' } }],
    ['cannot be asked', { state: 'watched', health: { ...health, unasked: 'no name server' } }],
    ['not answering', { state: 'watched', health: { ...health, suspect: true, unasked: 'no name server' } }],
    ['running', { health: { ...health, unasked: 'Cannot run ./probe' } }],
  ])('%s', (words, change) => {
    expect(stateWords(serverStatus(change))).toBe(words);
  });

  test('running only while nothing is wrong', () => {
    for (const wrong of [DOWN, { ...health, suspect: true }, { ...health, unauthorized: true }])
      for (const state of ['running', 'watched'] as const)
        expect(stateWords(serverStatus({ state, health: wrong }))).not.toMatch(/^(?:running|answering)$/u);
  });
});

test('how long: a trouble since it began, what is all right since it runs', () => {
  const since = NOW - 9000;
  const verdictSince = NOW - 1000;
  expect(wordsSince(serverStatus({ since, verdictSince, health: DOWN }))).toBe(verdictSince);
  expect(wordsSince(serverStatus({ since, health: DOWN }))).toBe(since);
  const far = { state: 'watched', health: { ...health, unasked: 'no name server' } } as const;
  expect(wordsSince(serverStatus({ ...far, since, verdictSince }))).toBe(verdictSince);
  expect(wordsSince(serverStatus({ since, verdictSince }))).toBe(since);
  expect(wordsSince(serverStatus({ since, verdictSince, state: 'backoff' }))).toBe(since);
});
