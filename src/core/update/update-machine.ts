/**
 * What an update does next, as a pure function.
 *
 * Same shape as the lifecycle: what happened comes in, what is to be done goes out, and the deadline of every wait lives in
 * the state. Until the link is moved a failure changes nothing; from then on every failure leads back to what ran before.
 */
import type { UpdateResult } from '../model/vocabulary.ts';
import {
  BY_OPERATOR,
  LONGEST_WAIT,
  type UpdateDecision,
  type UpdateEvent,
  type UpdatePlan,
  type UpdateRules,
  type UpdateState,
  type UpdateUnderWay,
  type RollbackVerdict,
} from './update-state.ts';
import {
  rollBack,
  isDue,
  mayBeLinked,
  notHealthy,
  settle,
  stay,
  strangeVersion,
  verdictOn,
  whileRollingBack,
} from './update-rollback.ts';

type Waiting = Extract<UpdateState, { phase: 'waiting' }>;
type Switching = Extract<UpdateState, { phase: 'switching' }>;
type Probation = Extract<UpdateState, { phase: 'probation' }>;

/** What follows from `event` in `state`; what does not belong to the phase changes nothing. */
export function decideUpdate(state: UpdateState, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  if (state.phase === 'idle') return event.kind === 'begin' ? begin(event.plan) : stay(state);
  if (event.kind === 'superseded') return supersede(state, event.reason);
  if (event.kind === 'wish') {
    if (event.wish === state.plan.wish) return stay(state);
    if (event.wish === state.plan.to && state.phase === 'probation') return adopt(state, event.wish);
    return supersede(state, `its config asks for ${event.wish} now`);
  }
  if (event.kind === 'cancel') return cancel(state);
  switch (state.phase) {
    case 'installing':
      return event.kind === 'installed' ? afterInstall(state.plan, event.refusal) : stay(state);
    case 'canary':
      return event.kind === 'canaried' ? afterCanary(state.plan, event, rules) : stay(state);
    case 'waiting':
      return event.kind === 'quiet' || isDue(state, event) ? beginSwitch(state) : stay(state);
    case 'switching':
      return whileSwitching(state, event, rules);
    case 'probation':
      return whileOnProbation(state, event, rules);
    case 'rolling_back':
      return whileRollingBack(state, event, rules);
    default:
      return state satisfies never;
  }
}

function begin(plan: UpdatePlan): UpdateDecision {
  return { state: { phase: 'installing', plan }, actions: [{ kind: 'install' }] };
}

function afterInstall(plan: UpdatePlan, refusal: string | null): UpdateDecision {
  if (refusal !== null) return giveUp(plan, { reason: refusal });
  if (plan.kind === 'rollback') return beginSwitch({ plan, notice: null });
  return { state: { phase: 'canary', plan }, actions: [{ kind: 'canary' }] };
}

function afterCanary(
  plan: UpdatePlan,
  { failure, lost, at }: Extract<UpdateEvent, { kind: 'canaried' }>,
  { strictTools }: UpdateRules,
): UpdateDecision {
  if (failure !== null) return giveUp(plan, { reason: failure.reason, isBad: failure.fault === 'version' });
  if (lost !== null && strictTools) return giveUp(plan, { reason: lost, result: 'held' });
  const deadline = at + LONGEST_WAIT;
  return { state: { phase: 'waiting', plan, deadline, notice: lost }, actions: [{ kind: 'await-quiet' }] };
}

function beginSwitch({ plan, notice }: Pick<Waiting, 'plan' | 'notice'>): UpdateDecision {
  return {
    state: { phase: 'switching', plan, step: 'back-up', isSeen: false, deadline: null, notice },
    // Whoever still waits for a quiet moment need not any more.
    actions: [{ kind: 'abort' }, { kind: 'back-up' }],
  };
}

function whileSwitching(state: Switching, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  const { plan } = state;
  switch (state.step) {
    case 'back-up':
      if (event.kind !== 'backed-up') return stay(state);
      if (event.refusal !== null) return giveUp(plan, { reason: event.refusal });
      return { state: { ...state, step: 'link' }, actions: [{ kind: 'link', version: plan.to }] };
    case 'link':
      if (event.kind === 'unwritten') return giveUp(plan, { reason: CANNOT_WRITE });
      if (event.kind !== 'linked' || event.version !== plan.to) return stay(state);
      // Nothing was restarted, and readers of the link see the old one: the same as never begun.
      if (event.refusal !== null) return giveUp(plan, { reason: event.refusal });
      return afterLink(state, event, rules);
    case 'start':
      return whileStarting(state, event, rules);
    default:
      return state.step satisfies never;
  }
}

const CANNOT_WRITE = 'the state could not be written to disk, and without that nothing is switched';

function afterLink(
  state: Switching,
  { at, isUp }: Extract<UpdateEvent, { kind: 'linked' }>,
  { comeUp }: UpdateRules,
): UpdateDecision {
  // Who is down is not started for the sake of being watched: the next start takes the new version.
  if (!isUp) return commit({ ...state, notice: state.notice ?? NOT_WATCHED });
  return {
    state: { ...state, step: 'start', deadline: at + comeUp },
    actions: [{ kind: 'restart', detail: describeMove(state.plan) }],
  };
}

