// Response with a large text: compressed once for all clients that ask for the same one, where compressing pays.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, gzip } from 'node:zlib';
import { takesGzip } from './api/accept.ts';

/** Bytes below which, over loopback, sending is quicker than compressing. */
const WORTH_COMPRESSING = 256 * 1024;

const compress = promisify(gzip);
const deflate = promisify(deflateRaw);
const compressed = new WeakMap<Buffer, Promise<Buffer>>();

export async function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  { text, contentType }: { readonly text: Buffer; readonly contentType: string },
): Promise<void> {
  const isWorth = isCompressed(request, text);
  const body = isWorth ? await compressOnce(text, contentType) : text;
  if (isWorth) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', String(body.length));
  response.setHeader('Vary', 'Accept, Accept-Encoding');
  response.end(body);
}

/** Tells whether who asked like this gets the text compressed. */
export function isCompressed({ headers }: Pick<IncomingMessage, 'headers'>, text: Buffer): boolean {
  return text.length >= WORTH_COMPRESSING && takesGzip(headers['accept-encoding']);
}

/**
 * Compresses at the fastest level: numbers shrink tenfold with any. A text is compressed once, in other threads.
 *
 * @param kind of text: of a large one the parts that are as in the last of its kind are compressed already
 */
export function compressOnce(text: Buffer, kind = ''): Promise<Buffer> {
  const known = compressed.get(text);
  if (known !== undefined) return known;
  const work = text.length < 2 * PART ? compress(text, FASTEST) : compressInParts(text, kind);
  compressed.set(text, work);
  return work;
}

const FASTEST = { level: constants.Z_BEST_SPEED };
/** Most bytes that one thread compresses: a large text is worth as many threads as there are. */
const PART = 1024 * 1024;
/** Bytes of a family of metrics from which it is a part by itself: it stays the same while smaller ones change. */
const OWN_PART = 64 * 1024;
/** Of a gzip file without name and time, compressed as quickly as possible, from any system. */
const GZIP_START = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);

interface Part {
  readonly bytes: Buffer;
  readonly packed: Promise<Buffer>;
}

/** Of the last text of each kind, by how they begin. */
const lastParts = new Map<string, ReadonlyMap<string, Part>>();

/** Each part ends at a whole byte and knows nothing of those before it, so that all together, in any order, are one stream. */
async function compressInParts(text: Buffer, kind: string): Promise<Buffer> {
  // What takes milliseconds has turns of the event loop of its own.
  await nextTurn();
  const [parts, end] = await Promise.all([packParts(text, kind), endOf(text)]);
  return Buffer.concat([GZIP_START, ...parts, LAST_BLOCK, end]);
}

async function endOf(text: Buffer): Promise<Buffer> {
  await nextTurn();
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(text));
  end.writeUInt32LE(text.length % 2 ** 32, 4);
  return end;
}

async function packParts(text: Buffer, kind: string): Promise<readonly Buffer[]> {
  const before = lastParts.get(kind);
  const parts = new Map<string, Part>();
  const packed: Promise<Buffer>[] = [];
  for (const bytes of cutIntoParts(text)) {
    const name = bytes.toString('latin1', 0, 100);
    const known = before?.get(name);
    const isSame = known?.bytes.equals(bytes) === true;
    const work = isSame ? known.packed : deflate(bytes, { ...FASTEST, finishFlush: constants.Z_SYNC_FLUSH });
    // Parts of this text: an earlier one is not kept for their sake.
    parts.set(name, { bytes, packed: work });
    packed.push(work);
  }
  lastParts.set(kind, parts);
  try {
    return await Promise.all(packed);
  } catch (error) {
    // Compressed anew the next time.
    lastParts.delete(kind);
    throw error;
  }
}

/** An empty one, without which the stream of the parts would go on. */
const LAST_BLOCK = Buffer.from([3, 0]);

function* cutIntoParts(text: Buffer): Generator<Buffer> {
  let from = 0;
  let at = 0;
  while (at < text.length) {
    const end = endOfFamily(text, at);
    if (end - at >= OWN_PART) {
      if (at > from) yield text.subarray(from, at);
      for (from = at; from < end; from += PART) yield text.subarray(from, Math.min(from + PART, end));
      from = end;
    } else if (end - from >= OWN_PART) {
      yield text.subarray(from, end);
      from = end;
    }
    at = end;
  }
  if (from < text.length) yield text.subarray(from);
}

/** Where the first comment stands that follows lines of samples: with it the next family begins. */
function endOfFamily(text: Buffer, from: number): number {
  let line = from;
  while (text[line] === HASH) line = endOfLine(text, line);
  const comment = text.indexOf('\n#', Math.max(from, line - 1));
  return comment === -1 ? text.length : comment + 1;
}

const HASH = 0x23;

function endOfLine(text: Buffer, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}
