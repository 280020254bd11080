// Deadline of a request, and whose fault it is when it passes: the server's, ours, or nobody's.
import type { ProbeResult } from '../core/model/observations.ts';
import type { Clock } from '../system/time/clock.ts';

/** Reason that a signal of ours was aborted with. `late`: our own event loop was blocked, so the wait proves nothing. */
type WaitEnd =
  | { readonly end: 'timeout'; readonly after: number }
  | { readonly end: 'late'; readonly by: number }
  | { readonly end: 'discarded' };

/** Timeout of one request, ms, and a signal that is aborted when nobody wants the response any more. */
export interface Deadline {
  readonly clock: Clock;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** A timer that fires this much too late, ms, says that we were not running. */
const LATENESS = 1_000;

/** Runs `work` with a signal that is aborted at the timeout or with the outer signal. */
export async function withTimeout<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal: outer } = deadline;
  const inner = new AbortController();
  const stop = () => inner.abort(outer.reason);
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  const cancel = startTimeout(deadline, inner);
  try {
    return await work(inner.signal);
  } finally {
    cancel();
    outer.removeEventListener('abort', stop);
  }
}

function startTimeout({ clock, timeout }: Deadline, controller: AbortController): () => void {
  const due = clock.monotonic() + timeout;
  let cancel = clock.after(timeout, () => {
    const by = clock.monotonic() - due;
    // Timers fire before sockets are read: a response that is already here must win, so one more turn of the loop.
    cancel = clock.after(0, () =>
      controller.abort(by > LATENESS ? { end: 'late', by } : { end: 'timeout', after: timeout }),
    );
  });
  return () => cancel();
}

/** Turns an aborted wait for `what` into the probe result that it proves. */
export function endOfWait(signal: AbortSignal, what: string): Exclude<ProbeResult, { outcome: 'passed' }> {
  const reason = isWaitEnd(signal.reason) ? signal.reason : { end: 'discarded' as const };
  switch (reason.end) {
    case 'timeout':
      return {
        outcome: 'failed',
        took: reason.after,
        reason: 'timeout',
        detail: `No answer to ${what} within ${reason.after} ms`,
      };
    case 'late':
      return {
        outcome: 'inconclusive',
        detail: `The watchdog itself was not running for ${Math.round(reason.by)} ms`,
      };
    case 'discarded':
      return { outcome: 'inconclusive', detail: `The wait for ${what} was given up` };
    default:
      return reason satisfies never;
  }
}

function isWaitEnd(reason: unknown): reason is WaitEnd {
  return typeof reason === 'object' && reason !== null && 'end' in reason;
}
