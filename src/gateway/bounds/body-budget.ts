// Memory for the bodies of requests that are being received: bounded for all of them together.

interface HeldBody {
  /** False when there is no room for `bytes` more. */
  take(bytes: number): boolean;
  /** Gives back what was taken; a second time changes nothing. */
  readonly close: () => void;
  readonly isClosed: boolean;
}

export interface BodyBudget {
  open(): HeldBody;
  readonly used: number;
}

/** Bytes: sixteen bodies of the usual limit at once. */
const MOST = 64 * 1024 * 1024;

export function createBodyBudget(most = MOST): BodyBudget {
  let used = 0;
  return {
    open() {
      let held = 0;
      let isClosed = false;
      return {
        take(bytes) {
          held += bytes;
          used += bytes;
          return used <= most;
        },
        close: () => {
          if (isClosed) return;
          isClosed = true;
          used -= held;
        },
        get isClosed() {
          return isClosed;
        },
      };
    },
    get used() {
      return used;
    },
  };
}
