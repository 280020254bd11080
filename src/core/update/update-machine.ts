/**
 * State machine of one update, as a pure function.
 *
 * It has the shape of the lifecycle: events come in, actions go out, and the deadline of every wait lives in the state.
 * Until the link is switched a failure changes nothing; from then on every failure rolls back to what ran before.
 */
import type { UpdateResult } from '../model/vocabulary.ts';
import {
  BY_OPERATOR,
  IDLE_UPDATE,
  LONGEST_WAIT,
  RELINK_EVERY,
  type RollbackVerdict,
  type UpdateDecision,
  type UpdateEvent,
  type UpdateOutcome,
  type UpdatePlan,
  type UpdateRules,
  type UpdateState,
  type UpdateUnderWay,
} from './update-state.ts';

type Waiting = Extract<UpdateState, { phase: 'waiting' }>;
type Switching = Extract<UpdateState, { phase: 'switching' }>;
type Probation = Extract<UpdateState, { phase: 'probation' }>;
type RollingBack = Extract<UpdateState, { phase: 'rolling_back' }>;

/**
 * Takes in one event and returns the next state and what to do; an event that does not belong to the phase changes
 * nothing.
 */
export function decideUpdate(state: UpdateState, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  if (state.phase === 'idle') return event.kind === 'begin' ? begin(event.plan) : stay(state);
  if (event.kind === 'superseded') return supersede(state, event.reason);
  if (event.kind === 'wish') {
    if (event.wish === state.plan.wish) return stay(state);
    if (state.phase === 'probation' && rules.isSame(event.wish, state.plan.to))
      return adopt(state, event.wish);
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
    // Ends the wait for a quiet moment, if it still lasts.
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
      if (event.kind !== 'linked' || !rules.isSame(event.version, plan.to)) return stay(state);
      // Nothing was restarted and the link still leads to the old version: the update has changed nothing.
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
  // A server that is down is not started just for a probation: its next start takes the new version.
  if (!isUp) return commit({ ...state, notice: state.notice ?? NOT_WATCHED });
  return {
    state: { ...state, step: 'start', deadline: at + comeUp },
    actions: [{ kind: 'restart', detail: describeStep(state.plan) }],
  };
}

const NOT_WATCHED = 'it does not run, so it was taken over without a probation';

function describeStep({ kind, from, to }: UpdatePlan): string {
  return kind === 'update' ? `${from} → ${to}` : `${from} → ${to}, ${BY_OPERATOR}`;
}

function whileStarting(state: Switching, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  const { plan, notice } = state;
  switch (event.kind) {
    case 'spawned':
      return isOf(plan.to, event, rules)
        ? stay({ ...state, isSeen: true })
        : rollBack(plan, unexpectedVersion(plan.to, event.version));
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
      return isOf(plan.to, event, rules)
        ? stay(state)
        : rollBack(plan, unexpectedVersion(plan.to, event.version));
    case 'up':
      return whenUp(state, event, rules);
    case 'down':
      return stay(state.isUp ? { ...state, isUp: false } : state);
    case 'failing':
      // A port in use or a full disk would stop the old version as well.
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
      return callOff(plan, 'cancelled by an operator');
    default:
      return callOff(plan, 'cancelled by an operator');
  }
}

/** Commits a version that the config names during its probation. */
function adopt({ plan }: Probation, wish: string): UpdateDecision {
  return commit({ plan: { ...plan, wish }, notice: 'its config names it now' });
}

/** Ends an update that an operator no longer wants: nothing has failed, so no alert is raised. */
function callOff(plan: UpdatePlan, reason: string): UpdateDecision {
  return giveUp(plan, { reason, result: 'held' });
}

/** Ends an update that the config overrules: whatever is linked now, the next start takes what the config asks for. */
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

/** Ends an update before anything was changed. */
function giveUp(
  plan: UpdatePlan,
  { reason, isBad = false, result = 'failed' }: { reason: string; isBad?: boolean; result?: UpdateResult },
): UpdateDecision {
  const settled = settle({ plan, result, reason, bad: isBad ? plan.to : null, runs: 'from' });
  return { ...settled, actions: [{ kind: 'abort' }, ...settled.actions] };
}

/** Begins the rollback: the link first, then a restart. */
function rollBack(plan: UpdatePlan, verdict: RollbackVerdict): UpdateDecision {
  return {
    state: { phase: 'rolling_back', plan, step: 'link', isLinked: false, deadline: null, verdict },
    actions: [{ kind: 'abort' }, { kind: 'link', version: plan.from }],
  };
}

function whileRollingBack(state: RollingBack, event: UpdateEvent, rules: UpdateRules): UpdateDecision {
  const { plan, verdict } = state;
  switch (event.kind) {
    case 'linked': {
      if (state.step === 'start' || !rules.isSame(event.version, plan.from)) return stay(state);
      const next = { ...state, isLinked: event.refusal === null };
      if (state.step === 'relink' || !event.isUp) return finish(next, event);
      const detail = `back to ${plan.from}: ${verdict.reason}`;
      return {
        state: { ...next, step: 'start', deadline: event.at + rules.comeUp },
        actions: [{ kind: 'restart', detail }],
      };
    }
    case 'spawned':
      return state.step === 'start' && isOf(plan.from, event, rules) ? finish(state, event) : stay(state);
    case 'stopped':
      return state.step === 'start' ? finish(state, event) : stay(state);
    case 'tick':
      if (!isDue(state, event)) return stay(state);
      if (state.step === 'start') return finish(state, event);
      return { state: { ...state, deadline: null }, actions: [{ kind: 'link', version: plan.from }] };
    default:
      return stay(state);
  }
}

/**
 * Ends the rollback once the link is back. Health of the old version is left to the supervisor: it is what the person
 * had before.
 */
function finish(state: RollingBack, { at }: UpdateEvent): UpdateDecision {
  const { plan, verdict, isLinked } = state;
  if (!isLinked) return stay({ ...state, step: 'relink', deadline: at + RELINK_EVERY });
  return settle(rollbackOutcome(plan, verdict));
}

/** Builds the outcome of a rollback. One that an operator asked for counts as committed, not as failed. */
export function rollbackOutcome(
  plan: UpdatePlan,
  { reason, isBad, isAsked }: RollbackVerdict,
): UpdateOutcome {
  const bad = isBad ? plan.to : null;
  return { plan, result: isAsked ? 'committed' : 'rolled_back', reason, bad, runs: 'from' };
}

/** Tells whether a process of this version was started. */
function isOf(
  wanted: string,
  { version }: Extract<UpdateEvent, { kind: 'spawned' }>,
  { isSame }: UpdateRules,
): boolean {
  return version !== null && isSame(version, wanted);
}

function unexpectedVersion(wanted: string, version: string | null): RollbackVerdict {
  const reason = `${version ?? 'an unknown version'} was started in place of ${wanted}`;
  return { reason, isBad: false, isAsked: false };
}

function verdictOn({
  reason,
  fault,
}: {
  readonly reason: string;
  readonly fault: 'version' | 'ours';
}): RollbackVerdict {
  return { reason, isBad: fault === 'version', isAsked: false };
}

function notHealthy({ comeUp }: UpdateRules): RollbackVerdict {
  const reason = `it was not healthy ${Math.round(comeUp / 1000)} s after the restart`;
  return { reason, isBad: true, isAsked: false };
}

function settle(outcome: UpdateOutcome): UpdateDecision {
  return { state: IDLE_UPDATE, actions: [{ kind: 'settle', outcome }] };
}

/** True once the link may lead to the new version. */
function mayBeLinked(state: UpdateUnderWay): boolean {
  if (state.phase === 'switching') return state.step !== 'back-up';
  return state.phase === 'probation' || state.phase === 'rolling_back';
}

function isDue(state: { readonly deadline: number | null }, { kind, at }: UpdateEvent): boolean {
  return kind === 'tick' && state.deadline !== null && at >= state.deadline;
}

function stay(state: UpdateState): UpdateDecision {
  return { state, actions: [] };
}
