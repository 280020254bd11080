// Progress of started updates, followed until each is on probation or has ended, or the user interrupts.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import type { UpdateAnswer, UpdateMemory, UpdateStatus } from '../../core/model/update.ts';
import type { UpdateResult } from '../../core/model/vocabulary.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** The two commands that change which version of a server runs. */
export type UpdateAction = 'update' | 'rollback';

/** Outcome for one server. */
export interface UpdateOutcome extends Pick<
  UpdateAnswer,
  'server' | 'from' | 'to' | 'reason' | 'hint' | 'steps'
> {
  /** `interrupted`: started, and not waited for. `dropped`: cancelled before its turn came. */
  readonly result:
    | Exclude<UpdateAnswer['answer'], 'begun'>
    | UpdateResult
    | 'probation'
    | 'interrupted'
    | 'dropped';
  /** End of the probation, ms since the epoch; null without one. */
  readonly until: number | null;
}

export interface FollowOptions {
  readonly action: UpdateAction;
  /** Answers of the updates that were started. */
  readonly begun: readonly UpdateAnswer[];
  /** Status before they were started. */
  readonly before: Status;
  /** True when the end of a probation is awaited as well. */
  readonly waitsForProbation: boolean;
  readonly onStatus: (status: Status) => void;
}

/** Turns an answer into an outcome that is not followed. */
export function outcomeOf(answer: UpdateAnswer): UpdateOutcome {
  const { answer: result, ...rest } = answer;
  return { ...rest, result: result === 'begun' ? 'interrupted' : result, until: null };
}

/** ms without any update at work, after which one that waits for its turn counts as dropped. */
const IDLE_TIMEOUT = 5000;

/** Watches the updates until none is left to wait for. @throws WatchdogError NO_DAEMON when the daemon goes away meanwhile */
export async function followUpdates(
  context: CommandContext,
  following: FollowOptions,
): Promise<readonly UpdateOutcome[]> {
  const { signal, release } = interruptSignal(context.io);
  const done = new AbortController();
  const judge = createJudge(following);
  let outcomes: readonly UpdateOutcome[] = following.begun.map(outcomeOf);
  let cancel = (): void => {};

  function onStatus(status: Status): void {
    following.onStatus(status);
    cancel();
    const judged = judge(status);
    outcomes = judged.map(({ outcome }) => outcome);
    if (judged.every(({ isFinal }) => isFinal)) done.abort();
    else if (!status.servers.some(isAtWork)) cancel = context.io.clock.after(IDLE_TIMEOUT, giveUp);
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

/** Tells whether the server has an update under way, a probation included. */
function isAtWork({ update }: ServerStatus): boolean {
  return (update?.progress ?? null) !== null;
}

interface Judgement {
  readonly outcome: UpdateOutcome;
  /** True when there is nothing more to wait for. */
  readonly isFinal: boolean;
}

function createJudge({ begun, before, ...how }: FollowOptions): (status: Status) => readonly Judgement[] {
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

/** Judges one update; null while there is something to wait for. */
function judgeOne(
  answer: UpdateAnswer,
  { old, now }: { readonly old: UpdateStatus | null; readonly now: UpdateStatus | null },
  { action, waitsForProbation: waits }: Pick<FollowOptions, 'action' | 'waitsForProbation'>,
): UpdateOutcome | null {
  if (now === null)
    return { ...outcomeOf(answer), result: 'failed', reason: 'the config no longer has it as a package' };
  const { memory, progress } = now;
  if (memory.last !== null && memory.last.at !== old?.memory.last?.at)
    return ended(answer, memory.last, action);
  if (waits || action === 'rollback' || progress?.phase !== 'probation') return null;
  const { from, to, until } = progress;
  return { ...outcomeOf(answer), from, to, result: 'probation', until };
}

function ended(
  answer: UpdateAnswer,
  { from, to, result, reason }: NonNullable<UpdateMemory['last']>,
  action: UpdateAction,
): UpdateOutcome {
  // The rollback aborted an update that was under way, as requested.
  if (action === 'rollback' && answer.to === null && result !== 'committed')
    return { ...outcomeOf(answer), from: to, to: from, result: 'committed', reason };
  return { ...outcomeOf(answer), from, to, result, reason };
}
