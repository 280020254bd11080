// Memory of one supervised server that outlives its phases: attempts, failures, refusals, and what resets them.
import { hashText } from '../base/text.ts';
import type {
  LifecyclePhase,
  LifecyclePolicy,
  LifecycleState,
  RestartCause,
} from '../model/lifecycle-state.ts';
import { rememberFailure, withJitter } from './restart-policy.ts';

/** Time of an input, ms, and a chance of 0..1 that spreads the delay after it. */
export type When = { readonly at: number; readonly chance: number };

/** Time between two attempts while only a person can help, ms. */
const ATTENTION_RETRY = 30 * 60_000;

/** Starts in a row with the same error at the handshake after which only a person can help. */
const REFUSED_STARTS = 3;

type Memory = Pick<
  LifecycleState,
  'wanted' | 'run' | 'failures' | 'attempt' | 'halfOpen' | 'cause' | 'refusal'
>;

/** Takes from a state what its next phase keeps. */
export function memory({ wanted, run, failures, attempt, halfOpen, cause, refusal }: LifecycleState): Memory {
  const kept = { wanted, run, failures, attempt, halfOpen, cause };
  return refusal === undefined ? kept : { ...kept, refusal };
}

/** Returns the same memory in another phase. */
export function enter(state: LifecycleState, phase: LifecyclePhase): LifecycleState {
  return { ...phase, ...memory(state) };
}

/** Counts the starts in a row that the server answered with the same error; once for each start. */
export function refused(state: LifecycleState, error: string): LifecycleState {
  const { run, refusal } = state;
  const hash = hashText(error);
  if (refusal?.run === run)
    return refusal.hash === hash ? state : { ...state, refusal: { hash, run, starts: 1 } };
  const isSame = refusal?.hash === hash && refusal.run === run - 1;
  return { ...state, refusal: { hash, run, starts: isSame ? refusal.starts + 1 : 1 } };
}

/** Tells whether this start was the last of several in a row with the same error. */
export function isRefusedAgain({ refusal, run }: LifecycleState): boolean {
  return refusal !== undefined && refusal.run === run && refusal.starts >= REFUSED_STARTS;
}

/** Starts the long wait for a person. The attempts in it use up no budget, so that the first good one ends it. */
export function needsAttention(
  state: LifecycleState,
  { at, chance }: When,
  { restart }: LifecyclePolicy,
): LifecycleState {
  const delay = withJitter(ATTENTION_RETRY, restart.jitter, chance);
  return enter(
    { ...state, halfOpen: false, attempt: 0 },
    { phase: 'needs_attention', deadline: at + delay, delay },
  );
}

/** Records an unplanned end: it moves the delay and uses up the budgets, whatever its reason. */
export function failed(
  state: LifecycleState,
  cause: RestartCause,
  { at }: When,
  { restart }: LifecyclePolicy,
): LifecycleState {
  return {
    ...state,
    cause,
    attempt: state.attempt + 1,
    failures: rememberFailure(state.failures, at, restart.budget),
  };
}

/** Resets delay and budgets, as an operator's request does. */
export function cleared(state: LifecycleState): LifecycleState {
  return { ...state, failures: [], attempt: 0, halfOpen: false, refusal: undefined };
}
