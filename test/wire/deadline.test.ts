import { describe, expect, it } from 'vitest';
import { endOfWait, withTimeout } from '../../src/wire/deadline.ts';
import { FakeClock } from '../fakes/clock.ts';

function begin(clock: FakeClock, outer = new AbortController()) {
  const waiting = withTimeout(
    { clock, timeout: 5_000, signal: outer.signal },
    (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(endOfWait(signal, 'ping')), { once: true });
      }),
  );
  return { waiting, outer };
}

describe('withTimeout()', () => {
  it('is the fault of a server that does not answer in time', async () => {
    const clock = new FakeClock();
    const { waiting } = begin(clock);
    await clock.advance(5_000);
    expect(await waiting).toEqual({
      outcome: 'failed',
      took: 5_000,
      reason: 'timeout',
      detail: 'No answer to ping within 5000 ms',
    });
  });

  it('is our own fault when we were not running', async () => {
    const clock = new FakeClock();
    const { waiting } = begin(clock);
    await clock.sleep(35_000);
    expect(await waiting).toEqual({
      outcome: 'inconclusive',
      detail: 'The watchdog itself was not running for 30000 ms',
    });
  });

  it('lets an answer win that arrived while our loop was busy', async () => {
    const clock = new FakeClock();
    const answered = withTimeout({ clock, timeout: 100, signal: new AbortController().signal }, (signal) =>
      Promise.race([
        new Promise((resolve) => {
          // Due at the same instant as the alarm, as an answer is that waits in the socket.
          clock.after(100, () => resolve('answer'));
        }),
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('timeout'));
        }),
      ]),
    );
    await clock.advance(200);
    expect(await answered).toBe('answer');
  });

  it('proves nothing when it is broken off from outside, also before it began', async () => {
    const clock = new FakeClock();
    const { waiting, outer } = begin(clock);
    outer.abort({ end: 'discarded' });
    expect(await waiting).toMatchObject({ outcome: 'inconclusive' });
    const aborted = withTimeout(
      { clock, timeout: 5, signal: outer.signal },
      async (signal) => signal.aborted,
    );
    expect(await aborted).toBe(true);
  });

  it('leaves no alarm behind', async () => {
    const clock = new FakeClock();
    await withTimeout({ clock, timeout: 5_000, signal: new AbortController().signal }, async () => 'done');
    expect(clock.pending).toBe(0);
  });
});
