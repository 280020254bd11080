// Atomic file replacement: a reader sees the old file or the new one, never half of it.
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';

/**
 * Replaces `path` with `text` by rename, so that readers, also after a power cut, see the old or the new file.
 * Synchronous on purpose: a counter must be on disk before the event that raised it has consequences.
 *
 * @throws the system's error (ENOSPC, EACCES, …); the old file is then untouched
 */
export function writeFileAtomic(
  path: string,
  text: string | Uint8Array,
  { mode = 0o600, durable = true } = {},
): void {
  const temporary = temporaryBeside(path);
  try {
    const descriptor = openSync(temporary, 'wx', mode);
    try {
      // The umask of whoever started us may have taken bits away, its own included.
      fchmodSync(descriptor, mode);
      // Not writeSync: on a full disk it writes a part and reports success.
      writeFileSync(descriptor, text);
      if (durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** As `writeFileAtomic`, without blocking: for what is large and can be lost. @throws the system's error */
export async function replaceFile(path: string, bytes: Uint8Array, { mode = 0o600 } = {}): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function temporaryBeside(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
}
