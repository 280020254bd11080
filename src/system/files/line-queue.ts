// Bounded queue of lines in front of a slow disk: what does not fit is dropped and counted.

/** Bytes charged for each waiting line on top of its text: a million empty lines are not free. */
const LINE_OVERHEAD = 32;

/** Most bytes written at once, except for a single longer line. */
const MAX_BATCH = 64 * 1024;

export class LineQueue {
  readonly #maxBytes: number;
  #lines: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #lostLines = 0;
  #lostBytes = 0;

  /** @param maxBytes most bytes that may wait, UTF-8 plus a small charge per line */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Lines dropped since creation. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Returns false when the line was dropped. After one drop all lines are dropped until the loss is reported: there is
   * one gap, and the report stands exactly there.
   */
  add(line: string): boolean {
    const cost = Buffer.byteLength(line) + LINE_OVERHEAD;
    const isFull = this.#lines.length > 0 && this.#waitingBytes + cost > this.#maxBytes;
    if (isFull || this.#lostLines > 0) {
      this.drop(line);
      return false;
    }
    this.#lines.push(line);
    this.#waitingBytes += cost;
    return true;
  }

  /** Counts a line as dropped, whatever room there is. */
  drop(line: string): void {
    this.#dropped += 1;
    this.#lostLines += 1;
    this.#lostBytes += Buffer.byteLength(line);
  }

  dropAll(): void {
    for (const line of this.#lines) this.drop(line);
    this.#lines = [];
    this.#waitingBytes = 0;
  }

  /**
   * Removes whole lines, oldest first, up to `room` bytes and one batch, and returns them joined.
   *
   * @param atLeastOne takes the first line even when it is longer than `room`
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

  /** Reports the lines dropped since the last report, once there is room again, also for the report itself. */
  reportLoss(report?: (lines: number, bytes: number) => void): void {
    if (this.#lostLines === 0 || this.#waitingBytes > this.#maxBytes / 2) return;
    const [lines, bytes] = [this.#lostLines, this.#lostBytes];
    this.#lostLines = 0;
    this.#lostBytes = 0;
    report?.(lines, bytes);
  }
}
