// Capture of server output as bounded lines, with a limit on line length and on rate.
import type { Readable } from 'node:stream';
import type { Clock } from '../system/time/clock.ts';
import { createLineSplitter } from '../system/files/line-splitter.ts';
import { countNewlines } from '../system/files/tail.ts';

/** Limits of output that somebody else reads, and hands over in pieces. */
export interface OutputLimiter {
  take(chunk: Buffer): void;
  /** Nothing more will come: tells what was dropped, and keeps what was printed last. */
  end(): void;
}

export interface CaptureOptions {
  readonly clock: Clock;
  /** @param dropped bytes at the end of an overlong line that were not kept, 0 for a whole line */
  readonly onLine: (line: string, dropped: number) => void;
  /** Called with the lines dropped over the rate limit: when lines are kept again, at least each second, and at the end. */
  readonly onDropped: (lines: number, bytes: number) => void;
  /** Bytes kept of one line, default 16 KiB. */
  readonly maxLineBytes?: number;
  /** Sustained rate in bytes per second, default 1 MiB; `burst` bytes (default 1 MiB) are accepted at once before that. */
  readonly maxBytesPerSecond?: number;
  readonly burst?: number;
}

const DEFAULT_MAX_LINE = 16 * 1024;
const DEFAULT_RATE = 1024 * 1024;
const DEFAULT_BURST = 1024 * 1024;
/** ms */
const REPORT_INTERVAL = 1000;

/** Bytes charged per line for time stamp, bookkeeping and disk, so that tiny lines are limited like long ones. */
const LINE_COST = 128;

/** Bytes read between two checks of the budget. */
const SLICE = 4 * 1024;

/** Share of the burst that the budget must reach before lines are kept again: readable stretches, not scattered lines. */
const RESUME_AT = 1 / 16;

/** Bytes of dropped output kept after all when the stream ends there: the last output before a crash. */
const LAST_OUTPUT = 2 * 1024;

/** Bytes of a chunk that indicate a flood. */
const LARGE_CHUNK = 4 * 1024;

const NEWLINE = 0x0a;

/**
 * Reads `stream` until it ends or until the returned function is called. Never pauses the stream: a server whose pipe is
 * full blocks, so back-pressure would cause the very fault that we look for. Over the budget it counts and drops whole
 * lines instead, at the cost of one scan per byte.
 */
export function captureOutput(stream: Readable, options: CaptureOptions): () => void {
  const limiter = new RateLimiter(options);
  const onData = (chunk: Buffer): void => limiter.take(chunk);
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    // Without a listener the stream keeps flowing and is discarded: grandchildren that still hold it are not blocked.
    stream.off('data', onData);
    limiter.end();
  };
  stream.on('data', onData);
  stream.on('end', finish);
  stream.on('close', finish);
  // A broken pipe is an end like any other.
  stream.on('error', finish);
  return finish;
}

/** Creates the limits for output that is not read here: lines within other things. */
export function createOutputLimiter(options: CaptureOptions): OutputLimiter {
  return new RateLimiter(options);
}

class RateLimiter implements OutputLimiter {
  readonly #options: CaptureOptions;
  readonly #rate: number;
  readonly #burst: number;
  readonly #splitter;
  #budget: number;
  #refilledAt: number;
  #isInLine = false;
  #isSkipping = false;
  #skipped = { lines: 0, bytes: 0 };
  #lastOutput: Buffer = Buffer.alloc(0);
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
    if (this.#isSkipping) this.#keepLastOutput();
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

  // Reads a started line to its end (the splitter bounds it), so that only whole lines are missing.
  #finishLine(rest: Buffer): Buffer {
    const end = rest.indexOf(NEWLINE);
    return this.#keep(rest, end === -1 ? rest.length : end + 1);
  }

  // Drops the whole rest, or only the remainder of one line when the budget allows to resume.
  #skip(rest: Buffer): Buffer {
    const mayResume = this.#budget > this.#burst * RESUME_AT;
    const lineEnd = this.#isInLine ? rest.indexOf(NEWLINE) + 1 : 0;
    this.#isSkipping = !mayResume || (this.#isInLine && lineEnd === 0);
    const dropped = this.#isSkipping ? rest : rest.subarray(0, lineEnd);
    this.#count(dropped);
    if (!this.#isSkipping) {
      this.#report();
      this.#lastOutput = Buffer.alloc(0);
    }
    return rest.subarray(dropped.length);
  }

  #count(dropped: Buffer): void {
    if (dropped.length === 0) return;
    this.#skipped.lines += countNewlines(dropped);
    this.#skipped.bytes += dropped.length;
    this.#isInLine = dropped[dropped.length - 1] !== NEWLINE;
    // Copied: a slice would keep the whole pipe chunk in memory.
    const before = dropped.length < LAST_OUTPUT ? this.#lastOutput : Buffer.alloc(0);
    this.#lastOutput = Buffer.concat([before, dropped.subarray(-LAST_OUTPUT)]).subarray(-LAST_OUTPUT);
    this.#cancelReport ??= this.#options.clock.after(REPORT_INTERVAL, () => this.#report());
  }

  #keepLastOutput(): void {
    const isCut = this.#lastOutput.length === LAST_OUTPUT;
    const output = this.#lastOutput.subarray(isCut ? this.#lastOutput.indexOf(NEWLINE) + 1 : 0);
    // Part of them may have been reported as dropped already.
    this.#skipped.lines = Math.max(0, this.#skipped.lines - countNewlines(output));
    this.#skipped.bytes = Math.max(0, this.#skipped.bytes - output.length);
    this.#report();
    this.#splitter.push(output);
  }

  #report(): void {
    this.#cancelReport?.();
    this.#cancelReport = null;
    const { lines, bytes } = this.#skipped;
    this.#skipped = { lines: 0, bytes: 0 };
    if (bytes > 0) this.#options.onDropped(lines, bytes);
  }
}

const FILLER: readonly number[] = Array.from({ length: 1024 }, () => 0);

// The garbage collector counts the small object of a chunk, not the 64 KiB behind it, and lets 33 MB pile up. Eight KiB
// on its own heap make it run in time: a flood then costs 25 MB instead of 45 (measured on Node 20).
function nudgeCollector(): void {
  Array.from(FILLER);
}
