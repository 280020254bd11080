// Log file of bounded size that never blocks its writer, on a disk that may be slow, full or gone.
import { closeSync, fstatSync, write, writeSync } from 'node:fs';
import { codeOf } from '../../core/base/guards.ts';
import type { Clock } from '../time/clock.ts';
import { LineQueue } from './line-queue.ts';
import { identityAt, openForAppend, rotate } from './rotation.ts';
import type { OpenLog } from './rotation.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Bytes after which a file is set aside. A single longer line gets a file of its own. */
  readonly maxSize: number;
  /** How many files set aside (`name.log.1` is the youngest) are kept beside the one being written. */
  readonly keep: number;
  readonly clock: Clock;
  /** Bytes that may wait for the disk, default 256 KiB; what comes on top is dropped and counted. */
  readonly maxPending?: number;
  /** Told once writing works again, before newer lines: a note written here stands where the lines are missing. */
  readonly onDropped?: (lines: number, bytes: number) => void;
  /** The disk refuses (the error), or works again (null); told once each. */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface RotatingFile {
  /** Takes one line, its newline included. Never waits and never throws. */
  write(line: string): void;
  /** Lines dropped since the file was opened. */
  readonly dropped: number;
  /** From the next line on, with the meaning of the options of the same names. */
  resize(limits: Pick<RotatingFileOptions, 'maxSize' | 'keep'>): void;
  /** Resolves when all that was taken is written, or as soon as the disk refuses. */
  flush(): Promise<void>;
  /** The same before an exit, blocking. */
  flushSync(): void;
  /** Flushes and closes; what the disk refuses is then counted as dropped. */
  close(): Promise<void>;
}

const DEFAULT_MAX_PENDING = 256 * 1024;
const RETRY_EVERY = 1000;
const CHECK_EVERY = 1000;
const FLUSH_SYNC_PATIENCE = 500;

/** Opens nothing yet: the first line does, and a failure is tried again each second. */
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
  /** The write in flight: an answer to any other is old news. */
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
    if (this.#isClosed) this.#queue.refuse(line);
    else if (this.#queue.add(line)) this.#pump();
  }

  resize(limits: Pick<RotatingFileOptions, 'maxSize' | 'keep'>): void {
    this.#limits = limits;
  }

  async flush(): Promise<void> {
    this.#retryNow();
    this.#pump();
    if (this.#flight !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  flushSync(): void {
    if (this.#flight !== null && !this.#landInFlight()) return;
    this.#retryNow();
    this.#isBlocking = true;
    try {
      for (let next = this.#prepare(); next !== null; next = this.#prepare()) {
        this.#arrived(writeSync(next.descriptor, next.data));
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
      this.#queue.refuse(line);
    this.#queue.refuseAll();
    this.#leave();
  }

  #pump(): void {
    if (this.#flight !== null || this.#cancelRetry !== null || this.#isBlocking) return;
    try {
      const next = this.#prepare();
      if (next === null) this.#settle();
      else this.#launch(next);
    } catch (error) {
      this.#fail(error);
    }
  }

  #launch({ descriptor, data }: Piece): void {
    const flight = Symbol('flight');
    this.#flight = flight;
    write(descriptor, data, (error, written) => {
      if (this.#flight !== flight) return;
      this.#flight = null;
      if (error === null) this.#arrived(written);
      else this.#fail(error);
      this.#pump();
    });
  }

  /** What to write next; null when nothing waits. Throws the system's error. */
  #prepare(): Piece | null {
    if (this.#batch === null && this.#queue.isEmpty) return null;
    if (this.#batch === null) this.#leaveIfReplaced();
    let file = this.#file ?? this.#open();
    this.#batch ??= this.#takeFor(file);
    if (this.#batch === null) {
      rotate(this.#options.path, this.#limits.keep);
      this.#leave();
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

  #leave(): void {
    const file = this.#file;
    this.#file = null;
    try {
      if (file !== null) closeSync(file.descriptor);
    } catch {
      // A late error of the disk: every write was already answered for, and there is nothing to do about this one.
    }
  }

  // Somebody may have deleted or renamed the file: without a look now and then, all would go where nobody reads.
  #leaveIfReplaced(): void {
    const now = this.#options.clock.monotonic();
    if (this.#file === null || now - this.#checkedAt < CHECK_EVERY) return;
    this.#checkedAt = now;
    if (identityAt(this.#options.path) !== this.#file.identity) this.#leave();
  }

  #arrived(bytes: number): void {
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
    const isNews = this.#trouble === null;
    this.#trouble = reason;
    if (!isOutOfSpace(reason)) this.#startLineAgain();
    this.#cancelRetry ??= this.#options.clock.after(RETRY_EVERY, () => {
      this.#cancelRetry = null;
      this.#pump();
    });
    this.#settle();
    if (isNews) this.#options.onTrouble?.(reason);
  }

  // On a full disk the half-written line is simply continued. After any other failure the file itself is in doubt: it
  // is opened again, its half line is ended there, and the line is written anew, whole.
  #startLineAgain(): void {
    if (this.#batch !== null && this.#offset > 0) {
      this.#batch = this.#batch.subarray(this.#batch.lastIndexOf('\n', this.#offset - 1) + 1);
    }
    this.#offset = 0;
    this.#leave();
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  // The write in flight goes on in its own thread; only its effect on the file can be seen without the event loop.
  #landInFlight(): boolean {
    if (this.#batch === null || this.#file === null) return true;
    const left = this.#batch.length - this.#offset;
    const nap = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < FLUSH_SYNC_PATIENCE; waited += 1) {
      if (fstatSync(this.#file.descriptor).size >= this.#file.size + left) {
        this.#flight = null;
        this.#arrived(left);
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
