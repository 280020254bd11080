// Package side of the updates: checks what the registry offers, installs a version beside the others and switches to it.
import { WatchdogError } from '../core/base/errors.ts';
import { messageOf } from '../core/base/guards.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import type { Paths } from '../system/files/paths.ts';
import type { Clock } from '../system/time/clock.ts';
import { checkVersions } from './check-versions.ts';
import { chooseFallback, chooseToRun } from './choose-installed.ts';
import { faultOf, fetchPackage, planInstall, readStore, refuseJob } from './fetch-package.ts';
import type { InstallJob } from './fetch-package.ts';
import type { InstallQueue } from './install-queue.ts';
import {
  aborted,
  firstLine,
  noSuchWish,
  systemFailure,
  toFailure,
  tooYoung,
} from './manager/install-error.ts';
import type { InstallFailure } from './manager/install-error.ts';
import type {
  InstalledVersion,
  ManagerEnvironment,
  ManagerRun,
  RegistryAnswer,
  ResolvedProgram,
} from './manager/package-manager.ts';

export interface PackageUpdatesOptions {
  readonly paths: Pick<Paths, 'servers'>;
  readonly clock: Clock;
  /** The installer's: only so many tools run at once. */
  readonly queue: InstallQueue;
  readonly environment?: ManagerEnvironment;
  /** Ms for one question to the registry, and for one installation. */
  readonly timeouts?: { readonly check: number; readonly install: number };
}

interface InstallOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

type Installation = { readonly ok: true } | { readonly ok: false; readonly refusal: string };

/** For servers that are packages. @throws TypeError for others */
export interface PackageUpdates {
  /**
   * Checks what the registry offers; what could not be found out is in `error`. Without a running version there is
   * `latest` and no candidate. Runs the tool one to three times, after what else is queued.
   */
  check(spec: ServerSpec, memory: UpdateMemory, signal: AbortSignal): Promise<UpdateCheck>;
  /** Reads the version that `current` links to; null when nothing is installed. */
  current(spec: ServerSpec): Promise<string | null>;
  isInstalled(spec: ServerSpec, version: string): Promise<boolean>;
  /** Finds the program of an installed version. */
  programOf(spec: ServerSpec, version: string): Promise<ResolvedProgram>;
  /**
   * Installs an exact version beside the others; `current` stays. Nothing that it needs is younger than
   * `update.minimumAge`, or than itself. `refusal` is one line for people; nothing half-installed is left then.
   */
  install(spec: ServerSpec, version: string, options: InstallOptions): Promise<Installation>;
  /**
   * Points `current` at an installed version, in one step.
   *
   * @throws WatchdogError INSTALL_FAILED when it is not there; the system's error when the disk refuses
   */
  switchTo(spec: ServerSpec, version: string): Promise<void>;
}

type Parts = Required<PackageUpdatesOptions>;

const TIMEOUTS = { check: 30_000, install: 600_000 };
const NEVER = new AbortController().signal;

export function createPackageUpdates(options: PackageUpdatesOptions): PackageUpdates {
  const parts: Parts = { environment: process.env, timeouts: TIMEOUTS, ...options };
  const plan = (spec: ServerSpec, signal = NEVER): Promise<InstallJob> =>
    planInstall(spec, parts.paths.servers, signal);
  return {
    async check(spec, memory, signal) {
      const job = await plan(spec, signal);
      try {
        const work = (): Promise<UpdateCheck> => check(job, { policy: spec.update, memory, parts });
        const checked = await parts.queue.inTurn(job.server, work, signal);
        return checked ?? nothingKnown(job, null, aborted().reason);
      } catch (error) {
        return nothingKnown(job, null, firstLine(messageOf(error)));
      }
    },
    current: async (spec) => (await (await plan(spec)).store.current())?.version ?? null,
    isInstalled: async (spec, version) => (await find(await plan(spec), version)) !== null,
    async programOf(spec, version) {
      const job = await plan(spec);
      const installed = await find(job, version);
      if (installed === null) return { ok: false, reason: `${version} is not completely installed` };
      return job.manager.programOf(installed, job.bin);
    },
    async install(spec, version, { signal, onProgress }) {
      const wanted = await plan(spec, signal);
      const job = { ...wanted, version, spec: `${wanted.package}@${version}` };
      const installed = await install(job, { policy: spec.update, onProgress, parts });
      return installed.ok ? { ok: true } : { ok: false, refusal: installed.failure.message };
    },
    async switchTo(spec, version) {
      const job = await plan(spec);
      const installed = await find(job, version);
      if (installed === null) throw notInstalled(spec.name, version);
      await job.store.switchTo(installed);
    },
  };
}

interface CheckContext {
  readonly policy: ServerSpec['update'];
  readonly memory: UpdateMemory;
  readonly parts: Parts;
}

