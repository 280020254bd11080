// Space for many short lists of numbers in few pieces of memory, since each typed array has a cost of its own.
const FIRST_LISTS = 4;
const MOST_LISTS = 64;

interface Divisible<List> {
  subarray(from: number, to: number): List;
}

/** Gives lists of one length, all zeros; those that are given one after the other share their memory. */
export class ListSpace<List extends Divisible<List>> {
  readonly #make: (length: number) => List;
  readonly #length: number;
  #piece: List;
  #lists = FIRST_LISTS;
  #left = 0;

  constructor(make: (length: number) => List, length: number) {
    this.#make = make;
    this.#length = length;
    this.#piece = make(0);
  }

  take(): List {
    if (this.#left === 0) {
      this.#piece = this.#make(this.#lists * this.#length);
      this.#left = this.#lists;
      this.#lists = Math.min(2 * this.#lists, MOST_LISTS);
    }
    this.#left -= 1;
    return this.#piece.subarray(this.#left * this.#length, (this.#left + 1) * this.#length);
  }
}
