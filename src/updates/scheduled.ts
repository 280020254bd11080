// What happens by itself: all packages are looked at, and those that may are updated, one after the other.
import type { UpdateCheck } from '../core/model/update.ts';
import { isExact, checkForUpdate, planOf, type RequestParts } from './requests.ts';
import { isPackage, isSameWish, type PackageSpec } from './update-store.ts';

/** What a job of the schedule has to tell. `error`: who could not be looked at, and why. */
export interface ScheduledRun {
  readonly said: string;
  readonly error: string | null;
}

/** @param signal ends the round; what has begun is ended by whoever ends the updates */
export async function runScheduled(parts: RequestParts, signal: AbortSignal): Promise<ScheduledRun> {
  const outlooks: UpdateCheck[] = [];
  let updated = 0;
  for (const { name } of watched(parts)) {
    // It may have been removed while others were updated.
    const spec = parts.updater.spec(name);
    if (signal.aborted || parts.updater.signal.aborted || spec === null) continue;
    const outlook = await checkForUpdate(spec, parts);
    outlooks.push(outlook);
    if (await takeOver(spec, outlook, parts)) updated += 1;
  }
  return sumUp(outlooks, updated);
}

/** For servers that nobody has looked at for long: nothing is changed, whatever there is. */
export async function checkOverdue(parts: RequestParts, longest: number): Promise<void> {
  const since = parts.clock.now() - longest;
  for (const spec of watched(parts)) {
    const { checkedAt } = parts.updater.ledger.record(spec);
    if (!parts.updater.signal.aborted && (checkedAt === null || checkedAt < since))
      await checkForUpdate(spec, parts);
  }
}

function watched({ parts }: RequestParts): readonly PackageSpec[] {
  return parts
    .specs()
    .filter(isPackage)
    .filter(({ update }) => update.policy !== 'off');
}

/** True when the new version runs, or would if the server did. */
async function takeOver(spec: PackageSpec, outlook: UpdateCheck, parts: RequestParts): Promise<boolean> {
  const { updater, clock } = parts;
  const { running: from, candidate: to } = outlook;
  // It may have been changed while the registry was asked.
  const now = updater.spec(spec.name);
  if (now === null || !isSameWish(now, spec) || !mayTakeOver(now, outlook, parts)) return false;
  if (from === null || to === null) return false;
  const plan = planOf(now, { kind: 'update', from, to, by: 'schedule', isPin: false }, clock);
  if (!updater.begin(now, plan)) return false;
  await updater.untilSwitched(spec.name);
  const { memory, progress } = updater.ledger.record(now);
  const isCommitted = memory.last?.result === 'committed' && memory.last.to === to;
  return progress?.phase === 'probation' || isCommitted;
}

/** A version that a person has named, in the config or to us, is not left. */
function mayTakeOver(spec: PackageSpec, { error }: UpdateCheck, { updater }: RequestParts): boolean {
  const isNamed = isExact(spec) || updater.ledger.record(spec).memory.pinned !== null;
  return spec.update.policy === 'auto' && error === null && !isNamed;
}

function sumUp(outlooks: readonly UpdateCheck[], updated: number): ScheduledRun {
  const failed = outlooks.filter(({ error }) => error !== null);
  const available = outlooks.flatMap(({ server, candidate }) =>
    candidate === null ? [] : [`${server} ${candidate}`],
  );
  const names = available.length === 0 ? '' : ` (${available.join(', ')})`;
  const updates = available.length === 1 ? '1 update' : `${available.length || 'no'} updates`;
  const said = [
    `checked ${outlooks.length - failed.length}`,
    `${updates} available${names}`,
    ...(updated === 0 ? [] : [`${updated} updated`]),
  ].join(', ');
  const [first] = failed;
  if (first === undefined) return { said, error: null };
  return { said, error: `${said}; could not look at ${first.server}: ${first.error ?? ''}` };
}
