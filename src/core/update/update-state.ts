// What there is to know about one update: how far it is, what happened, what is to be done, how it ended.
import type { UpdateBy, UpdateResult } from '../model/vocabulary.ts';

/** What was decided when it began, and holds to its end. */
export interface UpdatePlan {
  /** A `rollback` is asked for by a person who has seen enough: no canary, no quiet moment, no probation. */
  readonly kind: 'update' | 'rollback';
  readonly from: string;
  readonly to: string;
  readonly by: UpdateBy;
  /** What the config asked for then. */
  readonly wish: string;
  /** The version was named by an operator: the schedule leaves it alone afterwards. */
  readonly isPin: boolean;
  /** ms since the epoch */
  readonly since: number;
}

/** Why it goes back, or was given up. `isBad`: through a fault of the version, which is then not tried again. */
export interface RollbackVerdict {
  readonly reason: string;
  readonly isBad: boolean;
  /** An operator wanted it: nothing has failed. */
  readonly isAsked: boolean;
}

export type UpdateState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'installing'; readonly plan: UpdatePlan }
  | { readonly phase: 'canary'; readonly plan: UpdatePlan }
  /** `notice`: tools that clients will miss, in one line. */
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
   * `deadline` null while it is on hold. `isUp`: as of the last news; who is down at the deadline has not passed.
   * `deaths`: daemons that died while it was watched.
   */
  | {
      readonly phase: 'probation';
      readonly plan: UpdatePlan;
      readonly deadline: number | null;
      readonly isUp: boolean;
      readonly deaths: number;
      readonly notice: string | null;
    }
  /** The disk may refuse the link: the server goes back all the same, and the link is tried again. */
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
  /** From the order to restart to the first good health. */
  readonly comeUp: number;
}

export type UpdateInput =
  | { readonly kind: 'begin'; readonly plan: UpdatePlan }
  /** `refusal` null when it is there. */
  | { readonly kind: 'installed'; readonly refusal: string | null }
  | {
      readonly kind: 'canaried';
      readonly failure: { readonly reason: string; readonly fault: 'version' | 'ours' } | null;
      /** Tools that are gone or take less, in one line. */
      readonly lost: string | null;
    }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'backed-up'; readonly refusal: string | null }
  /** `isUp`: there is a process to be replaced, or one on its way. */
  | {
      readonly kind: 'linked';
      readonly version: string;
      readonly refusal: string | null;
      readonly isUp: boolean;
    }
  /** The state could not be written down before what it says was done. */
  | { readonly kind: 'unwritten' }
  | { readonly kind: 'spawned'; readonly version: string | null }
  | { readonly kind: 'up' }
  /** It does not answer right now, which need not be the version's doing: others judge that. */
  | { readonly kind: 'down' }
  /** `start`: no process came of it; `run`: one ended or is not of use. */
  | {
      readonly kind: 'failing';
      readonly stage: 'start' | 'run';
      readonly reason: string;
      readonly fault: 'version' | 'ours';
    }
  /** It is down because somebody wants it so, or because its work is done. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'cancel' }
  /** The version that the config asks for. */
  | { readonly kind: 'wish'; readonly wish: string }
  /** The config no longer asks for what this is about. */
  | { readonly kind: 'superseded'; readonly reason: string }
  | { readonly kind: 'tick' };

export type UpdateEvent = { readonly at: number } & UpdateInput;

/** How it ended; what is remembered of that follows in `update-memory.ts`. */
export interface UpdateOutcome {
  readonly plan: UpdatePlan;
  readonly result: UpdateResult;
  readonly reason: string | null;
  /** The version is not tried again by itself. */
  readonly bad: string | null;
  /** Which of the two runs from now on; null when the config has the last word. */
  readonly runs: 'from' | 'to' | null;
}

export type UpdateAction =
  | { readonly kind: 'install' }
  | { readonly kind: 'canary' }
  | { readonly kind: 'await-quiet' }
  | { readonly kind: 'back-up' }
  | { readonly kind: 'link'; readonly version: string }
  | { readonly kind: 'restart'; readonly detail: string }
  /** From here on it is watched anew. */
  | { readonly kind: 'watch' }
  /** What is still being done for it is no longer wanted. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'settle'; readonly outcome: UpdateOutcome };

export interface UpdateDecision {
  readonly state: UpdateState;
  readonly actions: readonly UpdateAction[];
}

export const IDLE_UPDATE: UpdateState = { phase: 'idle' };

/** Nobody is ever so busy that a new version has to wait longer, ms. */
export const LONGEST_WAIT = 5 * 60_000;

/** A link that the disk refused is tried again so often, ms. */
export const RELINK_EVERY = 30_000;

export const BY_OPERATOR = 'rolled back by an operator';

/** The monotonic moment at which `state` needs a `tick`; null when only news can move it. */
export function updateDeadline(state: UpdateState): number | null {
  // Time alone does not decide for one that is down: it comes up again, or fails.
  if (state.phase === 'probation' && !state.isUp) return null;
  return 'deadline' in state ? state.deadline : null;
}

/** The version to start now while the config asks for `wish`; null when the update has no say in it. */
export function versionToStart(state: UpdateState, wish: string): string | null {
  if (state.phase === 'idle' || state.plan.wish !== wish) return null;
  if (state.phase === 'rolling_back') return state.plan.from;
  const isSwitched = state.phase === 'probation' || (state.phase === 'switching' && state.step === 'start');
  return isSwitched ? state.plan.to : null;
}
