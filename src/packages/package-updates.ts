// How updates ask for, fetch and switch to versions: what the registry offers, judged; what is installed, beside the rest.
import valid from 'semver/functions/valid.js';

import { WatchdogError } from '../core/base/errors.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import type { Clock } from '../system/time/clock.ts';
import type { Paths } from '../system/files/paths.ts';
import { readAgeLimit } from './npm/age-limit.ts';
import { chooseFallback, chooseToRun, wishKind } from './choose-installed.ts';
import {
  toFailure,
  systemFailure,
  firstLine,
  refuseRequest,
  aborted,
  tooYoungForNpm,
} from './manager/install-error.ts';
import type { InstallFailure } from './manager/install-error.ts';
import { faultOf, fetchPackage } from './fetch-package.ts';
import { planInstall } from './job.ts';
import type { InstallJob } from './job.ts';
import { checkVersions } from './check-versions.ts';
import type { Environment, NpmRun } from './npm/npm-command.ts';
import type { InstallQueue } from './install-queue.ts';
import { listVersions } from './npm/registry.ts';
import type { RegistryAnswer } from './npm/registry.ts';
import type { InstalledVersion } from './store.ts';

export interface PackageUpdatesOptions {
  readonly paths: Pick<Paths, 'servers'>;
  readonly clock: Clock;
  /** The installer's: two npm at once take each other's memory and cache. */
  readonly queue: InstallQueue;
  readonly environment?: Environment;
  /** The version of the node that runs servers. */
  readonly node?: string;
  /** Milliseconds for one npm that asks, and for one that installs. */
  readonly patience?: { readonly look: number; readonly install: number };
}

interface InstallOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

type Installation = { readonly ok: true } | { readonly ok: false; readonly refusal: string };

/** All of it only for servers that are packages. @throws TypeError for others */
export interface PackageUpdates {
  /**
   * What the registry offers, judged; what could not be found out is in `error`. Without a running version there is
   * `latest` and no candidate. Takes one to three short npm, after what else is queued.
   */
  look(spec: ServerSpec, memory: UpdateMemory, signal: AbortSignal): Promise<UpdateCheck>;
  /** The version that `current` links to; null when nothing is installed. */
  current(spec: ServerSpec): Promise<string | null>;
  isInstalled(spec: ServerSpec, version: string): Promise<boolean>;
  /**
   * Fetches an exact version beside the others; `current` stays. Nothing that it needs is younger than
   * `update.minimumAge`, or than itself. `refusal` is one line for people; nothing half is left then.
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

const PATIENCE = { look: 30_000, install: 600_000 };
const NEVER = new AbortController().signal;

export function createPackageUpdates(options: PackageUpdatesOptions): PackageUpdates {
  const parts: Parts = { environment: process.env, node: process.version, patience: PATIENCE, ...options };
  const plan = (spec: ServerSpec, signal = NEVER): InstallJob =>
    planInstall(spec, parts.paths.servers, signal);
  return {
    async look(spec, memory, signal) {
      const job = plan(spec, signal);
      try {
        const work = (): Promise<UpdateCheck> => look(job, { policy: spec.update, memory, parts });
        const outlook = await parts.queue.inTurn(work, signal);
        return outlook ?? nothingKnown(job, null, aborted().reason);
      } catch (error) {
        return nothingKnown(job, null, firstLine(messageOf(error)));
      }
    },
    current: async (spec) => (await plan(spec).store.current())?.version ?? null,
    isInstalled: async (spec, version) => (await find(plan(spec), version)) !== null,
    async install(spec, version, { signal, onProgress }) {
      const wanted = plan(spec, signal);
      const job = { ...wanted, version, spec: `${wanted.package}@${version}` };
      const installed = await install(job, { policy: spec.update, onProgress, parts });
      return installed.ok ? { ok: true } : { ok: false, refusal: installed.failure.message };
    },
    async switchTo(spec, version) {
      const job = plan(spec);
      const installed = await find(job, version);
      if (installed === null) throw notInstalled(spec.name, version);
      await job.store.switchTo(installed);
    },
  };
}

interface Looking {
  readonly policy: ServerSpec['update'];
  readonly memory: UpdateMemory;
  readonly parts: Parts;
}

async function look(job: InstallJob, { policy, memory, parts }: Looking): Promise<UpdateCheck> {
  const kind = await wishKind(job.version);
  const refusal = refuseRequest(job, kind !== null);
  const running = await runningVersion(job, memory);
  if (kind === null || refusal !== null) return nothingKnown(job, running, refusal?.reason ?? '');
  const { range, minimumAge } = policy;
  const asked = { running, wish: job.version, kind, range, minimumAge, memory, node: parts.node };
  const { error, ...verdict } = await checkVersions(job.package, asked, runOf(job, parts));
  const names = { server: job.server, package: job.package, running };
  return { ...names, ...verdict, error: error === null ? null : cannotAsk(job, error) };
}

/** What `prepare` would start without asking anybody. */
async function runningVersion(job: InstallJob, { chosen }: UpdateMemory): Promise<string | null> {
  const onDisk = { installed: await job.store.list(), current: await job.store.current() };
  const preferred = chosen?.wish === job.version ? chosen.version : null;
  const found =
    (await wishKind(job.version)) === null ? null : await chooseToRun(job.version, onDisk, preferred);
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
  const refusal = refuseRequest(job, valid(job.version) === job.version);
  if (refusal !== null) return { ok: false, ...toFailure(refusal, job) };
  const { queue } = installing.parts;
  if (queue.isBusy) installing.onProgress('waiting for another npm to end');
  try {
    const installed = await queue.inTurn(() => installInTurn(job, installing), job.signal);
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
  if (!before.ok) return { ok: false, ...toFailure(before.story, job) };
  const { clock, environment, patience } = parts;
  const how = { clock, environment, timeout: patience.install, progress: onProgress };
  return fetchPackage(job, { ...how, isCurrent: false, before: before.value });
}

/**
 * Until when something must have been published; a version that is younger itself may bring what is as young. Null leaves
 * it to npm, and so to the user's settings.
 */
async function lastMoment(
  job: InstallJob,
  minimumAge: number,
  parts: Parts,
): Promise<RegistryAnswer<number | null>> {
  if (minimumAge === 0) return { ok: true, value: null };
  const listing = await listVersions(job.package, runOf(job, parts));
  if (!listing.ok) return listing;
  const own = listing.value.publishedAt.get(job.version) ?? 0;
  const limit = await readAgeLimit(runOf(job, parts));
  if (own > limit) return { ok: false, story: tooYoungForNpm() };
  return { ok: true, value: Math.min(limit, Math.max(own, parts.clock.now() - minimumAge)) };
}

function runOf({ signal }: InstallJob, { environment, clock, patience }: Parts): NpmRun {
  return { environment, clock, signal, timeout: patience.look };
}

async function find({ store }: InstallJob, version: string): Promise<InstalledVersion | null> {
  return (await store.list()).find((each) => each.version === version) ?? null;
}

function notInstalled(server: string, version: string): WatchdogError {
  const message = `Cannot switch ${server} to ${version}: it is not installed`;
  return new WatchdogError('INSTALL_FAILED', message, { hint: 'Update to it: it is then installed anew.' });
}
