// How a package gets onto the disk: whole, checked and in one step, or not at all.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../system/time/clock.ts';
import {
  toFailure,
  systemFailure,
  noNpm,
  unresolvedBin,
  installedElsewhere,
  wrongEngine,
} from './manager/install-error.ts';
import type { InstallFailure } from './manager/install-error.ts';
import type { InstallJob } from './job.ts';
import { errorOfResult } from './npm/npm-errors.ts';
import { findNpm, runNpmInstall } from './npm/npm-command.ts';
import type { Environment } from './npm/npm-command.ts';
import { describeGrowth, watchGrowth } from './install-progress.ts';
import { resolveBin } from './npm/resolve-bin.ts';
import { removeLeftovers, removeTree } from './store.ts';
import type { InstalledVersion } from './store.ts';

/** `took` in ms. */
export type FetchResult =
  | { readonly ok: true; readonly version: InstalledVersion; readonly took: number }
  | ({ readonly ok: false } & InstallFailure);

export interface FetchOptions {
  readonly clock: Clock;
  readonly environment: Environment;
  /** Milliseconds that npm may take. */
  readonly timeout: number;
  readonly progress: (line: string) => void;
  /** Whether `current` leads to it from then on. */
  readonly isCurrent: boolean;
  /** Ms since the epoch: nothing that was published later is taken; null for no limit of ours. */
  readonly before: number | null;
}

/** Installs what `job` asks for. Only one may be under way in a home. */
export async function fetchPackage(job: InstallJob, options: FetchOptions): Promise<FetchResult> {
  const began = options.clock.monotonic();
  await removeLeftovers(job.folder);
  const folder = await job.store.stage();
  try {
    const failure = await runNpm(job, folder, options);
    if (failure !== null) return { ok: false, ...failure };
    const staged = job.store.inspect(folder);
    if (staged === null) return { ok: false, ...toFailure(installedElsewhere(), job) };
    const fault = await faultOf(job, staged);
    if (fault !== null) return { ok: false, ...fault };
    const version = await job.store.commit(staged);
    if (options.isCurrent) await job.store.switchTo(version);
    return { ok: true, version, took: options.clock.monotonic() - began };
  } catch (error) {
    return { ok: false, ...systemFailure(error, job) };
  } finally {
    // Renamed away when all went well. What cannot be removed now is removed before the next installation.
    await removeTree(folder).catch(() => undefined);
  }
}

/** Null when npm ended well. */
async function runNpm(
  job: InstallJob,
  folder: string,
  options: FetchOptions,
): Promise<InstallFailure | null> {
  const { clock, environment, timeout, progress } = options;
  const npm = findNpm(process.execPath, environment['PATH'] ?? '');
  if (npm === null) return toFailure(noNpm(), job);
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  progress(`resolving ${job.spec}`);
  const unwatch = watchGrowth(folder, clock, (growth, elapsed) => {
    progress(`installing ${job.spec}: ${describeGrowth(growth, elapsed)}`);
  });
  try {
    const { spec, allowScripts, signal } = job;
    const result = await runNpmInstall(
      { npm, spec, folder, allowScripts, before: options.before },
      { environment, timeout, signal, clock },
    );
    const story = errorOfResult(result, { timeout, wanted: job });
    return story === null ? null : toFailure(story, job);
  } finally {
    unwatch();
  }
}

/** What is wrong with a package that npm is content with; null when it can be run. */
export async function faultOf(job: InstallJob, staged: InstalledVersion): Promise<InstallFailure | null> {
  const { packageFolder, engine, version } = staged;
  const { isWithin } = await import('./npm/ranges.ts');
  // npm checks it too, unless ~/.npmrc says `force`.
  if (engine !== null && !isWithin(process.version, engine)) {
    return toFailure(wrongEngine(`${job.package}@${version}`, engine), job);
  }
  const bin = resolveBin(packageFolder, job.bin);
  return bin.ok ? null : toFailure(unresolvedBin(bin.reason, job.folder), job);
}
