// Types of the update state machine: plan, phases, inputs, actions and outcome of one update.
import type { SameVersion } from '../model/package.ts';
import type { UpdateBy, UpdateResult } from '../model/vocabulary.ts';

/** Decision made when the update began; it holds to the end. */
export interface UpdatePlan {
  /** A `rollback` is requested by an operator: no canary, no quiet moment, no probation. */
  readonly kind: 'update' | 'rollback';
  readonly from: string;
  readonly to: string;
  readonly by: UpdateBy;
  /** Version that the config asked for at that time. */
  readonly wish: string;
  /** True when an operator named the version: the schedule does not update it afterwards. */
  readonly isPin: boolean;
  /** ms since the epoch */
  readonly since: number;
}

/** Reason of a rollback. `isBad`: the version is at fault and is not tried again. */
export interface RollbackVerdict {
  readonly reason: string;
  readonly isBad: boolean;
  /** True when an operator asked for it: nothing has failed. */
  readonly isAsked: boolean;
}

export type UpdateState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'installing'; readonly plan: UpdatePlan }
  | { readonly phase: 'canary'; readonly plan: UpdatePlan }
  /** `notice`: tools that clients will miss, one line; null for none. */
  | {
      readonly phase: 'waiting';
      readonly plan: UpdatePlan;
      readonly deadline: number;
      readonly notice: string | null;
    }
  /** `isSeen`: a process of the new version was started. */
  | {
      readonly phase: 'switching';
      readonly plan: UpdatePlan;
      readonly step: 'back-up' | 'link' | 'start';
      readonly isSeen: boolean;
      readonly deadline: number | null;
      readonly notice: string | null;
    }
  /**
   * `deadline` null while it is on hold. `isUp`: as of the last input; a server that is down at the deadline has not passed.
   * `deaths`: daemons that died during this probation.
   */
  | {
      readonly phase: 'probation';
      readonly plan: UpdatePlan;
      readonly deadline: number | null;
      readonly isUp: boolean;
      readonly deaths: number;
      readonly notice: string | null;
    }
  /**
   * When the disk refuses the link, the server is restarted with the old version all the same, and the link is tried
   * again.
   */
  | {
      readonly phase: 'rolling_back';
      readonly plan: UpdatePlan;
      readonly step: 'link' | 'start' | 'relink';
      readonly isLinked: boolean;
      readonly deadline: number | null;
      readonly verdict: RollbackVerdict;
    };

export type UpdateUnderWay = Exclude<UpdateState, { phase: 'idle' }>;

/** Durations in ms. */
export interface UpdateRules {
  readonly strictTools: boolean;
  readonly probation: number;
  /** Longest time from the restart to the first good health. */
  readonly comeUp: number;
  readonly isSame: SameVersion;
}

export type UpdateInput =
  | { readonly kind: 'begin'; readonly plan: UpdatePlan }
  /** `refusal`: why the installation failed; null when it did not. */
  | { readonly kind: 'installed'; readonly refusal: string | null }
  | {
      readonly kind: 'canaried';
      readonly failure: { readonly reason: string; readonly fault: 'version' | 'ours' } | null;
      /** Tools that are gone or accept less, one line; null for none. */
      readonly lost: string | null;
    }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'backed-up'; readonly refusal: string | null }
  /** `isUp`: a process runs that must be replaced, or is about to start. */
  | {
      readonly kind: 'linked';
      readonly version: string;
      readonly refusal: string | null;
      readonly isUp: boolean;
    }
  /** The state could not be saved before its action. */
  | { readonly kind: 'unwritten' }
  | { readonly kind: 'spawned'; readonly version: string | null }
  | { readonly kind: 'up' }
  /** It does not answer right now, which need not be a fault of the version: the probation judges that. */
  | { readonly kind: 'down' }
  /** `start`: no process was started; `run`: one ended or is unusable. */
  | {
      readonly kind: 'failing';
      readonly stage: 'start' | 'run';
      readonly reason: string;
      readonly fault: 'version' | 'ours';
    }
  /** It is down on request, or because its task is completed. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'cancel' }
  /** Version that the config asks for. */
  | { readonly kind: 'wish'; readonly wish: string }
  /** The config overrules the update. */
  | { readonly kind: 'superseded'; readonly reason: string }
  | { readonly kind: 'tick' };

export type UpdateEvent = { readonly at: number } & UpdateInput;

/** Result of an update; `update-memory.ts` records it. */
export interface UpdateOutcome {
  readonly plan: UpdatePlan;
  readonly result: UpdateResult;
  readonly reason: string | null;
  /** Version that is not tried again automatically; null for none. */
  readonly bad: string | null;
  /** Which of the two versions runs from now on; null when the config decides. */
  readonly runs: 'from' | 'to' | null;
}

export type UpdateAction =
  | { readonly kind: 'install' }
  | { readonly kind: 'canary' }
  | { readonly kind: 'await-quiet' }
  | { readonly kind: 'back-up' }
  | { readonly kind: 'link'; readonly version: string }
  | { readonly kind: 'restart'; readonly detail: string }
  /** Starts a new probation. */
  | { readonly kind: 'watch' }
  /** Cancels the work that is still under way. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'settle'; readonly outcome: UpdateOutcome };

export interface UpdateDecision {
  readonly state: UpdateState;
  readonly actions: readonly UpdateAction[];
}

export const IDLE_UPDATE: UpdateState = { phase: 'idle' };

/** Longest wait for a quiet moment, ms. */
export const LONGEST_WAIT = 5 * 60_000;

/** Interval between attempts to restore a link that the disk refused, ms. */
export const RELINK_EVERY = 30_000;

export const BY_OPERATOR = 'rolled back by an operator';

/** Returns the monotonic time at which `state` needs a `tick`; null when only another input can move it. */
export function updateDeadline(state: UpdateState): number | null {
  // A server that is down has no deadline: it comes up again, or fails.
  if (state.phase === 'probation' && !state.isUp) return null;
  return 'deadline' in state ? state.deadline : null;
}

/** Returns the version to start now while the config asks for `wish`; null when the update does not decide. */
export function versionToStart(state: UpdateState, wish: string): string | null {
  if (state.phase === 'idle' || state.plan.wish !== wish) return null;
  if (state.phase === 'rolling_back') return state.plan.from;
  const isSwitched = state.phase === 'probation' || (state.phase === 'switching' && state.step === 'start');
  return isSwitched ? state.plan.to : null;
}
