// Log file of one server: its output line by line, sanitised and rotated, with the last lines in memory.
import { truncate, neutralise } from '../core/base/text.ts';
import { createOutputExcerpt } from '../core/status/output-excerpt.ts';
import type { Clock } from '../system/time/clock.ts';
import { openRotatingFile } from '../system/files/rotating-file.ts';
import type { RotatingFile } from '../system/files/rotating-file.ts';

export interface ServerLogOptions {
  readonly path: string;
  /** Bytes per file, and number of rotated files kept. */
  readonly policy: { readonly maxSize: number; readonly keep: number };
  readonly clock: Clock;
  /** Removes secrets; `isCut` says that the end of the text is missing. */
  readonly scrub: (text: string, isCut?: boolean) => string;
  /** Called with the error when writing fails, with null when it works again. */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface ServerLog {
  /** Appends a line of the server; `dropped` bytes at its end were not kept. */
  write(stream: 'stdout' | 'stderr', line: string, dropped?: number): void;
  /** Appends a remark of the watchdog. */
  note(text: string): void;
  /** Appends a remark that a new process starts, and clears the last lines of the previous one. */
  noteStart(text: string): void;
  /** Returns an excerpt of what this process printed, at most 20 lines, oldest first, without time, safe to show. */
  lastLines(): readonly string[];
  /** Returns the line that this process printed last, and its number; null for none. */
  latestLine(): { readonly number: number; readonly text: string } | null;
  /** Lines lost to write failures since the start. */
  readonly dropped: number;
  /** Changes size and number of files, from the next line on. */
  resize(policy: ServerLogOptions['policy']): void;
  flushSync(): void;
  close(): Promise<void>;
}

const LAST_LINES = 20;

/** Bytes: the burst that a capture accepts at once plus time stamps; a smaller buffer would lose lines even on a fast disk. */
const MAX_PENDING = 2 * 1024 * 1024;

/** Length of a line in memory: status and notifications show one row of it. */
const LAST_LINE_LENGTH = 400;

/** Opens the log. Each line holds ISO time, `stdout`, `stderr` or `watchdog`, text: `2026-01-01T00:00:00.000Z stderr ready`. */
export function openServerLog({ path, policy, clock, scrub, onTrouble }: ServerLogOptions): ServerLog {
  const excerpt = createOutputExcerpt();
  const file: RotatingFile = openRotatingFile({
    path,
    ...policy,
    clock,
    maxPending: MAX_PENDING,
    onDropped: (lines, bytes) =>
      append('watchdog', `${lines} lines (${bytes} bytes) are missing here: they could not be written`),
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
      excerpt.add({ stream, text: truncate(text, LAST_LINE_LENGTH) });
    },
    note,
    noteStart(text) {
      excerpt.clear();
      note(text);
    },
    lastLines: () => excerpt.lines(LAST_LINES),
    latestLine: () => excerpt.latest(),
    get dropped() {
      return file.dropped;
    },
    resize: (changed) => file.resize(changed),
    flushSync: () => file.flushSync(),
    close: () => file.close(),
  };
}
