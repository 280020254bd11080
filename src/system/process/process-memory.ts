// Memory of processes as the system counts it, beside what is resident: footprints on macOS, proportional memory on Linux.
import { access, readFile } from 'node:fs/promises';
import { codeOf } from '../../core/base/guards.ts';
import * as darwin from './memory-footprint-darwin.ts';
import { isDarwin, isLinux } from '../platform.ts';

/** Bytes by pid, of all processes of the machine. */
export type ReadFootprints = (signal?: AbortSignal) => Promise<ReadonlyMap<number, number>>;

/** Null on Linux, where resident memory is not compressed behind our back. */
export const readFootprints: ReadFootprints | null = isDarwin ? darwin.readFootprints : null;

/** Bytes; `unreadable` for a process of another user, or one that protects its memory map, or an old kernel. */
type ProportionalOutcome = number | 'unreadable' | 'gone';

/**
 * Reads the proportional memory of one process: its private pages, and of each shared page the share among all that map it.
 *
 * @throws the system's error when no descriptor or memory is left
 */
export type ReadProportional = (pid: number) => Promise<ProportionalOutcome>;

/** Null where the system does not tell. */
export const readProportional: ReadProportional | null = isLinux ? readRollup : null;

/**
 * Reads `Pss` of smaps_rollup, see proc_pid_smaps(5). The kernel walks the page tables for it: 1 ms for a small process,
 * 3 ms for one of 250 MiB. Exists since Linux 4.14.
 */
async function readRollup(pid: number): Promise<ProportionalOutcome> {
  try {
    return parseRollup(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? 'gone';
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code === 'EACCES' || code === 'EPERM') return 'unreadable';
    if (code === 'ESRCH') return 'gone';
    if (code !== 'ENOENT') throw error;
    return access(`/proc/${pid}`).then(
      () => 'unreadable',
      () => 'gone',
    );
  }
}

/** Returns the CPU time of this process so far, ms: the kernel counts what it reads for us as ours. */
export function ownCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Parses the line `Pss:  1234 kB`; null without one, as for a process that is ending. */
export function parseRollup(text: string): number | null {
  const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(text) ?? [];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
