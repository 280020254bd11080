// CPU and memory of processes, read a second time: the only user of pidusage.
import type pidusage from 'pidusage';
import { codeOf } from '../../core/base/guards.ts';

/** CPU time of one process since its start, seconds, and its resident memory, bytes. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Processes without an entry keep the numbers of the process table. */
export type ReadUsage = (pids: readonly number[]) => Promise<ReadonlyMap<number, ProcessUsage>>;

/**
 * Creates a reader with one call for all pids; processes that are gone are missing from its result. Loaded on first use.
 *
 * Only totals are used: pidusage's percentage covers the time since the last call by anyone in this process. `clear()` is
 * never called: it would leave open the descriptors that pidusage keeps on Linux.
 *
 * @param keepFor ms that pidusage caches a pid; longer than the time between two calls, or it opens the file again
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
  // Otherwise it prints to our terminal when getconf or /proc/uptime is missing, both of which it can do without.
  process.env['PIDUSAGE_SILENT'] ??= '1';
  return import('pidusage');
}

/** pidusage's result by pid; null or undefined for a process that is gone. `ctime` is in ms. */
type PidusageResult = Readonly<
  Record<string, { readonly ctime: number; readonly memory: number } | null | undefined>
>;

function toUsage(answers: PidusageResult): Map<number, ProcessUsage> {
  const usage = new Map<number, ProcessUsage>();
  for (const [pid, answer] of Object.entries(answers)) {
    const { ctime = Number.NaN, memory = Number.NaN } = answer ?? {};
    if (Number.isFinite(ctime + memory))
      usage.set(Number(pid), { cpuSeconds: ctime / 1000, residentBytes: memory });
  }
  return usage;
}

/** For a single pid that is gone pidusage rejects: ENOENT when it never saw the pid, ESRCH when it did. */
function isAllGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '');
}
