// Teardown of the daemon: named steps, last in, first out; a step that fails or hangs does not stop the next.
import type { Clock } from '../system/time/clock.ts';

export interface Teardown {
  /**
   * Adds a step in front of those added before.
   *
   * @param name of the part, for the log line if it fails
   * @param extra ms on top of the timeout, computed when the step begins
   */
  add(name: string, undo: () => void | Promise<void>, extra?: () => number): void;
  /** Runs all steps once, however often it is called. */
  run(): Promise<void>;
}

interface Step {
  readonly name: string;
  readonly undo: () => void | Promise<void>;
  readonly extra: () => number;
}

/** @param timeout ms that one step may take before the next begins */
export function createTeardown({
  clock,
  timeout,
  onFault,
}: {
  clock: Clock;
  timeout: number;
  onFault: (name: string, error: unknown) => void;
}): Teardown {
  const steps: Step[] = [];
  let running: Promise<void> | null = null;

  async function undoAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await withTimeout(step);
      } catch (error) {
        onFault(step.name, error);
      }
    }
  }

  async function withTimeout({ name, undo, extra }: Step): Promise<void> {
    const wait = timeout + extra();
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
