// How the daemon takes itself apart: named steps, last in first out, none of which can stop the next.
import type { Clock } from '../system/clock.ts';

export interface CleanUps {
  /** `name` says what is being undone, in a log line should it fail. */
  add(name: string, undo: () => void | Promise<void>): void;
  /** Once, however often it is called. */
  run(): Promise<void>;
}

/** @param patience ms that one step may take before the next is tried */
export function createCleanUps({
  clock,
  patience,
  onFault,
}: {
  clock: Clock;
  patience: number;
  onFault: (name: string, error: unknown) => void;
}): CleanUps {
  const steps: { readonly name: string; readonly undo: () => void | Promise<void> }[] = [];
  let running: Promise<void> | null = null;

  async function undoAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const { name, undo } = step;
      try {
        await withinPatience(Promise.resolve(undo()), name);
      } catch (error) {
        onFault(name, error);
      }
    }
  }

  function withinPatience(work: Promise<void>, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(patience, () =>
        reject(new Error(`${name} took longer than ${patience} ms`)),
      );
      void work.then(resolve, reject).finally(cancel);
    });
  }

  return {
    add: (name, undo) => void steps.push({ name, undo }),
    run: () => (running ??= undoAll()),
  };
}
