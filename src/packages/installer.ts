// Installer: gets the package of a server ready to start, from disk when possible, else from the registry.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { StartFailure } from '../core/model/observations.ts';
import type { StartFailureCode } from '../core/model/vocabulary.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Bus } from '../system/bus.ts';
import { systemClock } from '../system/time/clock.ts';
import type { Clock } from '../system/time/clock.ts';
import type { Paths } from '../system/files/paths.ts';
import { chooseFallback, chooseToRun } from './choose-installed.ts';
import { fetchPackage, planInstall, readStore, refuseJob } from './fetch-package.ts';
import type { FetchResult, InstallJob } from './fetch-package.ts';
import { createInstallQueue } from './install-queue.ts';
import type { InstallQueue } from './install-queue.ts';
import { aborted, systemFailure, toFailure, unresolvedBin } from './manager/install-error.ts';
import type { InstallFailure } from './manager/install-error.ts';
import type { InstalledVersion, ManagerEnvironment } from './manager/package-manager.ts';
import { removeLeftovers } from './store.ts';

/**
 * `argv` starts the server, its own arguments excepted. `note`: why it is not the version that was asked for, or what may
 * keep it from running.
 */
export type Prepared =
  | {
      readonly ok: true;
      readonly argv: readonly [string, ...string[]];
      /** Folder that comes first on the PATH of the server; left out where that stays as it is. */
      readonly programs?: string;
      readonly package: string;
      readonly version: string;
      readonly note: string | null;
    }
  | { readonly ok: false; readonly failure: StartFailure };

export interface Installer {
  /**
   * Gets a `package` server ready to start. Needs no network when a version that satisfies the wish is installed, and
   * never leaves `current` for a newer one by itself. An aborted call ends the tool and returns a failure.
   *
   * @throws TypeError for a server that has no package
   */
  prepare(spec: ServerSpec, signal: AbortSignal): Promise<Prepared>;
  /** Removes what a killed daemon left half-installed; to be called once, before the first `prepare`. */
  removeLeftovers(): Promise<void>;
  /** For others that install into this home. */
  readonly queue: InstallQueue;
}

export interface InstallerOptions {
  readonly paths: Pick<Paths, 'servers'>;
  readonly clock?: Clock;
  /** Gets `installed` and `using-installed`. */
  readonly bus?: Pick<Bus, 'publish'>;
  /** Gets a line about once a second while something is installed. */
  readonly onProgress?: (server: string, line: string) => void;
  readonly environment?: ManagerEnvironment;
  /** Ms without progress of an installation: when the server waits for it, and when an installed version could run instead. */
  readonly timeouts?: { readonly alone: number; readonly withFallback: number };
  /** The version to run in place of what `wish`, the config's, asks for; null when there is none. */
  readonly chosen?: (server: string, wish: string) => string | null;
}

const MINUTE = 60_000;
/** Ms: a server that crashes must not wait again for a registry that did not answer a moment ago. */
const ASK_AGAIN = 5 * MINUTE;

type Parts = Required<Omit<InstallerOptions, 'paths' | 'bus'>> & {
  readonly publish: Bus['publish'];
  readonly queue: InstallQueue;
  /**
   * By server: what does not fit this runtime, which only another config or another daemon can change. `key` tells the
   * config.
   */
  readonly unfit: Map<string, { readonly key: string; readonly failure: InstallFailure }>;
  /** By server: what could not be fetched, why, and until when it is not retried, on the monotonic clock. */
  readonly unreached: Map<string, { readonly spec: string; readonly why: string; readonly until: number }>;
};

export function createInstaller({ paths, bus, ...options }: InstallerOptions): Installer {
  const parts: Parts = {
    clock: systemClock,
    onProgress: () => undefined,
    environment: process.env,
    timeouts: { alone: 10 * MINUTE, withFallback: 2 * MINUTE },
    chosen: () => null,
    ...options,
    publish: (event) => bus?.publish(event),
    queue: createInstallQueue(),
    unreached: new Map(),
    unfit: new Map(),
  };
  return {
    queue: parts.queue,
    async prepare(spec, signal) {
      const job = await planInstall(spec, paths.servers, signal);
      try {
        return await prepareJob(job, parts);
      } catch (error) {
        return refused(systemFailure(error, job));
      }
    },
    async removeLeftovers() {
      const servers = await readdir(paths.servers).catch(() => []);
      for (const server of servers) await removeLeftovers(join(paths.servers, server));
    },
  };
}

async function prepareJob(job: InstallJob, parts: Parts): Promise<Prepared> {
  const refusal = await refuseJob(job);
  if (refusal !== null) return refused(toFailure(refusal, job));
  const onDisk = await readStore(job);
  const chosen = await chooseToRun(job.version, onDisk, parts.chosen(job.server, job.version));
  if (chosen === null) return fetchOrFallBack(job, chooseFallback(onDisk), parts);
  // It starts even where the link cannot be switched: on a full disk, say.
  await job.store.switchTo(chosen).catch(() => undefined);
  return launch(job, chosen, null);
}

