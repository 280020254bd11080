/**
 * Lifecycle state machine of one supervised server, as a pure function.
 *
 * `decideLifecycle` holds all transitions. It reads no clock, starts no process and keeps no state: inputs are its
 * arguments, effects are its `actions`. The deadline of every wait lives in the state, so there are no timers to cancel;
 * every process has a number (`run`), so late inputs of an earlier one are dropped in one line.
 */
import { describeCause, type Cause } from '../base/cause.ts';
import { span } from '../base/format.ts';
import type { StartFailure } from '../model/observations.ts';
import {
  type LifecycleAction,
  type AfterStop,
  type RestartCause,
  type DownloadState,
  type LifecycleDecision,
  lifecycleDeadline,
  hasProcess,
  type LifecycleEvent,
  type LifecycleInput,
  type LifecyclePolicy,
  type LifecycleState,
} from '../model/lifecycle-state.ts';
import { describeEnd, describeExit } from './end-text.ts';
import { DOWNLOAD_HINT, downloadWait, LONGEST_DOWNLOAD } from './download-line.ts';
import {
  cleared,
  enter,
  failed,
  isRefusedAgain,
  memory,
  needsAttention,
  refused,
  type When,
} from './lifecycle-memory.ts';
import { budgetRemaining, nextDelay, withJitter } from './restart-policy.ts';
import type { RestartPolicy } from '../model/server-spec.ts';

/** Takes in one input and returns the next state and the actions; an input of an earlier run changes nothing. */
export function decideLifecycle(
  state: LifecycleState,
  event: LifecycleEvent,
  policy: LifecyclePolicy,
): LifecycleDecision {
  if ('run' in event && event.run !== state.run) return stay(state);
  switch (event.kind) {
    case 'start':
      return start(event.clear ? cleared({ ...state, wanted: 'up' }) : { ...state, wanted: 'up' }, event);
    case 'stop':
      return rest({ ...state, wanted: 'down' }, event, policy);
    case 'idle':
      return becomeIdle(state, event, policy);
    case 'restart':
      return restart(cleared({ ...state, wanted: 'up' }), event, policy);
    case 'prepared':
      return state.phase === 'preparing' ? spawn(state, event, policy) : stay(state);
    case 'unprepared':
      return state.phase === 'preparing' ? unprepared(state, event, policy) : stay(state);
    case 'ready':
      return state.phase === 'starting' ? stay(nowRunning(state, event, policy)) : stay(state);
    case 'refused':
      return state.phase === 'starting' ? stay(refused(state, event.error)) : stay(state);
    case 'failing':
      return mayBeEnded(state, policy) ? fail(state, event.cause, event, policy) : stay(state);
    case 'exited':
      return exited(state, event, policy);
    case 'gone':
      return state.phase === 'stopping' ? afterwards(state, event, policy) : stay(state);
    case 'tick':
      return tick(state, event, policy);
    default:
      return event satisfies never;
  }
}

type Stopping = Extract<LifecycleState, { phase: 'stopping' }>;

function start(state: LifecycleState, event: When & { readonly cause?: RestartCause }): LifecycleDecision {
  if (state.phase === 'stopping') return stay({ ...state, leadsTo: 'again' });
  if (hasProcess(state) || state.phase === 'preparing') return stay(state);
  return prepare(event.cause === undefined ? state : { ...state, cause: event.cause });
}

function rest(state: LifecycleState, event: When, policy: LifecyclePolicy): LifecycleDecision {
  const idle = { ...cleared(state), cause: null };
  if (state.phase === 'stopping') return stay({ ...state, ...memory(idle), leadsTo: 'rest' });
  if (hasProcess(state)) return end(idle, 'rest', event, policy);
  const decision = stay(enter(idle, { phase: 'stopped', because: 'asked' }));
  return state.phase === 'preparing' ? { ...decision, actions: [{ kind: 'abort-prepare' }] } : decision;
}

/** Only a server that runs well, or has not been started yet, may rest: a failing one has to be seen failing. */
function becomeIdle(state: LifecycleState, event: When, policy: LifecyclePolicy): LifecycleDecision {
  if (state.phase === 'running') return end({ ...cleared(state), cause: null }, 'idle', event, policy);
  if (state.phase !== 'stopped' || (state.because !== 'asked' && state.because !== 'idle'))
    return stay(state);
  return stay(enter({ ...cleared(state), wanted: 'up' }, { phase: 'stopped', because: 'idle' }));
}

function restart(
  state: LifecycleState,
  event: When & { readonly cause: RestartCause },
  policy: LifecyclePolicy,
): LifecycleDecision {
  // Only a running process is "restarted"; one that is ending, or missing, has its own reason already.
  if (state.phase === 'stopping') return stay({ ...state, leadsTo: 'again' });
  if (hasProcess(state)) return end({ ...state, cause: event.cause }, 'again', event, policy);
  if (state.phase === 'preparing')
    return { ...prepare(state), actions: [{ kind: 'abort-prepare' }, ...prepare(state).actions] };
  return prepare(state);
}

