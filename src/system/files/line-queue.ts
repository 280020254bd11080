// Bounded queue of lines in front of a slow disk: what does not fit is dropped and counted.

/** What a waiting line costs beside its bytes: a million empty lines are not free. */
const LINE_OVERHEAD = 32;

/** Bytes written at once, a single longer line excepted. */
const MAX_BATCH = 64 * 1024;

export class LineQueue {
  readonly #maxBytes: number;
  #lines: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #lostLines = 0;
  #lostBytes = 0;

  /** @param maxBytes what may wait in all, UTF-8 bytes plus a small charge per line */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Lines dropped, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * False when the line was dropped. Once one is, so are all until the loss is reported: one gap, and a report that
   * stands exactly where it is.
   */
  add(line: string): boolean {
    const cost = Buffer.byteLength(line) + LINE_OVERHEAD;
    const isFull = this.#lines.length > 0 && this.#waitingBytes + cost > this.#maxBytes;
    if (isFull || this.#lostLines > 0) {
      this.refuse(line);
      return false;
    }
    this.#lines.push(line);
    this.#waitingBytes += cost;
    return true;
  }

  /** Counts a line as dropped without a look at the room. */
  refuse(line: string): void {
    this.#dropped += 1;
    this.#lostLines += 1;
    this.#lostBytes += Buffer.byteLength(line);
  }

  refuseAll(): void {
    for (const line of this.#lines) this.refuse(line);
    this.#lines = [];
    this.#waitingBytes = 0;
  }

  /**
   * Takes out whole lines, oldest first, up to `room` bytes and one batch, joined.
   *
   * @param atLeastOne a first line that is longer than `room` is taken all the same
   */
  take(room: number, atLeastOne: boolean): string {
    let bytes = 0;
    let count = 0;
    for (const line of this.#lines) {
      const length = Buffer.byteLength(line);
      const fits = bytes + length <= room && (count === 0 || bytes + length <= MAX_BATCH);
      if (!fits && !(atLeastOne && count === 0)) break;
      bytes += length;
      count += 1;
    }
    this.#waitingBytes -= bytes + count * LINE_OVERHEAD;
    return this.#lines.splice(0, count).join('');
  }

  /** Tells of what was dropped since the last report, once there is room again, for the report as well. */
  reportLoss(report?: (lines: number, bytes: number) => void): void {
    if (this.#lostLines === 0 || this.#waitingBytes > this.#maxBytes / 2) return;
    const [lines, bytes] = [this.#lostLines, this.#lostBytes];
    this.#lostLines = 0;
    this.#lostBytes = 0;
    report?.(lines, bytes);
  }
}
