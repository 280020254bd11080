// What an operator may ask of the updates: to look, to go forward, to go back.
import { WatchdogError } from '../core/base/errors.ts';
import { unknownServer } from '../core/base/unknown-server.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { UpdateCheck, UpdateAnswer, UpdateMemory } from '../core/model/update.ts';
import { clearBadVersion, checkWithoutRegistry, withoutPin } from '../core/update/update-memory.ts';
import type { UpdatePlan } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import { busy, accepted, nothingToDo, refused, rollingBack, notUpdated } from './responses.ts';
import type { UpdatePorts } from './ports.ts';
import { isPackage, isSameWish, type PackageSpec } from './update-store.ts';
import type { Updater } from './updater.ts';

export interface RequestParts {
  readonly updater: Updater;
  readonly parts: Pick<UpdatePorts, 'packages' | 'specs'>;
  readonly clock: Clock;
}

/** One version, and nothing that npm could take for a tag, a range, or an option. */
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** @throws WatchdogError UNKNOWN_SERVER; without names all that are packages */
export async function checkServers(
  names: readonly string[],
  parts: RequestParts,
): Promise<readonly UpdateCheck[]> {
  const outlooks: UpdateCheck[] = [];
  for (const spec of named(names, parts)) {
    if (!isPackage(spec)) throw noPackage(spec.name);
    outlooks.push(await checkForUpdate(spec, parts));
  }
  return outlooks;
}

/**
 * Asks, remembers and tells. What is judged by another wish than the config's, or by another `memory` than what is
 * remembered, answers a question, and is not how things are.
 */
export async function checkForUpdate(
  spec: PackageSpec,
  { updater, parts }: RequestParts,
  memory: UpdateMemory = updater.ledger.record(spec).memory,
): Promise<UpdateCheck> {
  // On probation it runs already, and is settled on later.
  const version = updater.chosen(spec.name, spec.source.version);
  const chosen = version === null ? memory.chosen : { wish: spec.source.version, version };
  const answer = await parts.packages.look(spec, { ...memory, chosen }, updater.signal);
  const record = updater.ledger.record(spec);
  const outlook = checkWithoutRegistry(record.outlook, answer, memory);
  // What is no longer configured, or was broken off, has nothing to be told of.
  const now = updater.spec(spec.name);
  const isAsIs = now !== null && isSameWish(now, spec) && record.memory === memory;
  if (isAsIs && !updater.signal.aborted) updater.ledger.setOutlook(spec, outlook);
  return outlook;
}

export interface UpdateRequest {
  /** This version; null for the best there is. */
  readonly to: string | null;
  readonly dryRun: boolean;
}

export async function updateServers(
  names: readonly string[],
  request: UpdateRequest,
  parts: RequestParts,
): Promise<readonly UpdateAnswer[]> {
  if (request.to !== null && names.length !== 1)
    throw new WatchdogError('USAGE', 'Cannot update to one version: it needs exactly one server', {
      hint: 'Write mcp-watchdog update NAME --to VERSION.',
    });
  const answers: UpdateAnswer[] = [];
  // Without a name, who is never to be updated is left alone.
  const meant = named(names, parts).filter((spec) => names.length > 0 || spec.update.policy !== 'off');
  for (const spec of meant) answers.push(await updateOne(spec, request, parts));
  return answers;
}

async function updateOne(
  spec: ServerSpec,
  { to, dryRun }: UpdateRequest,
  parts: RequestParts,
): Promise<UpdateAnswer> {
  const { name } = spec;
  if (!isPackage(spec)) return refused(name, { reason: NO_PACKAGE });
  if (parts.updater.isBusy(name)) return busy(name);
  const from = await parts.parts.packages.current(spec);
  if (from === null)
    return refused(name, { reason: 'nothing is installed yet', hint: `Start ${name} first.` });
  const target =
    to === null ? await bestFor(spec, dryRun, parts) : namedVersion(spec, to, { from, dryRun, parts });
  return typeof target === 'string'
    ? begin(spec, { from, to: target, isPin: to !== null, dryRun }, parts)
    : target;
}