async function fetchOrFallBack(
  job: InstallJob,
  fallback: InstalledVersion | null,
  parts: Parts,
): Promise<Prepared> {
  const { server } = job;
  const { alone, withFallback } = parts.timeouts;
  const known = recentFailure(job, parts);
  if (fallback !== null && known !== null) return launchFallback(job, fallback, known, parts);
  const fetched = await fetch(job, fallback === null ? alone : withFallback, parts);
  if (fetched.ok) return launchFetched(job, fetched, parts);
  if (fallback === null || !fetched.unreachable) return refused(fetched);
  const why = fetched.failure.message;
  parts.unreached.set(server, { spec: job.spec, why, until: parts.clock.monotonic() + ASK_AGAIN });
  return launchFallback(job, fallback, why, parts);
}

async function launchFetched(
  job: InstallJob,
  { version: installed, took, instead }: Extract<Fetched, { ok: true }>,
  parts: Parts,
): Promise<Prepared> {
  const { server } = job;
  const { version } = installed;
  parts.onProgress(server, `installed ${job.package} ${version} in ${(took / 1000).toFixed(1)} s`);
  parts.publish({ kind: 'installed', server, package: job.package, version, took });
  const unfit = await job.manager.unfitDependencies(installed);
  const warning = unfit.length === 0 ? null : warnOf(unfit);
  const note = instead ?? installed.instead ?? warning;
  if (note !== null) parts.publish({ kind: 'using-installed', server, version, why: note });
  return launch(job, installed, note);
}

function warnOf([first = '', ...others]: readonly string[]): string {
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `a dependency may not run on this node, ${process.version}: ${first}${more}`;
}

function recentFailure({ server, spec }: InstallJob, { unreached, clock }: Parts): string | null {
  const last = unreached.get(server);
  return last !== undefined && last.spec === spec && clock.monotonic() < last.until ? last.why : null;
}

function launchFallback(job: InstallJob, fallback: InstalledVersion, reason: string, parts: Parts): Prepared {
  const { version } = fallback;
  const why = `${reason}; using ${version}, which is installed`;
  const prepared = launch(job, fallback, why);
  if (prepared.ok) parts.publish({ kind: 'using-installed', server: job.server, version, why });
  return prepared;
}

/** Nothing older fits, or there is nothing older. */
const FITS_NOT: ReadonlySet<StartFailureCode> = new Set(['ENGINE_MISMATCH', 'UNKNOWN_VERSION']);

type Fetched =
  | (Extract<FetchResult, { ok: true }> & {
      /** Why it is older than what was asked for; null when it is not. */
      readonly instead: string | null;
    })
  | Extract<FetchResult, { ok: false }>;

/** Fetches what was asked for, or what is older and fits this runtime. What cannot fit is not asked for again. */
async function fetch(job: InstallJob, timeout: number, parts: Parts): Promise<Fetched> {
  const key = JSON.stringify([job.source, job.version, job.ignoreEngines]);
  const known = parts.unfit.get(job.server);
  if (known?.key === key) return { ok: false, ...known.failure };
  const fetched = await fetchInTurn(job, timeout, parts);
  if (fetched.ok) return { ...fetched, instead: null };
  if (fetched.unfitVersion === undefined) return fetched;
  const older = await job.manager.olderWish(job.version, fetched.unfitVersion);
  const second =
    older === null
      ? fetched
      : await fetchInTurn({ ...job, version: older, spec: `${job.package}@${older}` }, timeout, parts);
  if (second.ok) {
    const { version } = second.version;
    return { ...second, instead: `${fetched.failure.message}; using ${version}, the newest that fits` };
  }
  if (!FITS_NOT.has(second.failure.code)) return second;
  // Of two refusals the first names the version that was asked for.
  const { failure, unreachable } = fetched;
  parts.unfit.set(job.server, { key, failure: { failure, unreachable } });
  return fetched;
}

async function fetchInTurn(job: InstallJob, timeout: number, parts: Parts): Promise<FetchResult> {
  const { clock, environment, queue } = parts;
  const progress = (line: string): void => parts.onProgress(job.server, line);
  if (queue.isBusy(job.server)) progress(`waiting for another ${job.manager.words.tool} to end`);
  const how = { clock, environment, timeout, progress, isCurrent: true, before: null };
  const work = (): Promise<FetchResult> => fetchPackage(job, how);
  return (await queue.inTurn(job.server, work, job.signal)) ?? { ok: false, ...toFailure(aborted(), job) };
}

function launch(job: InstallJob, installed: InstalledVersion, note: string | null): Prepared {
  const program = job.manager.programOf(installed, job.bin);
  if (!program.ok) return refused(toFailure(unresolvedBin(program.reason, installed.folder), job));
  return { ...program, package: job.package, version: installed.version, note };
}

function refused({ failure }: InstallFailure): Prepared {
  return { ok: false, failure };
}
