// How the home is cleaned: everything is found first, then removed one by one; what cannot be removed is told.
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
} as const satisfies Record<string, (facts: CleanupContext) => Promise<CleanupSearch>>;

export interface CleanUpOptions {
  /** Removes nothing. */
  readonly dryRun?: boolean;
  /** Ends the work between two removals; what was done is reported. */
  readonly signal?: AbortSignal;
}

const NEVER = new AbortController().signal;

/** Never throws for what lies in the home: what cannot be read or removed is in `failed`. */
export async function cleanUp(
  facts: CleanupContext,
  { dryRun = false, signal = NEVER }: CleanUpOptions = {},
): Promise<CleanupReport> {
  const removed: RemovedItem[] = [];
  const spared: KeptItem[] = [];
  const failed: KeptItem[] = [];
  const { found, ...search } = await searchAll(facts);
  spared.push(...search.spared);
  failed.push(...search.failed);
  for (const one of found) {
    if (signal.aborted) break;
    const outcome = await remove(one, { home: facts.paths.home, dryRun, signal });
    if ('bytes' in outcome) removed.push({ kind: one.kind, path: one.entry.path, bytes: outcome.bytes });
    else if ('kept' in outcome) spared.push({ path: one.entry.path, why: outcome.kept });
    else failed.push({ path: one.entry.path, why: outcome.failure });
  }
  const inHome = <T extends { readonly path: string }>(list: readonly T[]): T[] =>
    list.map((one) => ({ ...one, path: relative(facts.paths.home, one.path) }));
  const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { dryRun, removed: inHome(removed), spared: inHome(spared), failed: inHome(failed), freed };
}

async function searchAll(facts: CleanupContext): Promise<CleanupSearch & { failed: KeptItem[] }> {
  const found: CleanupCandidate[] = [];
  const spared: KeptItem[] = [];
  const failed: KeptItem[] = [];
  for (const [place, search] of Object.entries(SEARCHES)) {
    try {
      const findings = await search(facts);
      found.push(...findings.found);
      spared.push(...findings.spared);
    } catch (error) {
      failed.push({ path: join(facts.paths.home, place), why: messageOf(error) });
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
    // A folder on the way may have become a link since it was looked at.
    if (!(await isWithin(home, dirname(entry.path)))) return { kept: 'it is not in the home any more' };
    const why = (await whyKept?.()) ?? null;
    if (why !== null) return { kept: why };
    if (entry.kind === 'folder') await removeFolder(entry.path);
    else await rm(entry.path);
    return { bytes };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

/** Out of the way in one step: nobody ever meets half a version, and what is left of it is a leftover. */
async function removeFolder(path: string): Promise<void> {
  const aside = join(dirname(path), `.tmp-gone-${randomBytes(4).toString('hex')}`);
  await rename(path, aside);
  await rm(aside, { recursive: true, maxRetries: 3, retryDelay: 50 });
}
