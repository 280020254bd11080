// Update job of the schedule: checks all packages, and updates those whose policy allows it, one after the other.
import type { UpdateCheck } from '../core/model/update.ts';
import { isPackage, type PackageSpec } from '../core/model/server-spec.ts';
import { checkForUpdate, isPinned, planOf, type RequestContext } from './requests.ts';
import { isSameWish } from './update-store.ts';

/** Result of the job. `error`: which server could not be checked, and why. */
export interface ScheduledRun {
  readonly said: string;
  readonly error: string | null;
}

/** Runs the job. @param signal ends it between two servers; an update that has begun goes on */
export async function runScheduled(context: RequestContext, signal: AbortSignal): Promise<ScheduledRun> {
  const checks: UpdateCheck[] = [];
  let updated = 0;
  for (const { name } of watched(context)) {
    // It may have been removed while others were updated.
    const spec = context.updater.spec(name);
    if (signal.aborted || context.updater.signal.aborted || spec === null) continue;
    const check = await checkForUpdate(spec, context);
    checks.push(check);
    if (await updateTo(spec, check, context)) updated += 1;
  }
  return sumUp(checks, updated);
}

/** Checks servers whose last check is older than `longest` ms; updates nothing. */
export async function checkOverdue(context: RequestContext, longest: number): Promise<void> {
  const since = context.clock.now() - longest;
  for (const spec of watched(context)) {
    const { checkedAt } = context.updater.store.record(spec);
    if (!context.updater.signal.aborted && (checkedAt === null || checkedAt < since))
      await checkForUpdate(spec, context);
  }
}

function watched({ ports }: RequestContext): readonly PackageSpec[] {
  return ports
    .specs()
    .filter(isPackage)
    .filter(({ update }) => update.policy !== 'off');
}

/** Updates to the candidate. @returns true when the new version runs, or would if the server did */
async function updateTo(spec: PackageSpec, check: UpdateCheck, context: RequestContext): Promise<boolean> {
  const { updater, clock, ports } = context;
  const { running: from, candidate: to } = check;
  // It may have been changed while the registry was asked.
  const now = updater.spec(spec.name);
  if (now === null || !isSameWish(now, spec) || !mayUpdate(now, check, context)) return false;
  if (from === null || to === null) return false;
  const plan = planOf(now, { kind: 'update', from, to, by: 'schedule', isPin: false }, clock);
  if (!updater.begin(now, plan)) return false;
  await updater.untilSwitched(spec.name);
  const { memory, progress } = updater.store.record(now);
  const { isSame } = ports.versionsOf(now.source.manager);
  const isCommitted = memory.last?.result === 'committed' && isSame(memory.last.to, to);
  return progress?.phase === 'probation' || isCommitted;
}

/** Tells whether it may be updated: not away from a version that a person has named, in the config or by a command. */
function mayUpdate(spec: PackageSpec, { error }: UpdateCheck, context: RequestContext): boolean {
  const isNamed = isPinned(spec, context) || context.updater.store.record(spec).memory.pinned !== null;
  return spec.update.policy === 'auto' && error === null && !isNamed;
}

function sumUp(checks: readonly UpdateCheck[], updated: number): ScheduledRun {
  const failed = checks.filter(({ error }) => error !== null);
  const available = checks.flatMap(({ server, candidate }) =>
    candidate === null ? [] : [`${server} ${candidate}`],
  );
  const names = available.length === 0 ? '' : ` (${available.join(', ')})`;
  const updates = available.length === 1 ? '1 update' : `${available.length || 'no'} updates`;
  const said = [
    `checked ${checks.length - failed.length}`,
    `${updates} available${names}`,
    ...(updated === 0 ? [] : [`${updated} updated`]),
  ].join(', ');
  const [first] = failed;
  if (first === undefined) return { said, error: null };
  return { said, error: `${said}; could not check ${first.server}: ${first.error ?? ''}` };
}
