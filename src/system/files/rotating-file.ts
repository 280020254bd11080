// Log file of bounded size that never blocks its writer, on a disk that may be slow, full or gone.
import { closeSync, fstatSync, write, writeSync } from 'node:fs';
import { codeOf } from '../../core/base/guards.ts';
import type { Clock } from '../time/clock.ts';
import { LineQueue } from './line-queue.ts';
import { identityAt, openForAppend, rotate } from './rotation.ts';
import type { OpenLog } from './rotation.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Bytes after which the file is rotated. A single longer line gets a file of its own. */
  readonly maxSize: number;
  /** Number of rotated files (`name.log.1` is the newest) kept beside the current one. */
  readonly keep: number;
  readonly clock: Clock;
  /** Bytes that may wait for the disk, default 256 KiB; more is dropped and counted. */
  readonly maxPending?: number;
  /** Called once writing works again, before newer lines: a line written here stands where the others are missing. */
  readonly onDropped?: (lines: number, bytes: number) => void;
  /** Called once when the disk refuses (the error), and once when it works again (null). */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface RotatingFile {
  /** Writes one line, newline included. Never waits and never throws. */
  write(line: string): void;
  /** Lines dropped since the file was opened. */
  readonly dropped: number;
  /** Changes the limits from the next line on. */
  resize(limits: Pick<RotatingFileOptions, 'maxSize' | 'keep'>): void;
  /** Resolves when every accepted line is written, or as soon as the disk refuses. */
  flush(): Promise<void>;
  /** The same, blocking, for use before an exit. */
  flushSync(): void;
  /** Flushes and closes; lines that the disk refuses count as dropped. */
  close(): Promise<void>;
}

const DEFAULT_MAX_PENDING = 256 * 1024;
/** All in ms. */
const RETRY_EVERY = 1000;
const CHECK_EVERY = 1000;
const FLUSH_SYNC_TIMEOUT = 500;

/** Opens the file with the first line; a failure is retried each second. */
export function openRotatingFile(options: RotatingFileOptions): RotatingFile {
  return new Sink(options);
}

