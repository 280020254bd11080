// What is remembered once an update has ended, and how one that is under way looks to people.
import type { HeldVersion, UpdateCheck, UpdateMemory, UpdateProgress } from '../model/update.ts';
import { updateDeadline, type UpdateOutcome, type UpdatePlan, type UpdateUnderWay } from './update-state.ts';

/** Versions that failed are few; a registry that is broken for years must not fill the state file. */
const MOST_BAD = 20;

/** @param at ms since the epoch */
export function afterOutcome(memory: UpdateMemory, outcome: UpdateOutcome, at: number): UpdateMemory {
  const { result, reason, bad } = outcome;
  const { previous, ...versions } = { ...memory, ...versionsAfter(memory, outcome) };
  return {
    ...versions,
    // What has failed here is no place to go back to.
    previous: previous === bad ? null : previous,
    bad: bad === null ? memory.bad : withBad(memory.bad, { version: bad, reason: reason ?? 'unknown', at }),
    last: { at, ...moveOf(outcome), result, reason },
  };
}

/** What is pinned, chosen, and gone back to. */
function versionsAfter(memory: UpdateMemory, { plan, result, runs }: UpdateOutcome): Partial<UpdateMemory> {
  // The config has asked for something else: what was chosen for its old wish is void.
  if (runs === null) return { previous: plan.from, chosen: null };
  if (runs === 'from' || result !== 'committed') return {};
  const chosen = choiceOf(plan);
  if (plan.kind === 'update') {
    return { previous: plan.from, chosen, pinned: plan.isPin ? plan.to : memory.pinned };
  }
  // What was left is no place to go back to.
  return { previous: null, chosen, pinned: memory.pinned === plan.from ? null : memory.pinned };
}

function choiceOf({ wish, to }: UpdatePlan): UpdateMemory['chosen'] {
  return wish === to ? null : { wish, version: to };
}

/** From where to where it went in the end: an operator who goes back has gone there. */
function moveOf({ plan, result, runs }: UpdateOutcome): { from: string; to: string } {
  const { from, to } = plan;
  return result === 'committed' && runs === 'from' ? { from: to, to: from } : { from, to };
}

function withBad(bad: UpdateMemory['bad'], entry: UpdateMemory['bad'][number]): UpdateMemory['bad'] {
  return [...bad.filter(({ version }) => version !== entry.version), entry].slice(-MOST_BAD);
}

/** An operator who names a version has a reason: it is no longer held against it. */
export function clearBadVersion(memory: UpdateMemory, version: string): UpdateMemory {
  const bad = memory.bad.filter((entry) => entry.version !== version);
  return bad.length === memory.bad.length ? memory : { ...memory, bad };
}

/**
 * @param toEpoch turns a deadline into ms since the epoch
 * @param detail a word of whoever is at work, null for none
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

/** Without what an operator has decided, for an operator who decides anew. */
export function withoutPin(memory: UpdateMemory): UpdateMemory {
  return memory.pinned === null ? memory : { ...memory, pinned: null };
}

/** What the registry said, seen from the version that runs now. */
export function rejudge(outlook: UpdateCheck, running: string, memory: UpdateMemory): UpdateCheck {
  const { candidate, held } = outlook;
  const bad = candidate === null ? undefined : memory.bad.find(({ version }) => version === candidate);
  const isGone = candidate === null || candidate === running || bad !== undefined;
  // What was forgiven since is judged by the next look.
  const isForgiven = ({ version, reason }: HeldVersion): boolean =>
    reason === 'bad' && !memory.bad.some((entry) => entry.version === version);
  const others = held.filter((one) => one.version !== running && !isForgiven(one));
  return {
    ...outlook,
    running,
    candidate: isGone ? null : candidate,
    held:
      bad === undefined ? others : [...others, { version: bad.version, reason: 'bad', detail: bad.reason }],
  };
}

/** What is known when the registry could not be asked: what it said last, and why that is not fresh. */
export function checkWithoutRegistry(
  known: UpdateCheck | null,
  refused: UpdateCheck,
  memory: UpdateMemory,
): UpdateCheck {
  if (known === null || refused.error === null || refused.running === null) return refused;
  return { ...rejudge(known, refused.running, memory), error: refused.error };
}
