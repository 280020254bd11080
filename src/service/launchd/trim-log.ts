// Size limit of the file that launchd writes our output to: launchd never rotates it.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { launchdLogPath } from './job-definition.ts';

const MAX_SIZE = 1024 * 1024;
const KEPT_SIZE = 64 * 1024;

/**
 * Cuts a file above 1 MiB down to its last 64 KiB, which hold the output of the last crash. Call it when a daemon
 * starts under launchd: launchd appends, so truncating is safe. A file that cannot be opened is left alone.
 */
export function trimLaunchdLog(home: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(launchdLogPath(home), 'r+');
  } catch {
    return;
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size <= MAX_SIZE) return;
    const end = Buffer.alloc(KEPT_SIZE);
    const read = readSync(descriptor, end, 0, KEPT_SIZE, size - KEPT_SIZE);
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, end, 0, read, 0);
  } finally {
    closeSync(descriptor);
  }
}
