// Queue of package tools: two at a time, and never two for one server.

export interface InstallQueue {
  /** Tells whether work for this server would have to wait. */
  isBusy(server: string): boolean;
  /** Runs `work` when it is its turn; an abort while waiting gives null at once. */
  inTurn<T>(server: string, work: () => Promise<T>, signal: AbortSignal): Promise<T | null>;
}

/** One npm takes 230 MB; npm's cache allows several, as every entry is written under its own hash. */
const AT_ONCE = 2;

interface Waiting {
  readonly server: string;
  readonly go: () => void;
}

/** Serves in order, except that who waits for the same server lets others pass. */
export function createInstallQueue(): InstallQueue {
  const working = new Set<string>();
  let waiting: readonly Waiting[] = [];

  function isBusy(server: string): boolean {
    return working.size >= AT_ONCE || working.has(server) || waiting.some((each) => each.server === server);
  }

  /** Resolves with true when it is this one's turn, with false after an abort. */
  function turn(server: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const own: Waiting = {
        server,
        go() {
          signal.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      const leave = (): void => {
        waiting = waiting.filter((each) => each !== own);
        resolve(false);
      };
      if (signal.aborted) return resolve(false);
      signal.addEventListener('abort', leave, { once: true });
      waiting = [...waiting, own];
      admit();
    });
  }

  function admit(): void {
    for (const each of waiting) {
      if (working.size >= AT_ONCE) return;
      if (working.has(each.server)) continue;
      working.add(each.server);
      waiting = waiting.filter((other) => other !== each);
      each.go();
    }
  }

  return {
    isBusy,
    async inTurn(server, work, signal) {
      if (!(await turn(server, signal))) return null;
      try {
        return signal.aborted ? null : await work();
      } finally {
        working.delete(server);
        admit();
      }
    },
  };
}
