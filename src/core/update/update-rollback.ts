// How an update goes back to what ran before, and what every step of it has in common.
import {
  IDLE_UPDATE,
  RELINK_EVERY,
  type UpdateDecision,
  type UpdateEvent,
  type UpdateOutcome,
  type UpdatePlan,
  type UpdateRules,
  type UpdateState,
  type UpdateUnderWay,
  type RollbackVerdict,
} from './update-state.ts';

type RollingBack = Extract<UpdateState, { phase: 'rolling_back' }>;

export function rollBack(plan: UpdatePlan, verdict: RollbackVerdict): UpdateDecision {
  return {
    state: { phase: 'rolling_back', plan, step: 'link', isLinked: false, deadline: null, verdict },
    actions: [{ kind: 'abort' }, { kind: 'link', version: plan.from }],
  };
}

export function whileRollingBack(
  state: RollingBack,
  event: UpdateEvent,
  { comeUp }: UpdateRules,
): UpdateDecision {
  const { plan, verdict } = state;
  switch (event.kind) {
    case 'linked': {
      if (state.step === 'start' || event.version !== plan.from) return stay(state);
      const next = { ...state, isLinked: event.refusal === null };
      if (state.step === 'relink' || !event.isUp) return finish(next, event);
      const detail = `back to ${plan.from}: ${verdict.reason}`;
      return {
        state: { ...next, step: 'start', deadline: event.at + comeUp },
        actions: [{ kind: 'restart', detail }],
      };
    }
    case 'spawned':
      return state.step === 'start' && event.version === plan.from ? finish(state, event) : stay(state);
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

/** Whether what ran before is well again is for the supervisor: it is what the person had. */
function finish(state: RollingBack, { at }: UpdateEvent): UpdateDecision {
  const { plan, verdict, isLinked } = state;
  if (!isLinked) return stay({ ...state, step: 'relink', deadline: at + RELINK_EVERY });
  return settle(rollbackOutcome(plan, verdict));
}

/** The end of a way back. What a person asked for has not failed. */
export function rollbackOutcome(
  plan: UpdatePlan,
  { reason, isBad, isAsked }: RollbackVerdict,
): UpdateOutcome {
  const bad = isBad ? plan.to : null;
  return { plan, result: isAsked ? 'committed' : 'rolled_back', reason, bad, runs: 'from' };
}

export function strangeVersion(wanted: string, version: string | null): RollbackVerdict {
  const reason = `${version ?? 'an unknown version'} was started in place of ${wanted}`;
  return { reason, isBad: false, isAsked: false };
}

export function verdictOn({
  reason,
  fault,
}: {
  readonly reason: string;
  readonly fault: 'version' | 'ours';
}): RollbackVerdict {
  return { reason, isBad: fault === 'version', isAsked: false };
}

export function notHealthy({ comeUp }: UpdateRules): RollbackVerdict {
  const reason = `it was not healthy ${Math.round(comeUp / 1000)} s after the restart`;
  return { reason, isBad: true, isAsked: false };
}

export function settle(outcome: UpdateOutcome): UpdateDecision {
  return { state: IDLE_UPDATE, actions: [{ kind: 'settle', outcome }] };
}

/** Whether the next start might take the new version, were it not decided otherwise. */
export function mayBeLinked(state: UpdateUnderWay): boolean {
  if (state.phase === 'switching') return state.step !== 'back-up';
  return state.phase === 'probation' || state.phase === 'rolling_back';
}

export function isDue(state: { readonly deadline: number | null }, { kind, at }: UpdateEvent): boolean {
  return kind === 'tick' && state.deadline !== null && at >= state.deadline;
}

export function stay(state: UpdateState): UpdateDecision {
  return { state, actions: [] };
}