/** An operator who names no version lifts what an operator named before, and the version that the config names. */
async function bestFor(
  spec: PackageSpec,
  dryRun: boolean,
  parts: RequestParts,
): Promise<string | UpdateAnswer> {
  const { updater } = parts;
  const memory = withoutPin(updater.ledger.record(spec).memory);
  if (!dryRun) updater.ledger.setMemory(spec, memory);
  const outlook = await checkForUpdate(isExact(spec) ? anyVersionOf(spec) : spec, parts, memory);
  // What was known before the registry went away may be gone, or bad, by now.
  return (outlook.error === null ? outlook.candidate : null) ?? notUpdated(outlook);
}

export function isExact({ source }: PackageSpec): boolean {
  return VERSION.test(source.version.replace(/^[=v]+/, ''));
}

function anyVersionOf(spec: PackageSpec): PackageSpec {
  return { ...spec, source: { ...spec.source, version: 'latest' } };
}

function namedVersion(
  spec: PackageSpec,
  to: string,
  { from, dryRun, parts: { updater } }: { from: string; dryRun: boolean; parts: RequestParts },
): string | UpdateAnswer {
  const { name } = spec;
  if (!VERSION.test(to)) {
    const hint = 'Write it in full, like 4.1.1.';
    return refused(name, { reason: `"${to}" is no version`, hint, from });
  }
  const { memory } = updater.ledger.record(spec);
  const isThere = from === to;
  if (!dryRun)
    updater.ledger.setMemory(spec, isThere ? { ...memory, pinned: to } : clearBadVersion(memory, to));
  return isThere ? nothingToDo(name, { from, to }) : to;
}

interface Move extends Pick<UpdatePlan, 'from' | 'to' | 'isPin'> {
  readonly dryRun: boolean;
}

function begin(spec: PackageSpec, { dryRun, ...move }: Move, parts: RequestParts): UpdateAnswer {
  if (dryRun) return accepted(spec, { kind: 'update', ...move }, true);
  // The config may have changed while the registry was asked.
  const now = parts.updater.spec(spec.name);
  if (now === null || !isSameWish(now, spec))
    return refused(spec.name, { reason: 'its config has just changed' });
  const plan = planOf(now, { kind: 'update', by: 'operator', ...move }, parts.clock);
  return parts.updater.begin(now, plan) ? accepted(now, plan, false) : busy(spec.name);
}

export function planOf(
  spec: PackageSpec,
  plan: Omit<UpdatePlan, 'wish' | 'since'>,
  clock: Clock,
): UpdatePlan {
  return { ...plan, wish: spec.source.version, since: clock.now() };
}

/** Without names, all that have something to go back to. */
export async function rollBackServers(
  names: readonly string[],
  { dryRun }: { readonly dryRun: boolean },
  parts: RequestParts,
): Promise<readonly UpdateAnswer[]> {
  const answers: UpdateAnswer[] = [];
  for (const spec of named(names, parts)) {
    const answer = await rollBackOne(spec, dryRun, parts);
    if (names.length > 0 || answer.answer !== 'nothing') answers.push(answer);
  }
  return answers;
}

async function rollBackOne(spec: ServerSpec, dryRun: boolean, parts: RequestParts): Promise<UpdateAnswer> {
  const { updater, clock } = parts;
  if (!isPackage(spec)) return nothingToDo(spec.name);
  if (updater.isBusy(spec.name)) {
    if (!dryRun) updater.cancel(spec.name);
    return rollingBack(spec.name, dryRun);
  }
  const to = updater.ledger.record(spec).memory.previous;
  const from = await parts.parts.packages.current(spec);
  if (to === null || from === null || to === from) return nothingToDo(spec.name, { from, to: from });
  const plan = planOf(spec, { kind: 'rollback', from, to, by: 'operator', isPin: false }, clock);
  return dryRun || updater.begin(spec, plan) ? accepted(spec, plan, dryRun) : busy(spec.name);
}

const NO_PACKAGE = 'it is not an npm package, so there are no versions of it';

function noPackage(name: string): WatchdogError {
  return new WatchdogError('CONTROL_FAILED', `Cannot check "${name}": ${NO_PACKAGE}`);
}

function named(names: readonly string[], { parts }: RequestParts): readonly ServerSpec[] {
  const specs = parts.specs();
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
