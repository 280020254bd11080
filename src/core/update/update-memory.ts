// Memory of a server's updates: what changes once one has ended, and how one under way looks to people.
import type { SameVersion } from '../model/package.ts';
import type { HeldVersion, UpdateCheck, UpdateMemory, UpdateProgress } from '../model/update.ts';
import { updateDeadline, type UpdateOutcome, type UpdatePlan, type UpdateUnderWay } from './update-state.ts';

/** Limit: a registry that is broken for years must not fill the state file. */
const MOST_BAD = 20;

export interface OutcomeContext {
  /** ms since the epoch */
  readonly at: number;
  readonly isSame: SameVersion;
}

/** Updates the memory once an update has ended. */
export function afterOutcome(
  memory: UpdateMemory,
  outcome: UpdateOutcome,
  { at, isSame }: OutcomeContext,
): UpdateMemory {
  const { result, reason, bad } = outcome;
  const { previous, ...versions } = { ...memory, ...versionsAfter(memory, outcome, isSame) };
  const isBad = previous !== null && bad !== null && isSame(previous, bad);
  return {
    ...versions,
    // A version that has failed here is nothing to roll back to.
    previous: isBad ? null : previous,
    bad:
      bad === null
        ? memory.bad
        : withBad(memory.bad, { version: bad, reason: reason ?? 'unknown', at }, isSame),
    last: { at, ...moveOf(outcome), result, reason },
  };
}

/** Computes what is pinned, what is chosen, and what a rollback leads to. */
function versionsAfter(
  { pinned }: UpdateMemory,
  { plan, result, runs }: UpdateOutcome,
  isSame: SameVersion,
): Partial<UpdateMemory> {
  // The config now asks for something else: what was chosen for its old wish is void.
  if (runs === null) return { previous: plan.from, chosen: null };
  if (runs === 'from' || result !== 'committed') return {};
  const chosen = choiceOf(plan, isSame);
  if (plan.kind === 'update') return { previous: plan.from, chosen, pinned: plan.isPin ? plan.to : pinned };
  // The version that was left is nothing to roll back to.
  const isLeft = pinned !== null && isSame(pinned, plan.from);
  return { previous: null, chosen, pinned: isLeft ? null : pinned };
}

function choiceOf({ wish, to }: UpdatePlan, isSame: SameVersion): UpdateMemory['chosen'] {
  return isSame(wish, to) ? null : { wish, version: to };
}

/** Tells from where to where it went in the end: an update that an operator rolled back is a move back. */
function moveOf({ plan, result, runs }: UpdateOutcome): { from: string; to: string } {
  const { from, to } = plan;
  return result === 'committed' && runs === 'from' ? { from: to, to: from } : { from, to };
}

function withBad(
  bad: UpdateMemory['bad'],
  entry: UpdateMemory['bad'][number],
  isSame: SameVersion,
): UpdateMemory['bad'] {
  return [...bad.filter(({ version }) => !isSame(version, entry.version)), entry].slice(-MOST_BAD);
}

/** Takes a version off the bad ones: an operator who names it has a reason. */
export function clearBadVersion(memory: UpdateMemory, version: string, isSame: SameVersion): UpdateMemory {
  const bad = memory.bad.filter((entry) => !isSame(entry.version, version));
  return bad.length === memory.bad.length ? memory : { ...memory, bad };
}

/**
 * Shows an update under way.
 *
 * Describes an update under way for status and page.
 *
 * @param toEpoch turns a deadline into ms since the epoch
 * @param detail one line of the tool at work, null for none
 */
export function progressOf(
  state: UpdateUnderWay,
  { toEpoch, detail }: { toEpoch: (deadline: number) => number; detail: string | null },
): UpdateProgress {
  const { phase, plan } = state;
  const { from, to, by, since } = plan;
  const end = phase === 'waiting' || phase === 'probation' ? updateDeadline(state) : null;
  const until = end === null ? null : toEpoch(end);
  return { phase, from, to, by, since, until, detail: detail ?? detailOf(state) };
}

function detailOf(state: UpdateUnderWay): string | null {
  switch (state.phase) {
    case 'waiting':
      return state.notice ?? 'waiting for a quiet moment';
    case 'probation':
      if (state.deadline === null) return 'on hold until it is up';
      return state.isUp ? state.notice : 'it does not answer right now';
    case 'rolling_back':
      return state.verdict.reason;
    default:
      return null;
  }
}

/** Removes the pin, for an operator who decides anew. */
export function withoutPin(memory: UpdateMemory): UpdateMemory {
  return memory.pinned === null ? memory : { ...memory, pinned: null };
}

export interface RejudgeContext {
  readonly memory: UpdateMemory;
  readonly isSame: SameVersion;
}

/** Judges an earlier check again, for the version that runs now. */
export function rejudge(
  check: UpdateCheck,
  running: string,
  { memory, isSame }: RejudgeContext,
): UpdateCheck {
  const { candidate, held } = check;
  const bad = candidate === null ? undefined : memory.bad.find(({ version }) => isSame(version, candidate));
  const isGone = candidate === null || isSame(candidate, running) || bad !== undefined;
  // A version that was cleared since is judged by the next check.
  const isCleared = ({ version, reason }: HeldVersion): boolean =>
    reason === 'bad' && !memory.bad.some((entry) => isSame(entry.version, version));
  const others = held.filter((one) => !isSame(one.version, running) && !isCleared(one));
  return {
    ...check,
    running,
    candidate: isGone ? null : candidate,
    held:
      bad === undefined ? others : [...others, { version: bad.version, reason: 'bad', detail: bad.reason }],
  };
}

/** Combines a check that failed with the last one that did not: its result, and why it is not fresh. */
export function checkWithoutRegistry(
  known: UpdateCheck | null,
  refused: UpdateCheck,
  context: RejudgeContext,
): UpdateCheck {
  if (known === null || refused.error === null || refused.running === null) return refused;
  return { ...rejudge(known, refused.running, context), error: refused.error };
}