function prepare(state: LifecycleState): LifecycleDecision {
  const run = state.run + 1;
  return { state: enter({ ...state, run }, { phase: 'preparing' }), actions: [{ kind: 'prepare', run }] };
}

function spawn(state: LifecycleState, { at }: When, { startTimeout }: LifecyclePolicy): LifecycleDecision {
  const { run, cause } = state;
  const next = enter(
    { ...state, cause: null },
    {
      phase: 'starting',
      deadline: at + startTimeout,
      limit: at + startTimeout + LONGEST_DOWNLOAD,
    },
  );
  const counted: LifecycleAction[] = cause === null ? [] : [{ kind: 'count-restart', cause }];
  return { state: next, actions: [{ kind: 'spawn', run }, ...counted] };
}

function unprepared(
  state: LifecycleState,
  event: When & { readonly failure: StartFailure },
  policy: LifecyclePolicy,
): LifecycleDecision {
  const counted: LifecycleAction = { kind: 'count-start-failure', failure: event.failure };
  // A wrong path does not heal by waiting: it takes a person or a new config.
  if (event.failure.retry === 'never') {
    return { state: needsAttention(state, event, policy), actions: [counted] };
  }
  // No process ran, so the restart budget is untouched: only the delay grows.
  const { state: next, actions } = waitFor(
    { ...state, attempt: state.attempt + 1 },
    { wasReady: false, event, policy },
  );
  return { state: next, actions: [counted, ...actions] };
}

function nowRunning(state: LifecycleState, { at }: When, { restart }: LifecyclePolicy): LifecycleState {
  return enter(
    { ...state, refusal: undefined },
    { phase: 'running', since: at, stable: false, deadline: at + restart.stableAfter },
  );
}

/** Resets the delay, but not the budgets: a server that dies every 70 s is crash looping too. */
function nowStable(state: Extract<LifecycleState, { phase: 'running' }>): LifecycleState {
  return { ...state, stable: true, deadline: null, attempt: 0, halfOpen: false };
}

/** False for a process that is never restarted: it is not ended for being slow or large either. */
function mayBeEnded({ phase }: LifecycleState, { restart }: LifecyclePolicy): boolean {
  return phase === 'running' && restart.policy !== 'never';
}

/** Ends a process that failed; the end is unplanned, so it counts. */
function fail(
  state: LifecycleState,
  cause: RestartCause,
  event: When,
  policy: LifecyclePolicy,
): LifecycleDecision {
  const leadsTo = policy.restart.policy === 'never' ? 'rest' : 'retry';
  return end(failed(state, cause, event, policy), leadsTo, event, policy);
}

function exited(
  state: LifecycleState,
  event: When & Extract<LifecycleInput, { kind: 'exited' }>,
  policy: LifecyclePolicy,
): LifecycleDecision {
  if (state.phase !== 'starting' && state.phase !== 'running') return stay(state);
  const leadsTo = afterExit(event, policy.restart);
  const { fault, quote, launcher } = event;
  const what = launcher === undefined ? '' : ` ${launcher.what}`;
  const detail = fault ?? `${describeExit(event)}${what}`;
  const cause: RestartCause = { reason: event.signal === null ? 'exit' : 'signal', detail, quote };
  const next = leadsTo === 'retry' ? failed(state, cause, event, policy) : state;
  const swept = end(next, leadsTo, event, policy, firstSignal(policy));
  if (state.phase === 'running' || (leadsTo === 'complete' && launcher === undefined)) return swept;
  const failure =
    fault === undefined
      ? startFailure('EXITED_BEFORE_READY', `It ended before it was ready: ${detail}`, {
          cause: `${describeEnd(event)}${launcher === undefined ? ' before it was ready' : ''}`,
          hint: launcher?.hint ?? event.hint ?? null,
          quote: quote ?? null,
        })
      : startFailure('SPAWN_FAILED', `The system did not start it: ${fault}`);
  return { ...swept, actions: [...swept.actions, failure] };
}

/** Decides what follows an exit that nobody asked for. */
function afterExit({ code }: { readonly code: number | null }, policy: RestartPolicy): AfterStop {
  if (code !== null && policy.preventExitCodes.includes(code)) return 'rest';
  const isSuccess = code !== null && policy.successExitCodes.includes(code);
  if (policy.policy === 'always') return 'retry';
  if (isSuccess) return 'complete';
  return policy.policy === 'on-failure' ? 'retry' : 'rest';
}

