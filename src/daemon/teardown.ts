// How the daemon takes itself apart: named steps, last in first out, none of which can stop the next.
import type { Clock } from '../system/time/clock.ts';

export interface Teardown {
  /**
   * @param name what is being undone, for a log line should it fail
   * @param extra ms of patience on top, asked when it begins
   */
  add(name: string, undo: () => void | Promise<void>, extra?: () => number): void;
  /** Once, however often it is called. */
  run(): Promise<void>;
}

interface Step {
  readonly name: string;
  readonly undo: () => void | Promise<void>;
  readonly extra: () => number;
}

/** @param patience ms that one step may take before the next is tried */
export function createTeardown({
  clock,
  patience,
  onFault,
}: {
  clock: Clock;
  patience: number;
  onFault: (name: string, error: unknown) => void;
}): Teardown {
  const steps: Step[] = [];
  let running: Promise<void> | null = null;

  async function undoAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await withinPatience(step);
      } catch (error) {
        onFault(step.name, error);
      }
    }
  }

  async function withinPatience({ name, undo, extra }: Step): Promise<void> {
    const wait = patience + extra();
    const work = Promise.resolve(undo());
    return new Promise((resolve, reject) => {
      const cancel = clock.after(wait, () => reject(new Error(`${name} took longer than ${wait} ms`)));
      void work.then(resolve, reject).finally(cancel);
    });
  }

  return {
    add: (name, undo, extra = () => 0) => void steps.push({ name, undo, extra }),
    run: () => (running ??= undoAll()),
  };
}
