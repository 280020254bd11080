// Follower of a growing, rotating log file, like `tail -F`.
import { watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../system/time/clock.ts';
import { createLineSplitter } from '../system/files/line-splitter.ts';
import type { LineSplitter } from '../system/files/line-splitter.ts';
import { identityAt } from '../system/files/rotation.ts';
import { lastLinesBefore, openNext, openToRead, startOfLastLine } from '../system/files/tail.ts';
import type { ReadPosition } from '../system/files/tail.ts';

export interface FollowOptions {
  /** Number of existing lines to yield first. */
  readonly last: number;
  /** Ends the generator. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

type Reader = { -readonly [Key in keyof ReadPosition]: ReadPosition[Key] };

/** ms */
const POLL_INTERVAL = 500;
/** Bytes */
const BLOCK = 64 * 1024;
const MAX_LINE = 1024 * 1024;

/**
 * Yields the last lines of the log at `path`, then each new line, across rotations, each exactly once. Waits for a log
 * that does not exist yet.
 *
 * @throws the system's error when the log is there and cannot be read
 */
export async function* followLines(
  path: string,
  { last, signal, clock }: FollowOptions,
): AsyncGenerator<string> {
  const changes = watchForChanges(path, { signal, clock });
  const incoming = createIncoming();
  let reader: Reader | null = await openToRead(path);
  try {
    yield* await lastLinesBefore(path, reader, { count: last });
    if (reader !== null) reader.offset = await startOfLastLine(reader);
    while (!signal.aborted) {
      // Identified before reading: everything written before a rotation is then read.
      const current = identityAt(path);
      if (reader !== null) yield* readToEnd(reader, { incoming, signal });
      const moved: Reader | null = current === reader?.identity ? null : await moveOn(path, reader);
      if (moved === null) await changes.next();
      else {
        incoming.splitter.end();
        await reader?.handle.close();
        reader = moved;
      }
    }
  } finally {
    changes.stop();
    await reader?.handle.close();
  }
}

interface Incoming {
  readonly splitter: LineSplitter;
  /** Whole lines not yet yielded. */
  readonly lines: string[];
}

function createIncoming(): Incoming {
  const lines: string[] = [];
  return { lines, splitter: createLineSplitter({ maxBytes: MAX_LINE, onLine: (line) => lines.push(line) }) };
}

async function* readToEnd(
  reader: Reader,
  { incoming, signal }: { incoming: Incoming; signal: AbortSignal },
): AsyncGenerator<string> {
  while (!signal.aborted) {
    const { bytesRead, buffer } = await reader.handle.read(Buffer.alloc(BLOCK), 0, BLOCK, reader.offset);
    reader.offset += bytesRead;
    incoming.splitter.push(buffer.subarray(0, bytesRead));
    yield* incoming.lines.splice(0);
    if (bytesRead === 0) break;
  }
  // The file was truncated: new lines start at offset 0.
  if ((await reader.handle.stat()).size < reader.offset) reader.offset = 0;
}

async function moveOn(path: string, reader: Reader | null): Promise<Reader | null> {
  if (reader !== null) return await openNext(path, reader);
  const first = await openToRead(path);
  return first === null ? null : { ...first, offset: 0 };
}

interface Changes {
  /** Resolves after the next change, at the latest after half a second or when the signal is aborted. */
  next(): Promise<void>;
  stop(): void;
}

function watchForChanges(path: string, { signal, clock }: { signal: AbortSignal; clock: Clock }): Changes {
  let hasChanged = false;
  let wake: (() => void) | null = null;
  const markChanged = (): void => {
    hasChanged = true;
    wake?.();
  };
  const stopWatching = watchFolder(dirname(path), markChanged);
  signal.addEventListener('abort', markChanged, { once: true });
  return {
    async next() {
      if (!hasChanged) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          // fs.watch may be impossible (no folder yet, a network disk) or miss a change.
          const cancel = clock.after(POLL_INTERVAL, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
      }
      wake = null;
      hasChanged = false;
    },
    stop() {
      stopWatching();
      signal.removeEventListener('abort', markChanged);
    },
  };
}

function watchFolder(folder: string, onChange: () => void): () => void {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
