// Last cause of a start that failed: what was found out stands in the failure and in the restart, not that time is up.
import { describe, expect, it } from 'vitest';
import { decideLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import {
  INITIAL_LIFECYCLE,
  type LifecycleDecision,
  type LifecycleInput,
} from '../../../src/core/model/lifecycle-state.ts';
import { DEFAULT_SPEC } from '../../fakes/spec.ts';

const policy = {
  restart: DEFAULT_SPEC.restart,
  startTimeout: 10_000,
  stop: [{ kind: 'terminate', wait: 5000 }],
} as const;

function endOfStart(input: LifecycleInput, at = 10_000): LifecycleDecision {
  const inputs: LifecycleInput[] = [
    { kind: 'start', clear: true },
    { kind: 'prepared', run: 1 },
  ];
  const starting = inputs.reduce(
    (state, one) => decideLifecycle(state, { ...one, at: 0, chance: 0.5 }, policy).state,
    INITIAL_LIFECYCLE,
  );
  return decideLifecycle(starting, { ...input, at, chance: 0.5 }, policy);
}

function failureIn({ actions }: LifecycleDecision) {
  return actions.flatMap((action) => (action.kind === 'count-start-failure' ? [action.failure] : []))[0];
}

describe('a start that takes too long', () => {
  const known = { cause: 'The answer to initialize was -32603', quote: 'Missing API key' };

  it('fails for what the probe got last', () => {
    const decision = endOfStart({ kind: 'tick', known });
    expect(failureIn(decision)).toMatchObject({ code: 'NOT_READY_IN_TIME', ...known });
    expect(decision.state.cause).toEqual({
      reason: 'start_timeout',
      detail: 'The answer to initialize was -32603: “Missing API key”',
      quote: 'Missing API key',
    });
  });

  it('keeps message and code as they are, for those who read them', () => {
    const message = 'It was not ready within 10000 ms';
    expect(failureIn(endOfStart({ kind: 'tick', known }))?.message).toBe(message);
    expect(failureIn(endOfStart({ kind: 'tick' }))).toMatchObject({
      message,
      cause: 'not ready within 10 s',
    });
  });
});

describe('a process that ends before it is ready', () => {
  it('fails for how it ended and what it said', () => {
    const quote = 'Please provide a personal access token';
    const decision = endOfStart({ kind: 'exited', run: 1, code: 1, signal: null, quote }, 50);
    expect(failureIn(decision)).toMatchObject({ cause: 'exited with code 1 before it was ready', quote });
    expect(decision.state.cause).toMatchObject({ reason: 'exit', detail: 'exit code 1', quote });
  });
});
