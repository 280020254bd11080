// How what a server prints becomes bounded lines, however much, however long and however fast it prints.
import type { Readable } from 'node:stream';
import type { Clock } from '../system/time/clock.ts';
import { createLineSplitter } from '../system/files/line-splitter.ts';
import { countNewlines } from '../system/files/tail.ts';

export interface CaptureOptions {
  readonly clock: Clock;
  /** @param dropped bytes at the end of an overlong line that were not kept, 0 for a whole line */
  readonly onLine: (line: string, dropped: number) => void;
  /** Told of whole lines that came too fast: when lines are kept again, at least each second, and at the end. */
  readonly onDropped: (lines: number, bytes: number) => void;
  /** Bytes kept of one line, default 16 KiB. */
  readonly maxLineBytes?: number;
  /** Sustained rate in bytes per second, default 1 MiB; `burst` (default 1 MiB) may come at once before that. */
  readonly maxBytesPerSecond?: number;
  readonly burst?: number;
}

const DEFAULT_MAX_LINE = 16 * 1024;
const DEFAULT_RATE = 1024 * 1024;
const DEFAULT_BURST = 1024 * 1024;
const REPORT_EVERY = 1000;

/** What a line costs beside its bytes (time stamp, bookkeeping, disk): it makes tiny lines as bounded as long ones. */
const LINE_COST = 128;

/** How much is read between two looks at the budget. */
const SLICE = 4 * 1024;

/** Kept again once the budget is back to this share of the burst: a readable stretch, not crumbs of a flood. */
const RESUME_AT = 1 / 16;

/** Bytes of dropped output that are shown after all when the stream ends there: the last words of a crash. */
const LAST_WORDS = 2 * 1024;

/** A chunk of at least so many bytes is a sign of a flood. */
const LARGE_CHUNK = 4 * 1024;

const NEWLINE = 0x0a;

/**
 * Reads `stream` until it ends, or until the returned function is called. The stream is never paused: a server whose
 * pipe is full stands still, which would make our bookkeeping the fault it is there to find. Over the budget whole
 * lines are counted and dropped instead, at the price of a glance at each byte.
 */
export function captureOutput(stream: Readable, options: CaptureOptions): () => void {
  const intake = new Intake(options);
  const onData = (chunk: Buffer): void => intake.take(chunk);
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    // Without a reader the stream flows on into nothing: grandchildren that still hold it are not blocked.
    stream.off('data', onData);
    intake.end();
  };
  stream.on('data', onData);
  stream.on('end', finish);
  stream.on('close', finish);
  // A broken pipe is an end like any other.
  stream.on('error', finish);
  return finish;
}

class Intake {
  readonly #options: CaptureOptions;
  readonly #rate: number;
  readonly #burst: number;
  readonly #splitter;
  #budget: number;
  #refilledAt: number;
  #isInLine = false;
  #isSkipping = false;
  #skipped = { lines: 0, bytes: 0 };
  #lastWords: Buffer = Buffer.alloc(0);
  #cancelReport: (() => void) | null = null;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#rate = (options.maxBytesPerSecond ?? DEFAULT_RATE) / 1000;
    this.#burst = options.burst ?? DEFAULT_BURST;
    this.#budget = this.#burst;
    this.#refilledAt = options.clock.monotonic();
    this.#splitter = createLineSplitter({
      maxBytes: options.maxLineBytes ?? DEFAULT_MAX_LINE,
      onLine: (line, dropped) => {
        this.#budget -= LINE_COST;
        options.onLine(line, dropped);
      },
    });
  }

  take(chunk: Buffer): void {
    this.#refill();
    if (chunk.length >= LARGE_CHUNK) nudgeCollector();
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#isSkipping) rest = this.#skip(rest);
      else if (this.#budget > 0) rest = this.#keep(rest, SLICE);
      else if (this.#isInLine) rest = this.#finishLine(rest);
      else this.#isSkipping = true;
    }
  }

  end(): void {
    if (this.#isSkipping) this.#giveLastWords();
    this.#splitter.end();
    this.#report();
  }

  #refill(): void {
    const now = this.#options.clock.monotonic();
    this.#budget = Math.min(this.#burst, this.#budget + (now - this.#refilledAt) * this.#rate);
    this.#refilledAt = now;
  }

  /** @returns what remains of `rest` after `length` bytes of it were read */
  #keep(rest: Buffer, length: number): Buffer {
    const slice = rest.subarray(0, length);
    this.#splitter.push(slice);
    this.#budget -= slice.length;
    this.#isInLine = slice[slice.length - 1] !== NEWLINE;
    return rest.subarray(slice.length);
  }

  // A line once begun is read to its end (the splitter bounds it), so that only whole lines are missing.
  #finishLine(rest: Buffer): Buffer {
    const end = rest.indexOf(NEWLINE);
    return this.#keep(rest, end === -1 ? rest.length : end + 1);
  }

  // Drops the whole rest, or what is left of one line when the budget is back.
  #skip(rest: Buffer): Buffer {
    const mayResume = this.#budget > this.#burst * RESUME_AT;
    const lineEnd = this.#isInLine ? rest.indexOf(NEWLINE) + 1 : 0;
    this.#isSkipping = !mayResume || (this.#isInLine && lineEnd === 0);
    const dropped = this.#isSkipping ? rest : rest.subarray(0, lineEnd);
    this.#count(dropped);
    if (!this.#isSkipping) {
      this.#report();
      this.#lastWords = Buffer.alloc(0);
    }
    return rest.subarray(dropped.length);
  }

  #count(dropped: Buffer): void {
    if (dropped.length === 0) return;
    this.#skipped.lines += countNewlines(dropped);
    this.#skipped.bytes += dropped.length;
    this.#isInLine = dropped[dropped.length - 1] !== NEWLINE;
    // Copied: a slice would keep the whole chunk of the pipe alive.
    const before = dropped.length < LAST_WORDS ? this.#lastWords : Buffer.alloc(0);
    this.#lastWords = Buffer.concat([before, dropped.subarray(-LAST_WORDS)]).subarray(-LAST_WORDS);
    this.#cancelReport ??= this.#options.clock.after(REPORT_EVERY, () => this.#report());
  }

  #giveLastWords(): void {
    const isCut = this.#lastWords.length === LAST_WORDS;
    const words = this.#lastWords.subarray(isCut ? this.#lastWords.indexOf(NEWLINE) + 1 : 0);
    // Part of them may have been reported as dropped already.
    this.#skipped.lines = Math.max(0, this.#skipped.lines - countNewlines(words));
    this.#skipped.bytes = Math.max(0, this.#skipped.bytes - words.length);
    this.#report();
    this.#splitter.push(words);
  }

  #report(): void {
    this.#cancelReport?.();
    this.#cancelReport = null;
    const { lines, bytes } = this.#skipped;
    this.#skipped = { lines: 0, bytes: 0 };
    if (bytes > 0) this.#options.onDropped(lines, bytes);
  }
}

const BALLAST: readonly number[] = Array.from({ length: 1024 }, () => 0);

// The garbage collector sees the small object of a chunk and not the 64 KiB behind it, and lets 33 MB of them pile up.
// Eight kilobytes on its own heap make it look in time: a flood then costs 25 MB instead of 45 (measured on Node 20).
function nudgeCollector(): void {
  Array.from(BALLAST);
}
