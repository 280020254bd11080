// CPU and memory usage of processes: the only user of pidusage.
import type pidusage from 'pidusage';
import { codeOf } from '../../core/base/guards.ts';

/** One process's processor time since it began, seconds, and its resident memory, bytes. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export type ReadUsage = (pids: readonly number[]) => Promise<ReadonlyMap<number, ProcessUsage>>;

/**
 * A reader with one call for all pids; those that are gone are missing from its answer. Loaded on first use.
 *
 * Only totals are taken: pidusage's own percentage is since the last call by anyone in this process. `clear()` is
 * never called, it would leave the descriptors open that pidusage keeps on Linux.
 *
 * @param keepFor ms that pidusage remembers a pid; longer than the time between two calls, or it opens its file anew
 */
export function createUsageReader(keepFor: number): ReadUsage {
  return async (pids) => {
    if (pids.length === 0) return new Map();
    const { default: read } = await loadPidusage();
    try {
      return toUsage(await read([...pids], { maxage: keepFor, usePs: false }));
    } catch (error) {
      if (isAllGone(error)) return new Map();
      throw error;
    }
  };
}

function loadPidusage(): Promise<{ readonly default: typeof pidusage }> {
  // It would print to our terminal when getconf or /proc/uptime is missing, both of which it can do without.
  process.env['PIDUSAGE_SILENT'] ??= '1';
  return import('pidusage');
}

/** What pidusage answers: by pid, null or undefined for one that is gone. `ctime` is in ms. */
type Answers = Readonly<
  Record<string, { readonly ctime: number; readonly memory: number } | null | undefined>
>;

function toUsage(answers: Answers): Map<number, ProcessUsage> {
  const usage = new Map<number, ProcessUsage>();
  for (const [pid, answer] of Object.entries(answers)) {
    const { ctime = Number.NaN, memory = Number.NaN } = answer ?? {};
    if (Number.isFinite(ctime + memory))
      usage.set(Number(pid), { cpuSeconds: ctime / 1000, residentBytes: memory });
  }
  return usage;
}

/** A single pid that is gone is a rejection: ENOENT when it was never seen, ESRCH when it was. */
function isAllGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '');
}
