// What is written down of a server's updates, and what a new daemon makes of it.
import { NO_UPDATES, type UpdateCheck, type UpdateMemory } from '../model/update.ts';
import { rollbackOutcome } from './update-rollback.ts';
import {
  IDLE_UPDATE,
  type UpdateOutcome,
  type UpdatePlan,
  type UpdateState,
  type UpdateUnderWay,
  type RollbackVerdict,
} from './update-state.ts';

/** An update as it is on disk: without deadlines, which mean nothing to another daemon. */
export interface SavedProgress {
  readonly phase: UpdateUnderWay['phase'];
  readonly plan: UpdatePlan;
  readonly notice: string | null;
  readonly verdict: RollbackVerdict | null;
  /** Daemons that died during this probation. */
  readonly deaths: number;
  /** What ran before used so much, bytes; null when that was not known. */
  readonly baselineBytes: number | null;
  /** The daemon was stopped as it should be: that is no death. */
  readonly isPaused: boolean;
}

/** One server of `updates` in `run/state.json`. Memory belongs to a package: of another one it tells nothing. */
export interface UpdateRecord {
  readonly package: string;
  readonly memory: UpdateMemory;
  readonly progress: SavedProgress | null;
  /** ms since the epoch; null for never. */
  readonly checkedAt: number | null;
  readonly outlook: UpdateCheck | null;
}

export function newRecord(packageName: string): UpdateRecord {
  return { package: packageName, memory: NO_UPDATES, progress: null, checkedAt: null, outlook: null };
}

export function toSave(state: UpdateState, baselineBytes: number | null): SavedProgress | null {
  if (state.phase === 'idle') return null;
  return {
    // Nothing is touched before the link is: the copy of the state that is made now must not tell otherwise.
    phase: state.phase === 'switching' && state.step === 'back-up' ? 'waiting' : state.phase,
    plan: state.plan,
    notice: 'notice' in state ? state.notice : null,
    verdict: state.phase === 'rolling_back' ? state.verdict : null,
    deaths: state.phase === 'probation' ? state.deaths : 0,
    baselineBytes,
    isPaused: false,
  };
}

/** Where a new daemon stands. `link`: the version that `current` must lead to, before anything is started. */
export interface Recovery {
  readonly state: UpdateState;
  readonly outcome: UpdateOutcome | null;
  readonly link: string | null;
}

/** Daemons that may die during one probation before the new version is blamed. */
const MOST_DEATHS = 3;

/** Nothing is decided by halves: either the old version runs and all is as before, or the new one is watched anew. */
export function recover({ phase, plan, notice, verdict, deaths, isPaused }: SavedProgress): Recovery {
  switch (phase) {
    case 'installing':
    case 'canary':
    case 'waiting':
      return { state: IDLE_UPDATE, link: null, outcome: interrupted(plan, 'failed') };
    case 'switching':
      return { state: IDLE_UPDATE, link: plan.from, outcome: interrupted(plan, 'rolled_back') };
    case 'rolling_back':
      return { state: IDLE_UPDATE, link: plan.from, outcome: rollbackOutcome(plan, verdict ?? UNKNOWN) };
    case 'probation': {
      const died = isPaused ? deaths : deaths + 1;
      if (died >= MOST_DEATHS)
        return { state: IDLE_UPDATE, link: plan.from, outcome: rollbackOutcome(plan, tooManyDeaths(died)) };
      const state: UpdateState = { phase, plan, notice, deadline: null, isUp: false, deaths: died };
      return { state, link: plan.to, outcome: null };
    }
    default:
      return phase satisfies never;
  }
}

function interrupted(plan: UpdatePlan, result: 'failed' | 'rolled_back'): UpdateOutcome {
  return { plan, result, reason: 'interrupted: the watchdog ended meanwhile', bad: null, runs: 'from' };
}

const UNKNOWN: RollbackVerdict = { reason: 'of unknown reason', isBad: false, isAsked: false };

function tooManyDeaths(deaths: number): RollbackVerdict {
  return {
    reason: `the watchdog died ${deaths} times while it was on probation`,
    isBad: true,
    isAsked: false,
  };
}
