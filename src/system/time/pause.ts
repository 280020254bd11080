// Pause on a clock, cut short by a signal.
import type { Clock } from './clock.ts';

/** Resolves after `delay` ms, or as soon as `signal` is aborted; never rejects. */
export function pause(clock: Pick<Clock, 'after'>, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const cancel = clock.after(delay, finish);
    signal?.addEventListener('abort', finish, { once: true });
    function finish(): void {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    }
  });
}
