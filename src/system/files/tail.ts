// Last lines of a rotated log, read backwards and bounded in bytes.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { codeOf } from '../../core/base/guards.ts';
import { identityOf, rotatedPath } from './rotation.ts';

/** Position of a reader in one of the files of a rotated log. */
export interface ReadPosition {
  readonly handle: FileHandle;
  readonly identity: string;
  /** Bytes read so far. */
  readonly offset: number;
}

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Returns the last `count` whole lines of `path` and its rotated files, oldest first; fewer when there are fewer, none
 * when there is no file. Reads at most `maxBytes` (default 32 MiB).
 *
 * @throws the system's error when a file exists and cannot be read
 */
export async function readLastLines(
  path: string,
  count: number,
  maxBytes = DEFAULT_MAX_BYTES,
): Promise<string[]> {
  const position = await openToRead(path);
  try {
    return await lastLinesBefore(path, position, { count, maxBytes });
  } finally {
    await position?.handle.close();
  }
}

/** Opens `path` for reading, positioned at its current end; null when there is no such file. */
export async function openToRead(path: string): Promise<ReadPosition | null> {
  try {
    const handle = await open(path, 'r');
    const stats = await handle.stat({ bigint: true });
    return { handle, identity: identityOf(stats), offset: Number(stats.size) };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Returns the last lines up to `newest`, which is or was the file at `path`; null when the newest file is missing. */
export async function lastLinesBefore(
  path: string,
  newest: ReadPosition | null,
  { count, maxBytes = DEFAULT_MAX_BYTES }: { count: number; maxBytes?: number },
): Promise<string[]> {
  if (count === 0) return [];
  let found = newest === null ? { lines: [], bytes: 0 } : await readBack(newest, count, maxBytes);
  for await (const file of olderFiles(path, newest)) {
    if (found.lines.length >= count || found.bytes >= maxBytes) break;
    const older = await readBack(file, count - found.lines.length, maxBytes - found.bytes);
    found = { lines: [...older.lines, ...found.lines], bytes: found.bytes + older.bytes };
  }
  return found.lines;
}

/** The files rotated before `newest`, newest first; each is closed when the next one is requested. */
async function* olderFiles(path: string, newest: ReadPosition | null): AsyncGenerator<ReadPosition> {
  const seen = new Set<string>();
  let isOlder = newest === null;
  // A rotation during the loop leaves a gap of one for a moment, and shows one file under two names.
  for (let age = newest === null ? 1 : 0, missing = 0; missing < 2; age += 1) {
    const file = await openToRead(rotatedPath(path, age));
    missing = file === null ? missing + 1 : 0;
    if (file === null) continue;
    const isNewest = file.identity === newest?.identity;
    try {
      if (isOlder && !isNewest && !seen.has(file.identity)) yield file;
    } finally {
      await file.handle.close();
    }
    isOlder ||= isNewest;
    seen.add(file.identity);
  }
}

/**
 * Opens the file that follows the one of `reader`, positioned at its start; the oldest one when that of `reader` is
 * gone; null when there is none.
 */
export async function openNext(path: string, reader: ReadPosition): Promise<ReadPosition | null> {
  let next: ReadPosition | null = null;
  for (let age = 0, missing = 0; missing < 2; age += 1) {
    const file = await openToRead(rotatedPath(path, age));
    missing = file === null ? missing + 1 : 0;
    if (file?.identity === reader.identity) {
      await file.handle.close();
      break;
    }
    if (file === null) continue;
    await next?.handle.close();
    next = file;
  }
  return next === null ? null : { ...next, offset: 0 };
}

/**
 * Returns the offset of the unfinished line at the end of `position`; the end itself when there is none, or when the file is shorter by
 * now: whoever reads on from there sees that it was emptied.
 */
export async function startOfLastLine({ handle, offset }: ReadPosition): Promise<number> {
  for (let end = offset; end > 0; end -= Math.min(BLOCK, end)) {
    const start = Math.max(0, end - BLOCK);
    const block = await readAt(handle, start, end - start);
    if (block.length < end - start) return offset;
    const newline = block.lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
  }
  return 0;
}

async function readBack(
  { handle, offset }: ReadPosition,
  count: number,
  room: number,
): Promise<{ lines: string[]; bytes: number }> {
  const blocks: Buffer[] = [];
  let start = offset;
  let newlines = 0;
  // One newline more than lines: the one before the first of them.
  while (start > 0 && newlines <= count && offset - start < room) {
    const length = Math.min(BLOCK, start);
    start -= length;
    const block = await readAt(handle, start, length);
    newlines += countNewlines(block);
    blocks.unshift(block);
  }
  return { lines: linesOf(Buffer.concat(blocks), start === 0).slice(-count), bytes: offset - start };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const block = Buffer.alloc(length);
  const { bytesRead } = await handle.read(block, 0, length, position);
  return block.subarray(0, bytesRead);
}

/** @returns how many lines end in `bytes` */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  // A plain loop: for lines of a few bytes it is thirty times faster than one search per line.
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] === NEWLINE) count += 1;
  return count;
}

function linesOf(bytes: Buffer, startsAtLine: boolean): string[] {
  // What follows the last newline is still being written; what precedes the first may be half a line.
  const end = bytes.lastIndexOf(NEWLINE);
  const start = startsAtLine ? 0 : bytes.indexOf(NEWLINE) + 1;
  return end < start ? [] : bytes.toString('utf8', start, end).split('\n');
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
