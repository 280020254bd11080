// Wait for several pieces of work together, with one timeout.
import type { Clock } from '../system/time/clock.ts';

/** Resolves as soon as all of `work` is done, at the latest after `timeout` ms, with the names of what is not. */
export function unfinishedAfter(
  timeout: number,
  work: ReadonlyMap<string, Promise<void>>,
  clock: Clock,
): Promise<readonly string[]> {
  const pending = new Set(work.keys());
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeout, () => resolve([...pending]));
    const each = [...work].map(([name, done]) => done.then(() => pending.delete(name)));
    void Promise.all(each)
      .finally(cancel)
      .then(() => resolve([]), reject);
  });
}
