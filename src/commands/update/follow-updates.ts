// How an update that was begun is followed: until it is on probation, or has ended, or nobody waits any more.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import type { UpdateAnswer, UpdateMemory, UpdateStatus } from '../../core/model/update.ts';
import type { UpdateResult } from '../../core/model/vocabulary.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** The two commands that change which version of a server runs. */
export type UpdateAction = 'update' | 'rollback';

/** What has become of one server. */
export interface UpdateOutcome extends Pick<
  UpdateAnswer,
  'server' | 'from' | 'to' | 'reason' | 'hint' | 'steps'
> {
  /** `interrupted`: begun, and not waited for. `dropped`: taken back before its turn came. */
  readonly result:
    | Exclude<UpdateAnswer['answer'], 'begun'>
    | UpdateResult
    | 'probation'
    | 'interrupted'
    | 'dropped';
  /** The end of the probation, ms since the epoch; null when there is none. */
  readonly until: number | null;
}

export interface FollowOptions {
  readonly change: UpdateAction;
  /** Those that were begun. */
  readonly begun: readonly UpdateAnswer[];
  /** How things stood before. */
  readonly before: Status;
  /** Whether a probation is waited for as well. */
  readonly waitsForProbation: boolean;
  readonly onStatus: (status: Status) => void;
}

/** One that is not followed. */
export function outcomeOf(answer: UpdateAnswer): UpdateOutcome {
  const { answer: result, ...rest } = answer;
  return { ...rest, result: result === 'begun' ? 'interrupted' : result, until: null };
}

/** Nobody is at work for so long, ms: what still waits for its turn will not get it. */
const PATIENCE = 5000;

/** @throws WatchdogError NO_DAEMON when the daemon goes away meanwhile */
export async function followUpdates(
  context: CommandContext,
  following: FollowOptions,
): Promise<readonly UpdateOutcome[]> {
  const { signal, release } = interruptSignal(context.io);
  const done = new AbortController();
  const judge = judgeOf(following);
  let outcomes: readonly UpdateOutcome[] = following.begun.map(outcomeOf);
  let cancel = (): void => {};

  function onStatus(status: Status): void {
    following.onStatus(status);
    cancel();
    const judged = judge(status);
    outcomes = judged.map(({ outcome }) => outcome);
    if (judged.every(({ isFinal }) => isFinal)) done.abort();
    else if (!status.servers.some(isAtWork)) cancel = context.io.clock.after(PATIENCE, giveUp);
  }

  function giveUp(): void {
    outcomes = outcomes.map((one) => (one.result === 'interrupted' ? { ...one, result: 'dropped' } : one));
    done.abort();
  }

  try {
    await withDaemon(context, (daemon) => daemon.watch(onStatus, AbortSignal.any([signal, done.signal])));
    return outcomes;
  } finally {
    cancel();
    release();
  }
}

/** A probation goes on by itself, and holds up nobody. */
function isAtWork({ update }: ServerStatus): boolean {
  return (update?.progress ?? null) !== null;
}

interface Judged {
  readonly outcome: UpdateOutcome;
  /** There is nothing more to wait for. */
  readonly isFinal: boolean;
}

function judgeOf({ begun, before, ...how }: FollowOptions): (status: Status) => readonly Judged[] {
  const old = new Map(before.servers.map(({ name, update }) => [name, update]));
  return ({ servers }) => {
    const now = new Map(servers.map(({ name, update }) => [name, update]));
    return begun.map((answer) => {
      const { server } = answer;
      const known = { old: old.get(server) ?? null, now: now.get(server) ?? null };
      const outcome = judgeOne(answer, known, how);
      return { outcome: outcome ?? outcomeOf(answer), isFinal: outcome !== null };
    });
  };
}

/** Null while there is something to wait for. */
function judgeOne(
  answer: UpdateAnswer,
  { old, now }: { readonly old: UpdateStatus | null; readonly now: UpdateStatus | null },
  { change, waitsForProbation: waits }: Pick<FollowOptions, 'change' | 'waitsForProbation'>,
): UpdateOutcome | null {
  if (now === null)
    return { ...outcomeOf(answer), result: 'failed', reason: 'the config no longer has it as a package' };
  const { memory, progress } = now;
  if (memory.last !== null && memory.last.at !== old?.memory.last?.at)
    return ended(answer, memory.last, change);
  if (waits || change === 'rollback' || progress?.phase !== 'probation') return null;
  const { from, to, until } = progress;
  return { ...outcomeOf(answer), from, to, result: 'probation', until };
}

function ended(
  answer: UpdateAnswer,
  { from, to, result, reason }: NonNullable<UpdateMemory['last']>,
  change: UpdateAction,
): UpdateOutcome {
  // It was on its way to a version, and was broken off: that is what was asked for.
  if (change === 'rollback' && answer.to === null && result !== 'committed')
    return { ...outcomeOf(answer), from: to, to: from, result: 'committed', reason };
  return { ...outcomeOf(answer), from, to, result, reason };
}
