// How the file that launchd writes our output to stays small: launchd never rotates it.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { launchdLogPath } from './job-definition.ts';

const LARGEST = 1024 * 1024;
const KEPT = 64 * 1024;

/**
 * Keeps the end of a large one: what the last crash said. To be called at the start of a daemon that launchd runs;
 * launchd appends, so that emptying the file under it is safe. A file that cannot be had is left alone.
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
    if (size <= LARGEST) return;
    const end = Buffer.alloc(KEPT);
    const read = readSync(descriptor, end, 0, KEPT, size - KEPT);
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, end, 0, read, 0);
  } finally {
    closeSync(descriptor);
  }
}
