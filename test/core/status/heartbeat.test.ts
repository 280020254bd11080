import { describe, expect, it } from 'vitest';
import { INITIAL_LIFECYCLE, type LifecycleState } from '../../../src/core/model/lifecycle-state.ts';
import type { HealthVerdict } from '../../../src/core/model/observations.ts';
import {
  BEAT_SPAN,
  BEATS,
  endHeartbeats,
  type Heartbeats,
  isBeatEvent,
  lettersOf,
  reduceHeartbeats,
  restartsSince,
} from '../../../src/core/status/heartbeat.ts';

const MINUTE = 60_000;
const END = 1_000 * BEAT_SPAN;
const START = END - BEATS * BEAT_SPAN;

type Step = Parameters<typeof reduceHeartbeats>[1];

const to = (phase: 'preparing' | 'running' | 'backoff' | 'stopped', because = 'asked'): LifecycleState => {
  const base = { ...INITIAL_LIFECYCLE, wanted: 'up' as const };
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- only what the heartbeat reads
  return { ...base, phase, because, since: 0, stable: false, deadline: null } as LifecycleState;
};
const at = (time: number, phase: Parameters<typeof to>[0], because?: string): Step => ({
  at: time,
  kind: 'transition',
  server: 'files',
  to: to(phase, because),
});
const added = (time: number): Step => ({ at: time, kind: 'server-added', server: 'files' });
const health = (time: number, change: Partial<HealthVerdict>): Step => ({
  at: time,
  kind: 'health',
  server: 'files',
  health: { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null, ...change },
});

function letters(steps: readonly Step[], now = END - 1): string {
  const all = steps.reduce<Heartbeats>(reduceHeartbeats, new Map());
  return lettersOf(all.get('files'), now);
}

/** `u70 d2`: letters and how often each follows the other. */
function short(text: string): string {
  return [...text.matchAll(/(.)\1*/gu)].map(([run]) => `${run[0]}${run.length}`).join(' ');
}

const UP = [added(START - MINUTE), at(START - MINUTE, 'preparing'), at(START - MINUTE, 'running')];

describe('heartbeat', () => {
  it('is 72 letters, of nothing where nothing is known', () => {
    expect(lettersOf(undefined, END)).toBe('n'.repeat(72));
    expect(short(letters([added(END - 12 * MINUTE), at(END - 12 * MINUTE, 'running')]))).toBe('n69 u3');
  });

  it('shows what held at the end of five minutes, and what was graver for a while', () => {
    const down = [health(END - 22 * MINUTE, { up: false }), health(END - 21 * MINUTE, {})];
    expect(short(letters([...UP, ...down]))).toBe('u67 d1 u4');
    const blink = [health(END - 22 * MINUTE, { suspect: true }), health(END - 22 * MINUTE + 5_000, {})];
    expect(short(letters([...UP, ...blink]))).toBe('u72');
  });

  it('shows a restart, however short', () => {
    const time = END - 8 * MINUTE;
    const restart: Step[] = [
      at(time, 'backoff'),
      { at: time + 10, kind: 'restarted', server: 'files' },
      at(time + 10, 'preparing'),
      at(time + 900, 'running'),
    ];
    expect(short(letters([...UP, ...restart]))).toBe('u70 r1 u1');
  });

  it('knows each state by its letter', () => {
    const time = END - 2 * MINUTE;
    const last = (...steps: readonly Step[]): string => letters([...UP, ...steps]).slice(-1);
    expect(last(at(time, 'preparing'))).toBe('s');
    expect(last(at(time, 'backoff'))).toBe('d');
    expect(last(at(time, 'stopped'))).toBe('o');
    expect(last(at(time, 'stopped', 'idle'))).toBe('o');
    expect(last(at(time, 'stopped', 'prevented'))).toBe('d');
    expect(last(health(time, { unauthorized: true }))).toBe('a');
    expect(last(health(time, { suspect: true }))).toBe('s');
    const limit = {
      at: time,
      kind: 'limit',
      server: 'files',
      resource: 'memory',
      value: 2,
      limit: 1,
    } as const;
    expect(last({ ...limit, level: 'soft' })).toBe('s');
    expect(last({ ...limit, level: 'soft' }, { ...limit, level: 'ok', at: time + 1 })).toBe('u');
  });

  it('goes by health alone for a server without a process of ours', () => {
    expect(letters([added(START), health(START, {})])).toBe('u'.repeat(72));
    expect(letters([added(START), health(END - 1000, { up: false })]).slice(-1)).toBe('d');
  });

  it('knows nothing of the time in which the machine slept or the watchdog did not run', () => {
    const gap: Step = { at: END - 10 * MINUTE, kind: 'gap', cause: 'sleep', duration: 20 * MINUTE };
    expect(short(letters([...UP, gap]))).toBe('u66 n4 u2');
    const ended = endHeartbeats(UP.reduce<Heartbeats>(reduceHeartbeats, new Map()), END - 30 * MINUTE);
    const back = [added(END - 10 * MINUTE), at(END - 10 * MINUTE, 'running')].reduce(reduceHeartbeats, ended);
    expect(short(lettersOf(back.get('files'), END - 1))).toBe('u66 n4 u2');
  });

  it('forgets a server that the config has no more', () => {
    expect(letters([...UP, { at: END - MINUTE, kind: 'server-removed', server: 'files' }])).toBe(
      'n'.repeat(72),
    );
  });

  it('keeps a bounded number of changes', () => {
    let all: Heartbeats = UP.reduce<Heartbeats>(reduceHeartbeats, new Map());
    for (let index = 0; index < 20_000; index += 1)
      all = reduceHeartbeats(all, at(START + index * 1000, index % 2 === 0 ? 'backoff' : 'running'));
    expect(all.get('files')?.changes.length).toBeLessThan(2_200);
    expect(lettersOf(all.get('files'), END - 1)).toHaveLength(72);
  });

  it('is moved by seven kinds of events', () => {
    expect(isBeatEvent({ kind: 'transition' })).toBe(true);
    expect(isBeatEvent({ kind: 'sampled' })).toBe(false);
  });
});

it('counts restarts, also those of before the watchdog was started anew', () => {
  const restarted = (time: number): Step => ({ at: time, kind: 'restarted', server: 'files' });
  const before = [...UP, restarted(START + 1), restarted(END - MINUTE)].reduce<Heartbeats>(
    reduceHeartbeats,
    new Map(),
  );
  const after = endHeartbeats(before, END).get('files');
  expect(restartsSince(after, START)).toBe(2);
  expect(restartsSince(after, START + 1)).toBe(1);
  expect(restartsSince(undefined, 0)).toBe(0);
  expect(lettersOf(after, END).at(-2)).toBe('r');
});
