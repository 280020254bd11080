// Cleanup of the home: finds every candidate first, then removes them one by one and reports failures.
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { CleanupReport, RemovedItem, KeptItem } from '../core/model/cleanup-report.ts';
import { messageOf } from '../core/base/guards.ts';
import type { CleanupSearch, CleanupCandidate, CleanupContext } from './cleanup-context.ts';
import { findOwnLogs, findServerLogs } from './find-logs.ts';
import { findBackups, findStale } from './find-leftovers.ts';
import { findVersions } from './find-versions.ts';
import { isWithin, totalSize } from './home-entries.ts';

const SEARCHES = {
  logs: findServerLogs,
  'logs/watchdog.log': findOwnLogs,
  servers: findVersions,
  backups: findBackups,
  run: findStale,
} as const satisfies Record<string, (context: CleanupContext) => Promise<CleanupSearch>>;

export interface CleanUpOptions {
  /** Reports what would be removed and removes nothing. */
  readonly dryRun?: boolean;
  /** Stops between two removals; the report covers what was done. */
  readonly signal?: AbortSignal;
}

const NEVER = new AbortController().signal;

/** Cleans the home; never throws for files in it: what cannot be read or removed is in `failed`. */
export async function cleanUp(
  context: CleanupContext,
  { dryRun = false, signal = NEVER }: CleanUpOptions = {},
): Promise<CleanupReport> {
  const removed: RemovedItem[] = [];
  const spared: KeptItem[] = [];
  const failed: KeptItem[] = [];
  const { found, ...search } = await searchAll(context);
  spared.push(...search.spared);
  failed.push(...search.failed);
  for (const candidate of found) {
    if (signal.aborted) break;
    const outcome = await remove(candidate, { home: context.paths.home, dryRun, signal });
    if ('bytes' in outcome)
      removed.push({ kind: candidate.kind, path: candidate.entry.path, bytes: outcome.bytes });
    else if ('kept' in outcome) spared.push({ path: candidate.entry.path, why: outcome.kept });
    else failed.push({ path: candidate.entry.path, why: outcome.failure });
  }
  const inHome = <T extends { readonly path: string }>(list: readonly T[]): T[] =>
    list.map((one) => ({ ...one, path: relative(context.paths.home, one.path) }));
  const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { dryRun, removed: inHome(removed), spared: inHome(spared), failed: inHome(failed), freed };
}

async function searchAll(context: CleanupContext): Promise<CleanupSearch & { failed: KeptItem[] }> {
  const found: CleanupCandidate[] = [];
  const spared: KeptItem[] = [];
  const failed: KeptItem[] = [];
  for (const [place, search] of Object.entries(SEARCHES)) {
    try {
      const findings = await search(context);
      found.push(...findings.found);
      spared.push(...findings.spared);
    } catch (error) {
      failed.push({ path: join(context.paths.home, place), why: messageOf(error) });
    }
  }
  return { found, spared, failed };
}

type Outcome = { readonly bytes: number } | { readonly kept: string } | { readonly failure: string };

interface Removal {
  readonly home: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

async function remove(
  { entry, whyKept }: CleanupCandidate,
  { home, dryRun, signal }: Removal,
): Promise<Outcome> {
  try {
    const bytes = await totalSize(entry, signal);
    if (dryRun) return { bytes };
    // A parent folder may have become a link since the search.
    if (!(await isWithin(home, dirname(entry.path)))) return { kept: 'it is no longer inside the home' };
    const why = (await whyKept?.()) ?? null;
    if (why !== null) return { kept: why };
    if (entry.kind === 'folder') await removeFolder(entry.path);
    else await rm(entry.path);
    return { bytes };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

/** Renames the folder before removing it, so that nobody sees half a version; an interrupted removal leaves a leftover. */
async function removeFolder(path: string): Promise<void> {
  const doomed = join(dirname(path), `.tmp-gone-${randomBytes(4).toString('hex')}`);
  await rename(path, doomed);
  await rm(doomed, { recursive: true, maxRetries: 3, retryDelay: 50 });
}