function tick(
  state: LifecycleState,
  event: When & { readonly known?: Cause | null; readonly download?: DownloadState },
  policy: LifecyclePolicy,
): LifecycleDecision {
  const deadline = lifecycleDeadline(state);
  if (deadline === null || event.at < deadline) return stay(state);
  switch (state.phase) {
    case 'starting': {
      // What an ended download has fetched is often lost: the next start would begin anew, and never get further.
      if (event.download === 'advancing' && event.at < state.limit)
        return stay({
          ...state,
          deadline: Math.min(state.limit, event.at + downloadWait(policy.startTimeout)),
        });
      const detail = `not ready within ${policy.startTimeout} ms`;
      // What a probe or the output said last explains more than that the time is up.
      const known = event.known ?? { cause: `not ready within ${span(policy.startTimeout)}`, quote: null };
      const cause: RestartCause = {
        reason: 'start_timeout',
        detail: event.known === undefined || event.known === null ? detail : describeCause(event.known),
        quote: known.quote ?? undefined,
      };
      const ending = fail(state, cause, event, policy);
      const isDownload = event.download !== undefined && event.download !== 'none';
      const hint = isDownload ? DOWNLOAD_HINT : null;
      const failure = startFailure('NOT_READY_IN_TIME', `It was ${detail}`, { ...known, hint });
      return { ...ending, actions: [...ending.actions, failure] };
    }
    case 'running':
      return stay(nowStable(state));
    case 'stopping':
      return nextStep(state, event, policy);
    case 'crash_looping':
      return prepare({ ...state, halfOpen: true });
    default:
      return prepare(state);
  }
}

function end(
  state: LifecycleState,
  leadsTo: AfterStop,
  { at }: When,
  { stop }: LifecyclePolicy,
  step = 0,
): LifecycleDecision {
  const { kind, wait } = stop[step] ?? stop[0];
  const wasReady = state.phase === 'running';
  const next = enter(state, { phase: 'stopping', step, deadline: at + wait, leadsTo, repeats: 0, wasReady });
  return { state: next, actions: [{ kind: 'end', how: kind }] };
}

function nextStep(state: Stopping, { at }: When, { stop }: LifecyclePolicy): LifecycleDecision {
  const isLast = state.step >= stop.length - 1;
  const step = isLast ? stop.length - 1 : state.step + 1;
  const { kind, wait } = stop[step] ?? stop[0];
  const next: Stopping = { ...state, step, deadline: at + wait, repeats: isLast ? state.repeats + 1 : 0 };
  return { state: next, actions: [{ kind: 'end', how: kind }] };
}

/** First stop step for what is left of a crashed process: its stdin is gone, so its group is signalled at once. */
function firstSignal({ stop }: LifecyclePolicy): number {
  return Math.max(
    0,
    stop.findIndex(({ kind }) => kind !== 'close-stdin'),
  );
}

/** Tells whether a process that ended like this is followed by another, whatever the delay. */
export function comesBack(
  state: LifecycleState,
  event: LifecycleEvent & { readonly kind: 'exited' },
  policy: LifecyclePolicy,
): boolean {
  if (state.phase !== 'running' || state.wanted === 'down') return false;
  const { state: next } = decideLifecycle(state, event, policy);
  return next.phase === 'stopping' && next.leadsTo === 'retry' && !isSpent(next, event, policy);
}

function isSpent(state: LifecycleState, { at }: When, { restart }: LifecyclePolicy): boolean {
  return state.halfOpen || budgetRemaining(state.failures, at, restart.budget) === 0;
}

function afterwards(
  state: Stopping,
  event: When & { readonly isReplaced?: boolean },
  policy: LifecyclePolicy,
): LifecycleDecision {
  switch (state.leadsTo) {
    case 'rest':
      return stay(
        enter(state, { phase: 'stopped', because: state.wanted === 'down' ? 'asked' : 'prevented' }),
      );
    case 'complete':
      return stay(enter(state, { phase: 'stopped', because: 'completed' }));
    case 'idle':
      return stay(enter(state, { phase: 'stopped', because: 'idle' }));
    case 'again':
      return prepare(state);
    case 'retry':
      if (isRefusedAgain(state)) return stay(needsAttention(state, event, policy));
      if (event.isReplaced === true && !isSpent(state, event, policy)) return prepare(state);
      return waitFor(state, { wasReady: state.wasReady, event, policy });
    default:
      return state.leadsTo satisfies never;
  }
}

/** Starts the wait after an unplanned end: none, a growing one, or the long one of a crash loop. */
function waitFor(
  state: LifecycleState,
  { wasReady, event, policy }: { wasReady: boolean; event: When; policy: LifecyclePolicy },
): LifecycleDecision {
  const { chance, at } = event;
  const { restart } = policy;
  if (isSpent(state, event, policy)) {
    const delay = withJitter(restart.retryAfter, restart.jitter, chance);
    return stay(
      enter({ ...state, halfOpen: false }, { phase: 'crash_looping', deadline: at + delay, delay }),
    );
  }
  const isFirstAfterReady = wasReady && state.attempt === 1;
  const delay = nextDelay({ attempt: state.attempt - 1, isFirstAfterReady, chance }, restart);
  return delay === 0 ? prepare(state) : stay(enter(state, { phase: 'backoff', deadline: at + delay, delay }));
}

function startFailure(
  code: StartFailure['code'],
  message: string,
  known?: Cause & { readonly hint?: string | null },
): LifecycleAction {
  const said = known === undefined ? {} : { cause: known.cause, quote: known.quote ?? undefined };
  const hint = known?.hint ?? null;
  return { kind: 'count-start-failure', failure: { code, message, hint, retry: 'backoff', ...said } };
}

function stay(state: LifecycleState): LifecycleDecision {
  return { state, actions: [] };
}