// Only data is written asynchronously, one write at a time. Opening and renaming are rare and quick; done in one step
// they leave no moment in which a line could fall between two files.
class Sink implements RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #queue: LineQueue;
  #limits: Pick<RotatingFileOptions, 'maxSize' | 'keep'>;
  #file: Target | null = null;
  /** Lines on their way to the disk; `#offset` bytes of them have arrived. */
  #batch: Buffer | null = null;
  #offset = 0;
  /** The write in flight; results of earlier ones are ignored. */
  #flight: symbol | null = null;
  #checkedAt = 0;
  #trouble: Error | null = null;
  #cancelRetry: (() => void) | null = null;
  #waiting: (() => void)[] = [];
  #isBlocking = false;
  #isClosed = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#limits = options;
    this.#queue = new LineQueue(options.maxPending ?? DEFAULT_MAX_PENDING);
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  write(line: string): void {
    if (this.#isClosed) this.#queue.drop(line);
    else if (this.#queue.add(line)) this.#writeNext();
  }

  resize(limits: Pick<RotatingFileOptions, 'maxSize' | 'keep'>): void {
    this.#limits = limits;
  }

  async flush(): Promise<void> {
    this.#retryNow();
    this.#writeNext();
    if (this.#flight !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  flushSync(): void {
    if (this.#flight !== null && !this.#awaitWriteInFlight()) return;
    this.#retryNow();
    this.#isBlocking = true;
    try {
      for (let next = this.#prepare(); next !== null; next = this.#prepare()) {
        this.#onWritten(writeSync(next.descriptor, next.data));
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBlocking = false;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.flush();
    this.#retryNow();
    for (const line of this.#batch?.subarray(this.#offset).toString().match(/.*\n/gu) ?? [])
      this.#queue.drop(line);
    this.#queue.dropAll();
    this.#closeFile();
  }

  #writeNext(): void {
    if (this.#flight !== null || this.#cancelRetry !== null || this.#isBlocking) return;
    try {
      const next = this.#prepare();
      if (next === null) this.#resolveFlushes();
      else this.#startWrite(next);
    } catch (error) {
      this.#fail(error);
    }
  }

  #startWrite({ descriptor, data }: Piece): void {
    const flight = Symbol('flight');
    this.#flight = flight;
    write(descriptor, data, (error, written) => {
      if (this.#flight !== flight) return;
      this.#flight = null;
      if (error === null) this.#onWritten(written);
      else this.#fail(error);
      this.#writeNext();
    });
  }

  /** What to write next; null when nothing waits. Throws the system's error. */
  #prepare(): Piece | null {
    if (this.#batch === null && this.#queue.isEmpty) return null;
    if (this.#batch === null) this.#closeIfReplaced();
    let file = this.#file ?? this.#open();
    this.#batch ??= this.#takeFor(file);
    if (this.#batch === null) {
      rotate(this.#options.path, this.#limits.keep);
      this.#closeFile();
      file = this.#open();
      this.#batch = this.#takeFor(file);
    }
    return this.#batch === null
      ? null
      : { descriptor: file.descriptor, data: this.#batch.subarray(this.#offset) };
  }

  /** The next lines that fit into `file`, null when it is full. */
  #takeFor(file: Target): Buffer | null {
    const lines = this.#queue.take(this.#limits.maxSize - file.size, file.size === 0);
    if (lines === '') return null;
    this.#offset = 0;
    const start = file.isTorn ? '\n' : '';
    file.isTorn = false;
    return Buffer.from(start + lines);
  }

  #open(): Target {
    this.#checkedAt = this.#options.clock.monotonic();
    this.#file = openForAppend(this.#options.path);
    return this.#file;
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = null;
    try {
      if (file !== null) closeSync(file.descriptor);
    } catch {
      // A late error of the disk: the result of every write is known already, so nothing is left to do.
    }
  }

  // Somebody may have deleted or renamed the file: without this check all lines would go where nobody reads.
  #closeIfReplaced(): void {
    const now = this.#options.clock.monotonic();
    if (this.#file === null || now - this.#checkedAt < CHECK_EVERY) return;
    this.#checkedAt = now;
    if (identityAt(this.#options.path) !== this.#file.identity) this.#closeFile();
  }

  #onWritten(bytes: number): void {
    if (this.#batch === null || this.#file === null) return;
    this.#file.size += bytes;
    this.#offset += bytes;
    if (this.#offset === this.#batch.length) this.#batch = null;
    if (this.#trouble !== null) {
      this.#trouble = null;
      this.#options.onTrouble?.(null);
    }
    if (this.#batch === null) this.#queue.reportLoss(this.#options.onDropped);
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    const isNew = this.#trouble === null;
    this.#trouble = reason;
    if (!isOutOfSpace(reason)) this.#restartLine();
    this.#cancelRetry ??= this.#options.clock.after(RETRY_EVERY, () => {
      this.#cancelRetry = null;
      this.#writeNext();
    });
    this.#resolveFlushes();
    if (isNew) this.#options.onTrouble?.(reason);
  }

  // On a full disk the half-written line is continued. After any other failure the file itself is in doubt: it is opened
  // again, its half line is ended, and the whole line is written again.
  #restartLine(): void {
    if (this.#batch !== null && this.#offset > 0) {
      this.#batch = this.#batch.subarray(this.#batch.lastIndexOf('\n', this.#offset - 1) + 1);
    }
    this.#offset = 0;
    this.#closeFile();
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #resolveFlushes(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  // The write in flight goes on in its own thread; only its effect on the file can be seen without the event loop.
  #awaitWriteInFlight(): boolean {
    if (this.#batch === null || this.#file === null) return true;
    const left = this.#batch.length - this.#offset;
    const nap = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < FLUSH_SYNC_TIMEOUT; waited += 1) {
      if (fstatSync(this.#file.descriptor).size >= this.#file.size + left) {
        this.#flight = null;
        this.#onWritten(left);
        return true;
      }
      Atomics.wait(nap, 0, 0, 1);
    }
    return false;
  }
}

interface Piece {
  readonly descriptor: number;
  readonly data: Buffer;
}

type Target = { -readonly [Key in keyof OpenLog]: OpenLog[Key] };

function isOutOfSpace(error: Error): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
}
