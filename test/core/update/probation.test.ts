import { describe, expect, test } from 'vitest';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import type { RestartReason } from '../../../src/core/model/vocabulary.ts';
import {
  type AfterStop,
  type RestartCause,
  INITIAL_LIFECYCLE,
  type LifecycleState,
} from '../../../src/core/model/lifecycle-state.ts';
import { observeProbation, beginProbation, type ProbationState } from '../../../src/core/update/probation.ts';
import { at as phase, HEALTHY, USAGE } from '../../fakes/stage.ts';

const MIB = 1024 ** 2;
const server = 'files';
const UP: LifecycleState = phase('running', { ...INITIAL_LIFECYCLE, wanted: 'up', run: 1 });

const { wanted, run, failures, attempt, halfOpen } = UP;
const stopping = (
  leadsTo: AfterStop,
  more: { wanted?: 'up' | 'down'; cause?: RestartCause } = {},
): LifecycleState => ({
  wanted,
  run,
  failures,
  attempt,
  halfOpen,
  cause: null,
  phase: 'stopping',
  step: 0,
  deadline: 5000,
  repeats: 0,
  wasReady: true,
  leadsTo,
  ...more,
});
const move = (from: LifecycleState, to: LifecycleState): UnstampedEvent => ({
  kind: 'transition',
  server,
  from,
  to,
  cause: 'exited',
  nextAttemptAt: null,
  budgetRemaining: 5,
});
const restarted = (reason: RestartReason): UnstampedEvent => ({
  kind: 'restarted',
  server,
  reason,
  detail: 'exit code 1',
});
const sampled = (mib: number, more: object = {}): UnstampedEvent => ({
  kind: 'sampled',
  server,
  usage: { ...USAGE, residentBytes: mib * MIB, ...more },
});
const health = (up: boolean | null, detail: string | null = null): UnstampedEvent => ({
  kind: 'health',
  server,
  health: { ...HEALTHY, up, detail },
});
const listed = (tools: number): UnstampedEvent => ({
  kind: 'probed',
  server,
  probe: 'list_tools',
  result: { outcome: 'passed', took: 3, tools },
});
const missed: UnstampedEvent = {
  kind: 'probed',
  server,
  probe: 'ping',
  result: { outcome: 'failed', took: 9, reason: 'timeout', detail: 'x' },
};
const brake = (failing: number): UnstampedEvent => ({ kind: 'brake', failing, watched: 3 });

function judge(news: readonly UnstampedEvent[], state = beginProbation({ baselineBytes: 100 * MIB })) {
  let current: ProbationState = state;
  let failure: string | null = null;
  for (const one of news) {
    ({ state: current, failure } = observeProbation(current, { at: 0, ...one }));
  }
  return { state: current, failure };
}

describe('a probation', () => {
  test('has nothing against a server that does as before', () => {
    expect(judge([listed(3), sampled(110), health(true), sampled(120), listed(3)]).failure).toBeNull();
  });

  test.each<RestartReason>(['exit', 'signal', 'probe', 'start_timeout', 'memory', 'cpu'])(
    'is failed by a restart for %s',
    (reason) =>
      expect(judge([restarted(reason)]).failure).toBe(`it had to be restarted (${reason}): exit code 1`),
  );

  test.each<RestartReason>(['requested', 'config', 'update', 'unobserved'])(
    'says nothing of a restart that is %s',
    (reason) => expect(judge([restarted(reason)]).failure).toBeNull(),
  );

  test('is failed by an end at once, before the next start', () => {
    const cause = { reason: 'exit', detail: 'exit code 3' } as const;
    expect(judge([move(UP, stopping('retry', { cause }))]).failure).toBe('it ended (exit): exit code 3');
    expect(judge([move(UP, stopping('complete'))]).failure).toBe('it ended (exit)');
    expect(judge([move(UP, stopping('rest'))]).failure).toBe('it ended (exit)');
    expect(judge([move(UP, phase('crash_looping', UP))]).failure).toBe('it does not start');
  });

  test('goes on while an operator restarts or stops the server', () => {
    expect(judge([move(UP, stopping('again'))]).failure).toBeNull();
    expect(judge([move(UP, stopping('rest', { wanted: 'down' }))]).failure).toBeNull();
  });

  test('is failed by a start that is not possible', () => {
    const failure = {
      code: 'EXITED_BEFORE_READY',
      message: 'It ended',
      hint: null,
      retry: 'backoff',
    } as const;
    expect(judge([{ kind: 'start-failed', server, failure }]).failure).toBe('It ended');
  });

  test('is failed by a server that is down, and goes on failing', () => {
    expect(judge([health(false, 'No answer'), missed]).failure).toBeNull();
    expect(judge([health(false, 'No answer'), missed, missed]).failure).toBe('it is down: No answer');
    expect(judge([health(false), missed, health(true), missed, missed]).failure).toBeNull();
  });

  test('is not failed by what all servers suffer from', () => {
    const { state, failure } = judge([health(false), missed, brake(3), missed, missed, missed]);
    expect(failure).toBeNull();
    expect(judge([brake(0), health(false, 'still'), missed, missed], state).failure).toBe(
      'it is down: still',
    );
  });

  test('is failed by far more memory than before, in three samples in a row', () => {
    expect(judge([sampled(300), sampled(300)]).failure).toBeNull();
    expect(judge([sampled(300), sampled(300), sampled(150), sampled(300), sampled(300)]).failure).toBeNull();
    expect(judge([sampled(250), sampled(260), sampled(300)]).failure).toBe(
      'it uses 300 MiB of memory, the version before used 100 MiB',
    );
  });

  test('calls neither twice of little, nor much of much, far more', () => {
    const small = beginProbation({ baselineBytes: 20 * MIB });
    const large = beginProbation({ baselineBytes: 900 * MIB });
    const unknown = beginProbation({ baselineBytes: null });
    const samples = (mib: number): UnstampedEvent[] => Array.from({ length: 9 }, () => sampled(mib));
    expect(judge(samples(110), small).failure).toBeNull();
    expect(judge(samples(1500), large).failure).toBeNull();
    expect(judge(samples(9000), unknown).failure).toBeNull();
  });

  test('takes one look at the footprint for one piece of evidence', () => {
    const again = { footprintBytes: 900 * MIB, footprintIsNew: false };
    expect(
      judge([sampled(1, { footprintBytes: 900 * MIB }), sampled(1, again), sampled(1, again)]).failure,
    ).toBeNull();
  });

  test('is failed by tools that get fewer, counted from those of the canary', () => {
    expect(judge([listed(3), listed(4), listed(3)]).failure).toBe('it shows 3 tools of 4');
    const state = beginProbation({ baselineBytes: null, tools: 5 });
    expect(judge([listed(4)], state).failure).toBe('it shows 4 tools of 5');
  });

  test('keeps its first failure', () => {
    const { failure } = judge([restarted('exit'), restarted('memory'), health(true)]);
    expect(failure).toMatch(/\(exit\)/);
  });

  test('a new version that cannot even be started has failed', () => {
    const failure = {
      code: 'BIN_UNRESOLVED',
      message: 'It has no program',
      hint: null,
      retry: 'never',
    } as const;
    const preparing: LifecycleState = {
      wanted,
      failures,
      attempt,
      halfOpen,
      cause: null,
      phase: 'preparing',
      run: 2,
    };
    const news: UnstampedEvent[] = [move(UP, preparing), { kind: 'start-failed', server, failure }];
    expect(judge(news).failure).toBe('It has no program');
  });
});
