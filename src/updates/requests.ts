// Requests of an operator: check, update, roll back.
import { WatchdogError } from '../core/base/errors.ts';
import { unknownServer } from '../core/base/unknown-server.ts';
import { isPackage, type PackageSpec, type ServerSpec } from '../core/model/server-spec.ts';
import type { UpdateCheck, UpdateAnswer, UpdateMemory } from '../core/model/update.ts';
import { clearBadVersion, checkWithoutRegistry, withoutPin } from '../core/update/update-memory.ts';
import type { UpdatePlan } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import { busy, accepted, nothingToDo, refused, rollingBack, notUpdated } from './responses.ts';
import type { UpdatePorts } from './ports.ts';
import { isSameWish } from './update-store.ts';
import type { Updater } from './updater.ts';

export interface RequestContext {
  readonly updater: Updater;
  readonly ports: Pick<UpdatePorts, 'packages' | 'specs' | 'versionsOf'>;
  readonly clock: Clock;
}

/** Checks the named servers, or all that are packages. @throws WatchdogError UNKNOWN_SERVER, CONTROL_FAILED */
export async function checkServers(
  names: readonly string[],
  context: RequestContext,
): Promise<readonly UpdateCheck[]> {
  const checks: UpdateCheck[] = [];
  for (const spec of named(names, context)) {
    if (!isPackage(spec)) throw noPackage(spec.name);
    checks.push(await checkForUpdate(spec, context));
  }
  return checks;
}

/**
 * Checks one server, saves the result and publishes it. A check with another wish than the config's, or another `memory`
 * than the saved one, only answers a question: it is not saved.
 */
export async function checkForUpdate(
  spec: PackageSpec,
  { updater, ports }: RequestContext,
  memory: UpdateMemory = updater.store.record(spec).memory,
): Promise<UpdateCheck> {
  // A version on probation runs already, and is committed later.
  const version = updater.chosen(spec.name, spec.source.version);
  const chosen = version === null ? memory.chosen : { wish: spec.source.version, version };
  const answer = await ports.packages.check(spec, { ...memory, chosen }, updater.signal);
  const record = updater.store.record(spec);
  const { isSame } = ports.versionsOf(spec.source.manager);
  const check = checkWithoutRegistry(record.outlook, answer, { memory, isSame });
  // The config may have changed meanwhile.
  const now = updater.spec(spec.name);
  const isCurrent = now !== null && isSameWish(now, spec) && record.memory === memory;
  if (isCurrent && !updater.signal.aborted) updater.store.setCheck(spec, check);
  return check;
}

export interface UpdateRequest {
  /** This version; null for the newest that may be taken. */
  readonly to: string | null;
  readonly dryRun: boolean;
}

/** Updates the named servers, or all whose policy is not `off`. @throws WatchdogError UNKNOWN_SERVER, USAGE */
export async function updateServers(
  names: readonly string[],
  request: UpdateRequest,
  context: RequestContext,
): Promise<readonly UpdateAnswer[]> {
  if (request.to !== null && names.length !== 1)
    throw new WatchdogError('USAGE', 'Cannot update to one version: it needs exactly one server', {
      hint: 'Write mcp-watchdog update NAME --to VERSION.',
    });
  const answers: UpdateAnswer[] = [];
  // Without a name, servers that are never to be updated are left alone.
  const meant = named(names, context).filter((spec) => names.length > 0 || spec.update.policy !== 'off');
  for (const spec of meant) answers.push(await updateOne(spec, request, context));
  return answers;
}

async function updateOne(
  spec: ServerSpec,
  { to, dryRun }: UpdateRequest,
  context: RequestContext,
): Promise<UpdateAnswer> {
  const { name } = spec;
  if (!isPackage(spec)) return refused(name, { reason: NO_PACKAGE });
  if (context.updater.isBusy(name)) return busy(name);
  const from = await context.ports.packages.current(spec);
  if (from === null)
    return refused(name, { reason: 'nothing is installed yet', hint: `Start ${name} first.` });
  const target =
    to === null ? await bestFor(spec, dryRun, context) : namedVersion(spec, to, { from, dryRun, context });
  return typeof target === 'string'
    ? begin(spec, { from, to: target, isPin: to !== null, dryRun }, context)
    : target;
}

