// How long many endings are waited for together, and which of them are not over by then.
import type { Clock } from '../system/time/clock.ts';

/** Resolves as soon as all of `work` is done, at the latest after `patience` ms, with the names of what is not. */
export function unfinishedAfter(
  patience: number,
  work: ReadonlyMap<string, Promise<void>>,
  clock: Clock,
): Promise<readonly string[]> {
  const pending = new Set(work.keys());
  return new Promise((resolve, reject) => {
    const cancel = clock.after(patience, () => resolve([...pending]));
    const each = [...work].map(([name, done]) => done.then(() => pending.delete(name)));
    void Promise.all(each)
      .finally(cancel)
      .then(() => resolve([]), reject);
  });
}
