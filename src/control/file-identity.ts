// Whether a file of ours is still the one that we made, or somebody has removed or replaced it since.
import { lstatSync } from 'node:fs';

/**
 * Remembers what is at `path` now. No descriptor is needed for the answer, so that it is the same when there are none; and
 * where the system would not tell, it counts as there.
 */
export function trackFileIdentity(path: string): () => boolean {
  const made = markOf(path);
  return () => [made, 'untold'].includes(markOf(path));
}

/** A number of a file is used again; together with the time of its making it is not. */
function markOf(path: string): string {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? 'gone' : `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
  } catch {
    return 'untold';
  }
}
