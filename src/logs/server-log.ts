// What a server said, kept for people: one safe line per line, in a rotated file, and the last few at hand.
import { truncate, neutralise } from '../core/base/text.ts';
import type { Clock } from '../system/time/clock.ts';
import { openRotatingFile } from '../system/files/rotating-file.ts';
import type { RotatingFile } from '../system/files/rotating-file.ts';

export interface ServerLogOptions {
  readonly path: string;
  /** Bytes per file, and how many older files are kept. */
  readonly policy: { readonly maxSize: number; readonly keep: number };
  readonly clock: Clock;
  /** Takes secrets out; `isCut` says that the end of the text is missing. */
  readonly scrub: (text: string, isCut?: boolean) => string;
  /** The disk refuses (the error), or works again (null). */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface ServerLog {
  /** Takes a line as the server wrote it; `dropped` bytes at its end were not kept. */
  write(stream: 'stdout' | 'stderr', line: string, dropped?: number): void;
  /** A remark of the watchdog's own, in the place where it belongs. */
  note(text: string): void;
  /** Notes that a new process begins: the last lines of the one before are no longer its own. */
  noteStart(text: string): void;
  /** Up to `count` (at most 20) of the last lines of this process, oldest first, without time, safe to show. */
  lastLines(count?: number): readonly string[];
  /** Lines that the disk did not take, ever. */
  readonly dropped: number;
  /** Another size, from the next line on. */
  resize(policy: ServerLogOptions['policy']): void;
  flushSync(): void;
  close(): Promise<void>;
}

const LAST_LINES = 20;

/** Bytes: the burst that a capture lets through at once, with its time stamps; less, and a quick disk would lose lines. */
const MAX_PENDING = 2 * 1024 * 1024;

/** Length of a remembered line: status and notifications show one row of it. */
const LAST_LINE_LENGTH = 400;

/** Each line of the file: ISO time, `stdout`, `stderr` or `watchdog`, text: `2026-01-01T00:00:00.000Z stderr ready`. */
export function openServerLog({ path, policy, clock, scrub, onTrouble }: ServerLogOptions): ServerLog {
  const remembered: string[] = [];
  const file: RotatingFile = openRotatingFile({
    path,
    ...policy,
    clock,
    maxPending: MAX_PENDING,
    onDropped: (lines, bytes) =>
      append('watchdog', `${lines} lines (${bytes} bytes) are missing here: the disk did not take them`),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });

  function append(source: string, text: string): void {
    file.write(`${new Date(clock.now()).toISOString()} ${source} ${text}\n`);
  }

  function note(text: string): void {
    append('watchdog', scrub(neutralise(text)));
  }

  return {
    write(stream, line, dropped = 0) {
      const text = scrub(neutralise(line), dropped > 0);
      append(stream, dropped > 0 ? `${text} [${dropped} more bytes]` : text);
      if (text.trim() === '') return;
      remembered.push(truncate(text, LAST_LINE_LENGTH));
      if (remembered.length > LAST_LINES) remembered.shift();
    },
    note,
    noteStart(text) {
      remembered.length = 0;
      note(text);
    },
    lastLines: (count = LAST_LINES) => remembered.slice(-count),
    get dropped() {
      return file.dropped;
    },
    resize: (changed) => file.resize(changed),
    flushSync: () => file.flushSync(),
    close: () => file.close(),
  };
}