async function check(job: InstallJob, { policy, memory, parts }: CheckContext): Promise<UpdateCheck> {
  const { manager, version: wish } = job;
  const kind = await manager.versions.wishKind(wish);
  const refusal = await refuseJob(job);
  const running = await runningVersion(job, memory);
  if (kind === null || refusal !== null) return nothingKnown(job, running, refusal?.reason ?? '');
  const { range, minimumAge } = policy;
  const { ignoreEngines } = job;
  const names = { server: job.server, package: job.package, running };
  const asked = { manager, ...names, wish, kind, range, minimumAge, memory, ignoreEngines };
  const { error, ...verdict } = await checkVersions(asked, runOf(job, parts));
  return { ...names, ...verdict, error: error === null ? null : cannotAsk(job, error) };
}

/** Finds what `prepare` would start without asking the registry. */
async function runningVersion(job: InstallJob, { chosen }: UpdateMemory): Promise<string | null> {
  const { manager, version: wish } = job;
  const onDisk = await readStore(job);
  const preferred = chosen?.wish === wish ? chosen.version : null;
  const isWish = (await manager.versions.wishKind(wish)) !== null;
  const found = isWish ? await chooseToRun(wish, onDisk, preferred) : null;
  return (found ?? chooseFallback(onDisk))?.version ?? null;
}

function nothingKnown(job: InstallJob, running: string | null, why: string): UpdateCheck {
  const error = cannotAsk(job, why);
  return {
    server: job.server,
    package: job.package,
    running,
    latest: null,
    candidate: null,
    held: [],
    error,
  };
}

function cannotAsk(job: InstallJob, why: string): string {
  return `Cannot ask for the versions of ${job.package}: ${why}`;
}

interface Installing {
  readonly policy: ServerSpec['update'];
  readonly onProgress: InstallOptions['onProgress'];
  readonly parts: Parts;
}

type Installed = { readonly ok: true } | ({ readonly ok: false } & InstallFailure);

async function install(job: InstallJob, installing: Installing): Promise<Installed> {
  const { manager, version } = job;
  const refusal =
    manager.refuseId(job.package) ??
    (manager.versions.isVersion(version) ? null : noSuchWish(version, manager.words));
  if (refusal !== null) return { ok: false, ...toFailure(refusal, job) };
  const { queue } = installing.parts;
  if (queue.isBusy(job.server)) installing.onProgress(`waiting for another ${manager.words.tool} to end`);
  try {
    const installed = await queue.inTurn(job.server, () => installInTurn(job, installing), job.signal);
    return installed ?? { ok: false, ...toFailure(aborted(), job) };
  } catch (error) {
    return { ok: false, ...systemFailure(error, job) };
  }
}

async function installInTurn(job: InstallJob, { policy, onProgress, parts }: Installing): Promise<Installed> {
  const there = await find(job, job.version);
  const fault = there === null ? null : await faultOf(job, there);
  if (fault !== null) return { ok: false, ...fault };
  if (there !== null) return { ok: true };
  const before = await lastMoment(job, policy.minimumAge, parts);
  if (!before.ok) return { ok: false, ...toFailure(before.error, job) };
  const { clock, environment, timeouts } = parts;
  const how = { clock, environment, timeout: timeouts.install, progress: onProgress };
  return fetchPackage(job, { ...how, isCurrent: false, before: before.value });
}

/**
 * Computes until when something must have been published, in ms since the epoch; a version that is younger itself may bring
 * what is as young. Null leaves it to the tool, and so to the user's settings.
 */
async function lastMoment(
  job: InstallJob,
  minimumAge: number,
  parts: Parts,
): Promise<RegistryAnswer<number | null>> {
  if (minimumAge === 0) return { ok: true, value: null };
  const { manager } = job;
  const listing = await manager.list(job.package, runOf(job, parts));
  if (!listing.ok) return listing;
  const published = [...listing.value.publishedAt];
  const own = published.find(([version]) => manager.versions.isSame(version, job.version))?.[1] ?? 0;
  const limit = await manager.notBefore(runOf(job, parts));
  if (own > limit) return { ok: false, error: tooYoung(manager.words) };
  return { ok: true, value: Math.min(limit, Math.max(own, parts.clock.now() - minimumAge)) };
}

function runOf({ signal, source }: InstallJob, { environment, clock, timeouts }: Parts): ManagerRun {
  const runtime = source.python?.interpreter ?? null;
  return { environment, clock, signal, timeout: timeouts.check, ...(runtime !== null && { runtime }) };
}

async function find({ store, manager }: InstallJob, version: string): Promise<InstalledVersion | null> {
  return (await store.list()).find((each) => manager.versions.isSame(each.version, version)) ?? null;
}

function notInstalled(server: string, version: string): WatchdogError {
  const message = `Cannot switch ${server} to ${version}: it is not installed`;
  return new WatchdogError('INSTALL_FAILED', message, { hint: 'Update to it, which installs it again.' });
}
