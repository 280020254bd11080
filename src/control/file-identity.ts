// Identity of a file: whether what is at a path is still what was there.
import { lstatSync } from 'node:fs';
import { codeOf } from '../core/base/guards.ts';

/**
 * Remembers which file is at `path` now; the returned function tells whether it is still there. No descriptor is needed for
 * the answer, so that it is the same when there are none; where the system would not tell, the file counts as there.
 */
export function trackFileIdentity(path: string): () => boolean {
  const own = fileIdentity(path);
  return () => [own, 'unknown'].includes(fileIdentity(path));
}

/** A number of a file is used again; together with the time of its making it is not. */
function fileIdentity(path: string): string {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? 'gone' : `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
  } catch (error) {
    return codeOf(error) === 'ENOTDIR' ? 'gone' : 'unknown';
  }
}
