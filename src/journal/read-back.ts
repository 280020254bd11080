// Reading of the journal backwards, the newest entry first, across its rotated files and bounded in bytes.
import { open } from 'node:fs/promises';
import { codeOf } from '../core/base/guards.ts';
import { rotatedPath } from '../system/files/rotation.ts';
import { type JournalEntry, parseJournalLine } from './journal.ts';

const BLOCK = 256 * 1024;
/** Rotated files that are looked for. */
const MAX_FILES = 20;
const NEWLINE = 0x0a;

export interface ReadBackOptions {
  /** Only entries from before this time, ms since the epoch. */
  readonly before: number;
  /** Bytes that are read at most. */
  readonly maxBytes: number;
}

/**
 * Yields entries from the newest to the oldest; ends after `maxBytes`. Skips lines that are no events.
 *
 * @throws the system's error when a file is there and cannot be read
 */
export async function* readJournalBack(
  path: string,
  { before, maxBytes }: ReadBackOptions,
): AsyncGenerator<JournalEntry> {
  let left = maxBytes;
  for (let age = 0; age < MAX_FILES && left > 0; age += 1) {
    for await (const { line, bytes } of linesBack(rotatedPath(path, age))) {
      left -= bytes;
      if (left <= 0) return;
      const at = timeOf(line);
      if (at !== null && at >= before) continue;
      const entry = parseJournalLine(line);
      if (entry !== null && entry.at < before) yield entry;
    }
  }
}

/** Reads the time without the rest, which is most of the work; null where it stands neither last nor first. */
function timeOf(line: string): number | null {
  const written = (/"at":(\d+)\}$/u.exec(line) ?? /^\{"at":(\d+)[,}]/u.exec(line))?.[1];
  return written === undefined ? null : Number(written);
}

/** Yields the whole lines of a file, the last first; none for a file that is not there. */
async function* linesBack(path: string): AsyncGenerator<{ readonly line: string; readonly bytes: number }> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return;
  try {
    let end = (await handle.stat()).size;
    let rest = Buffer.alloc(0);
    // What follows the last newline is still being written.
    let isTail = true;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
      const block = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
      const first = start === 0 ? -1 : block.indexOf(NEWLINE);
      if (start > 0 && first === -1) {
        rest = block;
      } else {
        const lines = block.toString('utf8', first + 1).split('\n');
        if (isTail) lines.pop();
        isTail = false;
        rest = block.subarray(0, first + 1);
        // The newline that ends the line before.
        if (rest.length > 0) rest = rest.subarray(0, rest.length - 1);
        for (const line of lines.toReversed()) yield { line, bytes: Buffer.byteLength(line) + 1 };
      }
      end = start;
    }
  } finally {
    await handle.close();
  }
}
