// Installation of one version of a package: whole, checked and in one step, or not at all.
import { join } from 'node:path';

import type { PackageSource, ServerSpec } from '../core/model/server-spec.ts';
import type { Clock } from '../system/time/clock.ts';
import type { OnDisk } from './choose-installed.ts';
import { describeGrowth, watchGrowth } from './install-progress.ts';
import {
  installedElsewhere,
  noSuchWish,
  systemFailure,
  toFailure,
  unresolvedBin,
} from './manager/install-error.ts';
import type { InstallError, InstallFailure, InstallTarget } from './manager/install-error.ts';
import type { InstalledVersion, ManagerEnvironment, PackageManager } from './manager/package-manager.ts';
import { managerOf } from './managers.ts';
import { openStore, removeLeftovers, removeTree } from './store.ts';
import type { Store } from './store.ts';

/** What one server asks of the installer. */
export interface InstallJob extends InstallTarget {
  readonly server: string;
  readonly manager: PackageManager;
  readonly source: PackageSource;
  /** An exact version, a range or a tag. */
  readonly version: string;
  readonly bin: string | null;
  readonly allowScripts: boolean;
  readonly ignoreEngines: boolean;
  readonly allowGit: boolean;
  readonly store: Store;
  readonly signal: AbortSignal;
}

/** @throws TypeError for a server that has no package */
export async function planInstall(
  { name, source, update }: ServerSpec,
  servers: string,
  signal: AbortSignal,
): Promise<InstallJob> {
  if (source.kind !== 'package') throw new TypeError(`Cannot install ${name}: it is a ${source.kind} server`);
  const folder = join(servers, name);
  const manager = await managerOf(source.manager);
  return {
    server: name,
    manager,
    source,
    package: source.package,
    version: source.version,
    spec: `${source.package}@${source.version}`,
    bin: source.bin,
    allowScripts: update.allowScripts,
    ignoreEngines: update.ignoreEngines,
    allowGit: update.allowGit,
    folder,
    store: openStore(folder, { manager, source }),
    signal,
  };
}

/** Refuses a package or a version that must not reach the tool's command line; null when both may. */
export async function refuseJob({ manager, version, ...job }: InstallJob): Promise<InstallError | null> {
  const refusal = manager.refuseId(job.package);
  if (refusal !== null || (await manager.versions.wishKind(version)) !== null) return refusal;
  return noSuchWish(version, manager.words);
}

/** Reads which versions are installed. */
export async function readStore({ store, manager }: InstallJob): Promise<OnDisk> {
  return { installed: await store.list(), current: await store.current(), versions: manager.versions };
}

/** `took` in ms. */
export type FetchResult =
  | { readonly ok: true; readonly version: InstalledVersion; readonly took: number }
  | ({ readonly ok: false } & InstallFailure);

export interface FetchOptions {
  readonly clock: Clock;
  readonly environment: ManagerEnvironment;
  /** Ms that the tool may go without progress. */
  readonly timeout: number;
  readonly progress: (line: string) => void;
  /** Whether `current` links to it from then on. */
  readonly isCurrent: boolean;
  /** Ms since the epoch: nothing that was published later is installed; null for no limit of ours. */
  readonly before: number | null;
}

/** Installs what `job` asks for. Only one may be under way for a server. */
export async function fetchPackage(job: InstallJob, options: FetchOptions): Promise<FetchResult> {
  const began = options.clock.monotonic();
  await removeLeftovers(job.folder);
  const stage = await job.store.stage();
  try {
    const failed = await runInstall(job, stage, options);
    if (failed !== null) return { ok: false, ...toFailure(failed, job) };
    const staged = job.store.inspect(stage);
    if (staged === null) return { ok: false, ...toFailure(installedElsewhere(job.manager.words), job) };
    const fault = await faultOf(job, staged);
    if (fault !== null) return { ok: false, ...fault };
    const version = await job.store.commit(staged);
    if (options.isCurrent) await job.store.switchTo(version);
    return { ok: true, version, took: options.clock.monotonic() - began };
  } catch (error) {
    return { ok: false, ...systemFailure(error, job) };
  } finally {
    // Renamed away after a success. What cannot be removed now is removed before the next installation.
    await removeTree(stage).catch(() => undefined);
  }
}

/** Runs the tool; null when it succeeded. */
async function runInstall(
  job: InstallJob,
  stage: string,
  options: FetchOptions,
): Promise<InstallError | null> {
  const { clock, environment, timeout, progress, before } = options;
  const { manager, signal } = job;
  const expiry = createExpiry(timeout, clock);
  let stopWatching = (): void => undefined;
  const onStarted = (): void => {
    progress(`resolving ${job.spec}`);
    stopWatching = watchGrowth(stage, {
      measure: manager.measure,
      clock,
      onGrowth(growth, elapsed) {
        expiry.renew();
        progress(`installing ${job.spec}: ${describeGrowth(growth, elapsed)}`);
      },
    });
  };
  try {
    const request = { ...requestOf(job), stage, before, onStarted };
    return await manager.install(request, { environment, timeout, expiry: expiry.signal, signal, clock });
  } finally {
    stopWatching();
    expiry.cancel();
  }
}

/** Ms: what grows for ever is no package. */
const LONGEST = 60 * 60_000;

/** Creates a signal that is aborted `timeout` ms after it was last renewed, and an hour after it was made. */
function createExpiry(timeout: number, clock: Clock) {
  const controller = new AbortController();
  const expire = (): void => controller.abort();
  const cancelLast = clock.after(LONGEST, expire);
  let cancel = clock.after(timeout, expire);
  return {
    signal: controller.signal,
    renew() {
      cancel();
      cancel = clock.after(timeout, expire);
    },
    cancel() {
      cancel();
      cancelLast();
    },
  };
}

function requestOf(job: InstallJob) {
  const { source, package: id, version, spec, folder, allowScripts, ignoreEngines, allowGit } = job;
  return { source, package: id, version, spec, folder, allowScripts, ignoreEngines, allowGit };
}

/** Tells what is wrong with a version that the tool accepted; null when it can be run. */
export async function faultOf(job: InstallJob, staged: InstalledVersion): Promise<InstallFailure | null> {
  const { manager } = job;
  const fault = job.ignoreEngines ? null : await manager.faultOf(staged, job.package);
  if (fault !== null) return toFailure(fault, job);
  const program = manager.programOf(staged, job.bin);
  return program.ok ? null : toFailure(unresolvedBin(program.reason, job.folder), job);
}