const NOT_WATCHED = 'it does not run, so it was taken over without a probation';

function describeMove({ kind, from, to }: UpdatePlan): string {
  return kind === 'update' ? `${from} → ${to}` : `${from} → ${to}, ${BY_OPERATOR}`;
}

function whileStarting(state: Switching, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  const { plan, notice } = state;
  switch (event.kind) {
    case 'spawned':
      if (event.version !== plan.to) return rollBack(plan, strangeVersion(plan.to, event.version));
      return stay({ ...state, isSeen: true });
    case 'up':
      if (!state.isSeen) return stay(state);
      if (plan.kind === 'rollback') return commit(state);
      return enterProbation({ plan, notice, deaths: 0 }, event.at + rules.probation);
    case 'failing':
      if (event.stage === 'run' && !state.isSeen) return stay(state);
      return rollBack(plan, verdictOn(event));
    case 'stopped':
      if (plan.kind === 'rollback') return commit(state);
      return stay({ phase: 'probation', plan, notice, deaths: 0, deadline: null, isUp: false });
    case 'tick':
      return isDue(state, event) ? rollBack(plan, notHealthy(rules)) : stay(state);
    default:
      return stay(state);
  }
}

function enterProbation(
  { plan, notice, deaths }: Pick<Probation, 'plan' | 'notice' | 'deaths'>,
  deadline: number,
): UpdateDecision {
  return {
    state: { phase: 'probation', plan, notice, deaths, deadline, isUp: true },
    actions: [{ kind: 'watch' }],
  };
}

function whileOnProbation(state: Probation, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  const { plan } = state;
  switch (event.kind) {
    case 'spawned':
      return event.version === plan.to ? stay(state) : rollBack(plan, strangeVersion(plan.to, event.version));
    case 'up':
      return whenUp(state, event, rules);
    case 'down':
      return stay(state.isUp ? { ...state, isUp: false } : state);
    case 'failing':
      // A port that is taken, a full disk: the old version would fare no better.
      if (event.stage === 'start' && event.fault === 'ours') return stay(state);
      return rollBack(plan, verdictOn(event));
    case 'stopped':
      return stay({ ...state, deadline: null, isUp: false });
    case 'tick':
      return state.isUp && isDue(state, event) ? commit(state) : stay(state);
    default:
      return stay(state);
  }
}

function whenUp(state: Probation, { at }: UpdateEvent, { probation }: UpdateRules): UpdateDecision {
  if (state.deadline === null) return enterProbation(state, at + probation);
  if (at >= state.deadline) return commit(state);
  return stay(state.isUp ? state : { ...state, isUp: true });
}

function cancel(state: UpdateUnderWay): UpdateDecision {
  const { plan } = state;
  const verdict: RollbackVerdict = { reason: BY_OPERATOR, isBad: plan.kind === 'update', isAsked: true };
  switch (state.phase) {
    case 'rolling_back':
      return stay(state);
    case 'probation':
      return rollBack(plan, verdict);
    case 'switching':
      // The link is being moved, or a process of the new version may exist.
      if (state.step !== 'back-up') return rollBack(plan, verdict);
      return callOff(plan, 'broken off by an operator');
    default:
      return callOff(plan, 'broken off by an operator');
  }
}

/** Somebody has seen enough, and says so where it counts. */
function adopt({ plan }: Probation, wish: string): UpdateDecision {
  return commit({ plan: { ...plan, wish }, notice: 'its config names it now' });
}

/** Somebody has thought better of it: nothing has failed, and nobody need be warned. */
function callOff(plan: UpdatePlan, reason: string): UpdateDecision {
  return giveUp(plan, { reason, result: 'held' });
}

/** The config has the last word: whatever is linked now, the next start goes by the new wish. */
function supersede(state: UpdateUnderWay, reason: string): UpdateDecision {
  const { plan } = state;
  const isUntouched = !mayBeLinked(state);
  const settled = settle({ plan, result: 'held', reason, bad: null, runs: isUntouched ? 'from' : null });
  return { ...settled, actions: [{ kind: 'abort' }, ...settled.actions] };
}

function commit({
  plan,
  notice,
}: {
  readonly plan: UpdatePlan;
  readonly notice: string | null;
}): UpdateDecision {
  const isRollback = plan.kind === 'rollback';
  const reason = isRollback ? BY_OPERATOR : notice;
  return settle({ plan, result: 'committed', reason, bad: isRollback ? plan.from : null, runs: 'to' });
}

/** Nothing was touched yet. */
function giveUp(
  plan: UpdatePlan,
  { reason, isBad = false, result = 'failed' }: { reason: string; isBad?: boolean; result?: UpdateResult },
): UpdateDecision {
  const settled = settle({ plan, result, reason, bad: isBad ? plan.to : null, runs: 'from' });
  return { ...settled, actions: [{ kind: 'abort' }, ...settled.actions] };
}
