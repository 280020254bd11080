// Process identity that survives the reuse of pids: pid, start time and boot.
import { spawnSync } from 'node:child_process';
import { processKey } from '../../core/lifecycle/process-tree.ts';
import { readProcess, readProcesses } from './process-table.ts';
import { readFileOrNull } from '../files/read-file.ts';
import { isLinux } from '../platform.ts';

/** A pid alone may be reused; together with start time and boot it identifies one process for good. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Linux: clock ticks since boot; macOS: the start time in UTC, to the second. */
  readonly startToken: string;
  /** Null when the system does not tell: such an identity never counts as the same. */
  readonly bootId: string | null;
}

/**
 * `gone`: no process has the pid, or only a zombie; `recycled`: another process has it and must not be signalled;
 * `unknown`: the system does not tell, so it must not be signalled either.
 */
export type IdentityVerdict = 'same' | 'gone' | 'recycled' | 'unknown';

/** Reads the identity of a process; null when there is none. Synchronous, so that a child cannot be reaped before. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const row = readProcess(pid);
  return row ? { pid, startToken: row.startToken, bootId: readBootId() } : null;
}

/** Checks whether the process with this identity is still alive; never a guess. */
export function checkIdentity(identity: ProcessIdentity): IdentityVerdict {
  const bootId = readBootId();
  if (identity.bootId === null || bootId === null) return 'unknown';
  const row = readProcess(identity.pid);
  if (row === undefined) return 'unknown';
  if (row === null) return 'gone';
  if (identity.bootId !== bootId || row.startToken !== identity.startToken) return 'recycled';
  return row.state === 'zombie' ? 'gone' : 'same';
}

/**
 * Checks whether all of them are gone or zombies, by one reading: on macOS each is a `ps` of its own otherwise. False
 * also while the system does not tell.
 */
export async function haveEnded(
  processes: readonly { readonly pid: number; readonly startToken: string }[],
): Promise<boolean> {
  try {
    const rows = await readProcesses(processes.map(({ pid }) => pid));
    const alive = new Set(rows.filter(({ state }) => state === 'alive').map(processKey));
    return processes.every((one) => !alive.has(processKey(one)));
  } catch {
    return false;
  }
}

let known: string | null | undefined;

/** Returns an id that changes with every boot; null when the system does not tell. */
export function readBootId(): string | null {
  known ??= isLinux ? readLinuxBootId() : readDarwinBootId();
  return known;
}

function readLinuxBootId(): string | null {
  return readFileOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function readDarwinBootId(): string | null {
  const { status, stdout } = spawnSync('sysctl', ['-n', 'kern.bootsessionuuid'], {
    // It lies in a folder that not every PATH has.
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    encoding: 'utf8',
    timeout: 5000,
  });
  const id = status === 0 ? stdout.trim() : '';
  return /^\S+$/.test(id) ? id : null;
}
