// Queue of installations: one at a time, since one npm takes 230 MB and two race for npm's cache.

export interface InstallQueue {
  readonly isBusy: boolean;
  /** Runs `work` when everything queued before has ended; an abort while waiting gives null at once. */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null>;
}

export function createInstallQueue(): InstallQueue {
  let tail: Promise<void> = Promise.resolve();
  let queued = 0;

  return {
    get isBusy() {
      return queued > 0;
    },
    async inTurn(work, signal) {
      const before = tail;
      const { promise: mine, resolve: leave } = withResolvers();
      tail = before.then(() => mine);
      queued += 1;
      try {
        await firstOf(before, signal);
        return signal.aborted ? null : await work();
      } finally {
        queued -= 1;
        leave();
      }
    },
  };
}

function firstOf(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener('abort', go);
      resolve();
    };
    if (signal.aborted) return go();
    signal.addEventListener('abort', go, { once: true });
    void turn.then(go);
  });
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
