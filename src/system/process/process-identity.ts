// Process identity that survives the reuse of pids: pid, start time and boot.
import { spawnSync } from 'node:child_process';
import { readProcess } from './process-table.ts';
import { readFileOrNull } from '../files/read-file.ts';

/** A pid alone is reused; with the time of its start and the boot it names one process for good. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Linux: clock ticks since boot; macOS: the start time in UTC, to the second. */
  readonly startToken: string;
  /** Null when the system would not tell: such an identity is never taken for the same. */
  readonly bootId: string | null;
}

/**
 * `gone`: nobody has the pid, or only a zombie; `recycled`: somebody else has it, and must not be signalled;
 * `unknown`: the system would not tell, so do not signal either.
 */
export type IdentityVerdict = 'same' | 'gone' | 'recycled' | 'unknown';

/** Synchronous, to be asked before the event loop can reap the child; null when there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const row = readProcess(pid);
  return row ? { pid, startToken: row.startToken, bootId: readBootId() } : null;
}

/** Whether the process that once had this identity still lives; never a guess. */
export function checkIdentity(identity: ProcessIdentity): IdentityVerdict {
  const bootId = readBootId();
  if (identity.bootId === null || bootId === null) return 'unknown';
  const row = readProcess(identity.pid);
  if (row === undefined) return 'unknown';
  if (row === null) return 'gone';
  if (identity.bootId !== bootId || row.startToken !== identity.startToken) return 'recycled';
  return row.state === 'zombie' ? 'gone' : 'same';
}

let known: string | null | undefined;

/** Another one after every boot; null when the system would not tell. */
export function readBootId(): string | null {
  known ??= process.platform === 'linux' ? readLinuxBootId() : readDarwinBootId();
  return known;
}

function readLinuxBootId(): string | null {
  return readFileOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function readDarwinBootId(): string | null {
  const { status, stdout } = spawnSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], {
    encoding: 'utf8',
    timeout: 5000,
  });
  const id = status === 0 ? stdout.trim() : '';
  return id === '' ? null : id;
}
