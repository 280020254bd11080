// Collector of bytes that belong together and arrive in pieces: one growing buffer, bounded, whose rest is counted and dropped.

/** Bytes that all collectors and queues of one owner may hold together. */
export interface ByteBudget {
  /** Takes so many bytes; false, and nothing taken, when they are not there. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface ByteCollectorOptions {
  /** Most bytes kept. */
  readonly maxBytes: number;
  /** What is held counts against this as well; none by default. */
  readonly budget?: ByteBudget;
}

export interface ByteCollector {
  push(part: Uint8Array): void;
  /** Bytes held. */
  readonly length: number;
  /** Bytes that were not kept. */
  readonly dropped: number;
  /** Returns what is held, and begins anew. */
  take(): Buffer;
}

const FIRST_CAPACITY = 1024;

/** One growing buffer, not a list of parts: what arrives byte by byte must not cost an object per byte. */
export function createByteCollector({ maxBytes, budget }: ByteCollectorOptions): ByteCollector {
  let held: Buffer = Buffer.alloc(0);
  let length = 0;
  let dropped = 0;

  /** Makes room for `needed` bytes in all; false when the budget has none. */
  function grow(needed: number): boolean {
    if (needed <= held.length) return true;
    // Doubled, so that copying stays linear.
    const capacity = Math.min(maxBytes, Math.max(needed, held.length * 2, FIRST_CAPACITY));
    if (budget?.take(capacity - held.length) === false) return false;
    // Not from Buffer's pool, where a small rest would keep much.
    const larger = Buffer.allocUnsafeSlow(capacity);
    held.copy(larger, 0, 0, length);
    held = larger;
    return true;
  }

  return {
    push(part) {
      const room = dropped > 0 ? 0 : Math.min(part.length, maxBytes - length);
      const kept = grow(length + room) ? room : 0;
      held.set(part.subarray(0, kept), length);
      length += kept;
      dropped += part.length - kept;
    },
    get length() {
      return length;
    },
    get dropped() {
      return dropped;
    },
    take() {
      const taken = held.subarray(0, length);
      budget?.give(held.length);
      held = Buffer.alloc(0);
      length = 0;
      dropped = 0;
      return taken;
    },
  };
}

/** Creates a budget of so many bytes. */
export function createByteBudget(maxBytes: number): ByteBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > maxBytes) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
}
