// Arena of value changes: all series share slabs of small blocks, so that memory is counted exactly and freed blocks are used again.

/** Changes in one block; most series never change, and use one block each. */
const BLOCK = 16;
const BLOCKS_PER_SLAB = 256;
const SLAB = BLOCK * BLOCKS_PER_SLAB;
/** Bytes of one change: its tick and its value. */
const CHANGE_BYTES = 12;
export const BLOCK_BYTES = BLOCK * CHANGE_BYTES;

/** Set in a tick where the series ended; its value means nothing then. */
const ENDED = 0x8000_0000;
export const LARGEST_TICK = ENDED - 1;

/** Reads a tick as `copy` writes it. */
export function readTick(written: number): { readonly tick: number; readonly hasEnded: boolean } {
  return { tick: written & ~ENDED, hasEnded: (written & ENDED) !== 0 };
}

interface Slab {
  readonly ticks: Uint32Array;
  readonly values: Float64Array;
}

/** Changes of one series, oldest first. Belongs to the arena that created it. */
export interface ChangeList {
  readonly blocks: number[];
  /** Slot of the first change within the first block. */
  first: number;
  length: number;
}

export class ChangeArena {
  readonly #slabs: Slab[] = [];
  readonly #free: number[] = [];
  #used = 0;

  /** Bytes of the blocks in use. */
  get bytes(): number {
    return this.#used * BLOCK_BYTES;
  }

  create(): ChangeList {
    return { blocks: [], first: 0, length: 0 };
  }

  push(list: ChangeList, tick: number, value: number, hasEnded: boolean): void {
    const slot = list.first + list.length;
    if (slot === list.blocks.length * BLOCK) list.blocks.push(this.#take());
    list.length += 1;
    const { slab, offset } = this.#place(list, list.length - 1);
    slab.ticks[offset] = hasEnded ? (tick | ENDED) >>> 0 : tick;
    slab.values[offset] = value;
  }

  tickAt(list: ChangeList, index: number): number {
    const { slab, offset } = this.#place(list, index);
    return (slab.ticks[offset] ?? 0) & ~ENDED;
  }

  valueAt(list: ChangeList, index: number): number {
    const { slab, offset } = this.#place(list, index);
    return slab.values[offset] ?? Number.NaN;
  }

  endsAt(list: ChangeList, index: number): boolean {
    const { slab, offset } = this.#place(list, index);
    return ((slab.ticks[offset] ?? 0) & ENDED) !== 0;
  }

  /** Returns the index of the last change at or before `tick`; -1 when there is none. */
  indexAt(list: ChangeList, tick: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.tickAt(list, middle) > tick) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** Drops the oldest `count` changes. */
  drop(list: ChangeList, count: number): void {
    list.first += count;
    list.length -= count;
    while (list.first >= BLOCK && list.blocks.length > 0) {
      const block = list.blocks.shift();
      if (block !== undefined) this.#release(block);
      list.first -= BLOCK;
    }
    if (list.length === 0) this.clear(list);
  }

  clear(list: ChangeList): void {
    for (const block of list.blocks) this.#release(block);
    list.blocks.length = 0;
    list.first = 0;
    list.length = 0;
  }

  /** Copies all changes to the two lists, from `at` on; the mark of an end stays in the tick. */
  copy({ blocks, first, length }: ChangeList, ticks: Uint32Array, values: Float64Array, at: number): void {
    for (let done = 0; done < length;) {
      const slot = first + done;
      const count = Math.min(BLOCK - (slot % BLOCK), length - done);
      const { slab, offset } = this.#placeOf(blocks, slot);
      ticks.set(slab.ticks.subarray(offset, offset + count), at + done);
      values.set(slab.values.subarray(offset, offset + count), at + done);
      done += count;
    }
  }

  #take(): number {
    this.#used += 1;
    const known = this.#free.pop();
    if (known !== undefined) return known;
    const slab = this.#slabs.length;
    this.#slabs.push({ ticks: new Uint32Array(SLAB), values: new Float64Array(SLAB) });
    for (let block = BLOCKS_PER_SLAB - 1; block > 0; block -= 1)
      this.#free.push(slab * BLOCKS_PER_SLAB + block);
    return slab * BLOCKS_PER_SLAB;
  }

  #release(block: number): void {
    this.#used -= 1;
    this.#free.push(block);
  }

  #place({ blocks, first }: ChangeList, index: number): { slab: Slab; offset: number } {
    return this.#placeOf(blocks, first + index);
  }

  #placeOf(blocks: readonly number[], slot: number): { slab: Slab; offset: number } {
    const block = blocks[Math.floor(slot / BLOCK)] ?? 0;
    const slab = this.#slabs[Math.floor(block / BLOCKS_PER_SLAB)];
    if (slab === undefined) throw new RangeError(`There is no block ${block}`);
    return { slab, offset: (block % BLOCKS_PER_SLAB) * BLOCK + (slot % BLOCK) };
  }
}
