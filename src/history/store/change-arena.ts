// Arena of value changes: all series share slabs of small blocks, so that memory is counted exactly and freed blocks are used again.

/** Changes in one block; most series never change, and use one block each. */
const BLOCK = 16;
const BLOCKS_PER_SLAB = 256;
const SLAB = BLOCK * BLOCKS_PER_SLAB;

/** Set in a tick where the series ended; its value means nothing then. */
const ENDED = 0x8000_0000;
export const LARGEST_TICK = ENDED - 1;

/** Reads a tick as `copy` writes it. */
export function readTick(written: number): { readonly tick: number; readonly hasEnded: boolean } {
  return { tick: tickIn(written), hasEnded: isEnd(written) };
}

export function tickIn(written: number): number {
  return written & ~ENDED;
}

export function isEnd(written: number): boolean {
  return (written & ENDED) !== 0;
}

const NO_BLOCKS: readonly number[] = [];

/** Changes of one series, oldest first. Belongs to one arena, which alone changes it. */
export class ChangeList {
  /** Empty while there is at most one change: that one is `tick` and `lastValue`, since most series never change. */
  blocks: readonly number[] = NO_BLOCKS;
  /** As `copy` writes it. */
  tick = 0;
  /** Value of the newest change that is no end. */
  lastValue = Number.NaN;
  /** Slot of the first change within the first block. */
  first = 0;
  length = 0;
  /** All values in blocks are whole numbers of 32 bits, as counters and sizes are: they take half the room. */
  isWhole = true;
}

/** Changes copied out of the arena. */
export interface Changes {
  /** As `readTick` reads them. */
  readonly ticks: Uint32Array;
  readonly values: Float64Array;
}

interface Slab {
  readonly ticks: Uint32Array;
  readonly values: Float64Array | Uint32Array;
}

export class ChangeArena {
  readonly #whole = new BlockPool((length) => new Uint32Array(length), 8 * BLOCK);
  readonly #other = new BlockPool((length) => new Float64Array(length), 12 * BLOCK);

  /** Bytes of the blocks in use. */
  get bytes(): number {
    return this.#whole.bytes + this.#other.bytes;
  }

  push(
    list: ChangeList,
    { tick, value, hasEnded }: { tick: number; value: number; hasEnded: boolean },
  ): void {
    const written = hasEnded ? (tick | ENDED) >>> 0 : tick;
    if (list.length === 0 && list.blocks.length === 0)
      Object.assign(list, { tick: written, first: 0, length: 1 });
    else {
      if (list.blocks.length === 0) {
        list.length = 0;
        this.#append(list, list.tick, list.lastValue);
      }
      this.#append(list, written, value);
    }
    if (!hasEnded) list.lastValue = value;
  }

