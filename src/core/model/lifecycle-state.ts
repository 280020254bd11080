// Types of the lifecycle state machine: policy, phases, state, inputs and actions of one supervised server.
import type { Cause } from '../base/cause.ts';
import type { LauncherExit, StartFailure } from './observations.ts';
import type { RestartReason, ServerStateName } from './vocabulary.ts';
import type { RestartPolicy } from './server-spec.ts';

/** Start, stop and restart settings of one server. Durations in milliseconds. */
export interface LifecyclePolicy {
  readonly restart: RestartPolicy;
  /** A process that is not ready this long after its spawn is ended and counted as a failed start. */
  readonly startTimeout: number;
  /** Steps that end the process, in order; the last one repeats until no process of it is left. */
  readonly stop: readonly [StopStep, ...StopStep[]];
}

/** One attempt to end a process group, and the wait before the next, ms. */
export interface StopStep {
  readonly kind: 'close-stdin' | 'terminate' | 'kill';
  readonly wait: number;
}

/** Continuation once no process of the run is left. */
export type AfterStop = 'rest' | 'complete' | 'again' | 'retry' | 'idle';

export type LifecyclePhase =
  /**
   * `because`: an operator's request, a task that completed, an exit that must not be followed by a start, or nobody uses
   * it: the next call starts it.
   */
  | { readonly phase: 'stopped'; readonly because: 'asked' | 'completed' | 'prevented' | 'idle' }
  /** Being installed, resolved and checked; no process yet. */
  | { readonly phase: 'preparing' }
  /** `limit`: the latest deadline that a download may reach. */
  | { readonly phase: 'starting'; readonly deadline: number; readonly limit: number }
  /** `stable` after it has been ready for `stableAfter`. */
  | {
      readonly phase: 'running';
      readonly since: number;
      readonly stable: boolean;
      readonly deadline: number | null;
    }
  | {
      readonly phase: 'stopping';
      readonly step: number;
      readonly deadline: number;
      readonly leadsTo: AfterStop;
      /** Repetitions of the last step: more than 0 means that the kernel does not end the process. */
      readonly repeats: number;
      /** False for a process that failed before it was ever ready: it does not come back at once. */
      readonly wasReady: boolean;
    }
  | { readonly phase: 'backoff'; readonly deadline: number; readonly delay: number }
  /** The restart budget is exhausted: one attempt at the deadline. */
  | { readonly phase: 'crash_looping'; readonly deadline: number; readonly delay: number }
  /** Only a person can cure it (a credential, a login, a program): one attempt at the deadline, half an hour later. */
  | { readonly phase: 'needs_attention'; readonly deadline: number; readonly delay: number };

/** Reason of an unplanned end, or of the next start. */
export interface RestartCause {
  readonly reason: RestartReason;
  readonly detail: string | null;
  /** The server's own words within `detail`; left out where there are none. */
  readonly quote?: string | undefined;
}

/** Lifecycle state of one server. Times are monotonic milliseconds. */
export type LifecycleState = LifecyclePhase & {
  /** Desired state; survives crashes and, on disk, our own end. The journal has the name `wanted`. */
  readonly wanted: 'up' | 'down';
  /** Number of the attempt, so that inputs of an earlier one are recognised and dropped. */
  readonly run: number;
  /** Times of unplanned ends, oldest first, as far back as a budget looks. */
  readonly failures: readonly number[];
  /** Unplanned ends since the last stable run: they determine the delay. */
  readonly attempt: number;
  /** True while the run is the one attempt that a crash loop allows. */
  readonly halfOpen: boolean;
  /** Counted as a restart when the next process is spawned; null when there is nothing to count. */
  readonly cause: RestartCause | null;
  /** Starts in a row that ended with the same error at the handshake; left out while there are none. */
  readonly refusal?: Refusal | undefined;
};

interface Refusal {
  /** Hash of the error: its text may hold what only its owner should read. */
  readonly hash: number;
  /** The last of the starts. */
  readonly run: number;
  readonly starts: number;
}

export type LifecycleEvent = { readonly at: number; /** 0..1 */ readonly chance: number } & LifecycleInput;

/** An input before the runner adds time and randomness. */
export type LifecycleInput =
  /** `clear` resets past failures, as an operator wants. `cause`: the restart to count, if any. */
  | { readonly kind: 'start'; readonly clear: boolean; readonly cause?: RestartCause }
  | { readonly kind: 'stop' }
  /** Nobody uses it: it is stopped, or stays so, until somebody does. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'restart'; readonly cause: RestartCause }
  | { readonly kind: 'prepared'; readonly run: number }
  | { readonly kind: 'unprepared'; readonly run: number; readonly failure: StartFailure }
  | { readonly kind: 'ready'; readonly run: number }
  /** It answered the handshake with a JSON-RPC error. */
  | { readonly kind: 'refused'; readonly run: number; readonly error: string }
  | { readonly kind: 'failing'; readonly run: number; readonly cause: RestartCause }
  | {
      readonly kind: 'exited';
      readonly run: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** Why the system did not start it at all. */
      readonly fault?: string;
      /** What is known of a command that only launches a server, and ends with code 0. */
      readonly launcher?: LauncherExit | undefined;
      /** What it said about its end. */
      readonly quote?: string | undefined;
      /** What to do, as far as what it printed tells. */
      readonly hint?: string | null;
    }
  /** `isReplaced`: a process that was started ahead serves already, so that the next run begins at once. */
  | { readonly kind: 'gone'; readonly run: number; readonly isReplaced?: boolean }
  /**
   * Of a process that is still starting, `known`: why it is not ready, as far as probes and output tell; `download`: what
   * it was doing when it printed its last line.
   */
  | { readonly kind: 'tick'; readonly known?: Cause | null; readonly download?: DownloadState };

/** `stalled`: nothing new was printed since the last deadline. */
export type DownloadState = 'none' | 'advancing' | 'stalled';

export type LifecycleAction =
  | { readonly kind: 'prepare'; readonly run: number }
  | { readonly kind: 'abort-prepare' }
  | { readonly kind: 'spawn'; readonly run: number }
  | { readonly kind: 'end'; readonly how: StopStep['kind'] }
  | { readonly kind: 'count-restart'; readonly cause: RestartCause }
  | { readonly kind: 'count-start-failure'; readonly failure: StartFailure };

export interface LifecycleDecision {
  readonly state: LifecycleState;
  readonly actions: readonly LifecycleAction[];
}

export const INITIAL_LIFECYCLE: LifecycleState = {
  phase: 'stopped',
  because: 'asked',
  wanted: 'down',
  run: 0,
  failures: [],
  attempt: 0,
  halfOpen: false,
  cause: null,
};

/** Returns the monotonic time at which `state` needs a `tick`; null when only another input can move it. */
export function lifecycleDeadline(state: LifecycleState): number | null {
  return 'deadline' in state ? state.deadline : null;
}

/** True while a process of this run may exist. */
export function hasProcess({ phase }: LifecycleState): boolean {
  return phase === 'starting' || phase === 'running' || phase === 'stopping';
}

/** Returns the state name that status and metrics show. */
export function stateName(state: LifecycleState): ServerStateName {
  if (state.phase === 'preparing') return 'starting';
  return isIdle(state) ? 'idle' : state.phase;
}

/** True while it is stopped because nobody uses it. */
export function isIdle(state: LifecycleState): boolean {
  return state.phase === 'stopped' && state.because === 'idle';
}
