// Memory for the bodies of requests that are being received: bounded for all of them together.

export interface BodyBudget {
  /** Counts bytes that are held from here on; false when there is no room for them. They have to be given back even so. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  readonly used: number;
}

/** Bytes: sixteen bodies of the usual limit at once. */
const MOST = 64 * 1024 * 1024;

export function createBodyBudget(most = MOST): BodyBudget {
  let used = 0;
  return {
    take(bytes) {
      used += bytes;
      return used <= most;
    },
    give(bytes) {
      used -= bytes;
    },
    get used() {
      return used;
    },
  };
}