  #append(list: ChangeList, written: number, value: number): void {
    const hasEnded = isEnd(written);
    if (list.isWhole && !hasEnded && !isWhole(value)) this.#widen(list);
    const pool = this.#poolOf(list);
    const slot = list.first + list.length;
    // Written as `[...list.blocks, block]` it would have room for 17.
    if (slot === list.blocks.length * BLOCK) list.blocks = list.blocks.concat(pool.take());
    list.length += 1;
    const slab = pool.slabOf(list, slot);
    const offset = pool.offsetOf(list, slot);
    slab.ticks[offset] = written;
    slab.values[offset] = hasEnded ? 0 : value;
  }

  /** The change at `index`, as `readTick` reads it. */
  tickAt(list: ChangeList, index: number): number {
    if (list.blocks.length === 0) return list.tick;
    const pool = this.#poolOf(list);
    const slot = list.first + index;
    return pool.slabOf(list, slot).ticks[pool.offsetOf(list, slot)] ?? 0;
  }

  /** Returns the index of the last change at or before `tick`; -1 when there is none. */
  indexAt(list: ChangeList, tick: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.tickAt(list, middle) & ~ENDED) > tick) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** Copies the changes from index `from` up to but without `to` into the lists, from `at` on. */
  copy(list: ChangeList, { from, to }: { from: number; to: number }, into: Changes, at = 0): void {
    if (list.blocks.length === 0 && from < to) {
      into.ticks[at] = list.tick;
      into.values[at] = isEnd(list.tick) ? 0 : list.lastValue;
      return;
    }
    const pool = this.#poolOf(list);
    for (let index = from; index < to;) {
      const slot = list.first + index;
      const count = Math.min(BLOCK - (slot % BLOCK), to - index);
      const slab = pool.slabOf(list, slot);
      const offset = pool.offsetOf(list, slot);
      into.ticks.set(slab.ticks.subarray(offset, offset + count), at + index - from);
      into.values.set(slab.values.subarray(offset, offset + count), at + index - from);
      index += count;
    }
  }

  /** Drops the oldest `count` changes. */
  drop(list: ChangeList, count: number): void {
    list.first += count;
    list.length -= count;
    const unused = Math.min(Math.floor(list.first / BLOCK), list.blocks.length);
    if (unused > 0) {
      this.#poolOf(list).release(list.blocks.slice(0, unused));
      list.blocks = unused === list.blocks.length ? NO_BLOCKS : list.blocks.slice(unused);
    }
    list.first -= unused * BLOCK;
  }

  clear(list: ChangeList): void {
    this.#poolOf(list).release(list.blocks);
    Object.assign(list, { blocks: NO_BLOCKS, first: 0, length: 0 });
  }

  #poolOf({ isWhole: whole }: ChangeList): BlockPool {
    return whole ? this.#whole : this.#other;
  }

  /** Moves a list to blocks that hold any number. */
  #widen(list: ChangeList): void {
    const { length } = list;
    const old = { ticks: new Uint32Array(length), values: new Float64Array(length) };
    this.copy(list, { from: 0, to: length }, old);
    this.clear(list);
    list.isWhole = false;
    for (let index = 0; index < length; index += 1)
      this.#append(list, old.ticks[index] ?? 0, old.values[index] ?? Number.NaN);
  }
}

function isWhole(value: number): boolean {
  return value >>> 0 === value && !Object.is(value, -0);
}

/** Blocks of one kind of values. */
class BlockPool {
  readonly #slabs: Slab[] = [];
  readonly #free: number[] = [];
  readonly #makeValues: (length: number) => Slab['values'];
  readonly #blockBytes: number;
  #used = 0;

  constructor(makeValues: (length: number) => Slab['values'], blockBytes: number) {
    this.#makeValues = makeValues;
    this.#blockBytes = blockBytes;
  }

  get bytes(): number {
    return this.#used * this.#blockBytes;
  }

  take(): number {
    this.#used += 1;
    const known = this.#free.pop();
    if (known !== undefined) return known;
    const first = this.#slabs.length * BLOCKS_PER_SLAB;
    this.#slabs.push({ ticks: new Uint32Array(SLAB), values: this.#makeValues(SLAB) });
    for (let block = BLOCKS_PER_SLAB - 1; block > 0; block -= 1) this.#free.push(first + block);
    return first;
  }

  release(blocks: readonly number[]): void {
    this.#used -= blocks.length;
    for (const block of blocks) this.#free.push(block);
  }

  slabOf({ blocks }: ChangeList, slot: number): Slab {
    const slab = this.#slabs[Math.floor((blocks[Math.floor(slot / BLOCK)] ?? 0) / BLOCKS_PER_SLAB)];
    if (slab === undefined) throw new RangeError(`There is no slot ${slot}`);
    return slab;
  }

  offsetOf({ blocks }: ChangeList, slot: number): number {
    return ((blocks[Math.floor(slot / BLOCK)] ?? 0) % BLOCKS_PER_SLAB) * BLOCK + (slot % BLOCK);
  }
}
