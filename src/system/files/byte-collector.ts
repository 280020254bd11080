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
export function createByteCollector(options: ByteCollectorOptions): ByteCollector {
  return new Collector(options);
}

const NOTHING = Buffer.alloc(0);

/** A class, as each server has four: of objects with getters that are functions of their own V8 makes a hash table each. */
class Collector implements ByteCollector {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget | undefined;
  #held: Buffer = NOTHING;
  #length = 0;
  #dropped = 0;

  constructor({ maxBytes, budget }: ByteCollectorOptions) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(part: Uint8Array): void {
    const room = this.#dropped > 0 ? 0 : Math.min(part.length, this.#maxBytes - this.#length);
    const kept = this.#grow(this.#length + room) ? room : 0;
    this.#held.set(part.subarray(0, kept), this.#length);
    this.#length += kept;
    this.#dropped += part.length - kept;
  }

  take(): Buffer {
    const taken = this.#held.subarray(0, this.#length);
    this.#budget?.give(this.#held.length);
    this.#held = NOTHING;
    this.#length = 0;
    this.#dropped = 0;
    return taken;
  }

  /** Makes room for `needed` bytes in all; false when the budget has none. */
  #grow(needed: number): boolean {
    const held = this.#held;
    if (needed <= held.length) return true;
    // Doubled, so that copying stays linear.
    const capacity = Math.min(this.#maxBytes, Math.max(needed, held.length * 2, FIRST_CAPACITY));
    if (this.#budget?.take(capacity - held.length) === false) return false;
    // Not from Buffer's pool, where a small rest would keep much.
    const larger = Buffer.allocUnsafeSlow(capacity);
    held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
    return true;
  }
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