/** Finds the newest version. A request without a version lifts an earlier pin, and the version that the config names. */
async function bestFor(
  spec: PackageSpec,
  dryRun: boolean,
  context: RequestContext,
): Promise<string | UpdateAnswer> {
  const { updater } = context;
  const memory = withoutPin(updater.store.record(spec).memory);
  if (!dryRun) updater.store.setMemory(spec, memory);
  const check = await checkForUpdate(isPinned(spec, context) ? anyVersionOf(spec) : spec, context, memory);
  // Without the registry, the last candidate known may be gone, or bad, by now.
  return (check.error === null ? check.candidate : null) ?? notUpdated(check);
}

/** Tells whether the config names one version. */
export function isPinned({ source }: PackageSpec, { ports }: RequestContext): boolean {
  return ports.versionsOf(source.manager).isPinned(source.version);
}

function anyVersionOf(spec: PackageSpec): PackageSpec {
  return { ...spec, source: { ...spec.source, version: 'latest' } };
}

function namedVersion(
  spec: PackageSpec,
  to: string,
  { from, dryRun, context: { updater, ports } }: { from: string; dryRun: boolean; context: RequestContext },
): string | UpdateAnswer {
  const { name, source } = spec;
  const { isVersion, isSame } = ports.versionsOf(source.manager);
  if (!isVersion(to)) {
    const hint = 'Write it in full, like 4.1.1.';
    return refused(name, { reason: `"${to}" is no version`, hint, from });
  }
  const { memory } = updater.store.record(spec);
  const isThere = isSame(from, to);
  if (!dryRun)
    updater.store.setMemory(spec, isThere ? { ...memory, pinned: to } : clearBadVersion(memory, to, isSame));
  return isThere ? nothingToDo(name, { from, to }) : to;
}

interface Move extends Pick<UpdatePlan, 'from' | 'to' | 'isPin'> {
  readonly dryRun: boolean;
}

function begin(spec: PackageSpec, { dryRun, ...move }: Move, context: RequestContext): UpdateAnswer {
  if (dryRun) return accepted(spec, { kind: 'update', ...move }, true);
  // The config may have changed while the registry was asked.
  const now = context.updater.spec(spec.name);
  if (now === null || !isSameWish(now, spec))
    return refused(spec.name, { reason: 'its config has just changed' });
  const plan = planOf(now, { kind: 'update', by: 'operator', ...move }, context.clock);
  return context.updater.begin(now, plan) ? accepted(now, plan, false) : busy(spec.name);
}

export function planOf(
  spec: PackageSpec,
  plan: Omit<UpdatePlan, 'wish' | 'since'>,
  clock: Clock,
): UpdatePlan {
  return { ...plan, wish: spec.source.version, since: clock.now() };
}

/** Rolls back the named servers, or all that have a previous version. @throws WatchdogError UNKNOWN_SERVER */
export async function rollBackServers(
  names: readonly string[],
  { dryRun }: { readonly dryRun: boolean },
  context: RequestContext,
): Promise<readonly UpdateAnswer[]> {
  const answers: UpdateAnswer[] = [];
  for (const spec of named(names, context)) {
    const answer = await rollBackOne(spec, dryRun, context);
    if (names.length > 0 || answer.answer !== 'nothing') answers.push(answer);
  }
  return answers;
}

async function rollBackOne(
  spec: ServerSpec,
  dryRun: boolean,
  context: RequestContext,
): Promise<UpdateAnswer> {
  const { updater, clock } = context;
  if (!isPackage(spec)) return nothingToDo(spec.name);
  if (updater.isBusy(spec.name)) {
    if (!dryRun) updater.cancel(spec.name);
    return rollingBack(spec.name, dryRun);
  }
  const to = updater.store.record(spec).memory.previous;
  const from = await context.ports.packages.current(spec);
  const { isSame } = context.ports.versionsOf(spec.source.manager);
  if (to === null || from === null || isSame(to, from)) return nothingToDo(spec.name, { from, to: from });
  const plan = planOf(spec, { kind: 'rollback', from, to, by: 'operator', isPin: false }, clock);
  return dryRun || updater.begin(spec, plan) ? accepted(spec, plan, dryRun) : busy(spec.name);
}

const NO_PACKAGE = 'it is not installed from a package, so it has no versions';

function noPackage(name: string): WatchdogError {
  return new WatchdogError('CONTROL_FAILED', `Cannot check "${name}": ${NO_PACKAGE}`);
}

function named(names: readonly string[], { ports }: RequestContext): readonly ServerSpec[] {
  const specs = ports.specs();
  if (names.length === 0) return specs.filter(isPackage);
  return [...new Set(names)].map((name) => {
    const found = specs.find((spec) => spec.name === name);
    if (found === undefined)
      throw unknownServer(
        name,
        specs.map((spec) => spec.name),
      );
    return found;
  });
}
