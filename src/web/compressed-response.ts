// Response with a large text: compressed once for all clients that ask for the same one, where compressing pays.
import type { IncomingMessage, ServerResponse } from 'node:http';
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
  const body = isWorth ? await compressOnce(text) : text;
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

/** Compresses at the fastest level: numbers shrink tenfold with any. A text is compressed once, in other threads. */
export function compressOnce(text: Buffer): Promise<Buffer> {
  const known = compressed.get(text);
  if (known !== undefined) return known;
  const work = text.length < 2 * PART ? compress(text, FASTEST) : compressInParts(text);
  compressed.set(text, work);
  return work;
}

const FASTEST = { level: constants.Z_BEST_SPEED };
/** Bytes that one thread compresses: a large text is worth as many threads as there are. */
const PART = 1024 * 1024;
/** Of a gzip file without name and time, compressed as quickly as possible, from any system. */
const GZIP_START = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);

/** Each part ends at a whole byte, so that all together are one stream. */
async function compressInParts(text: Buffer): Promise<Buffer> {
  const parts: Promise<Buffer>[] = [];
  for (let from = 0; from < text.length; from += PART) {
    const isLast = from + PART >= text.length;
    const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    parts.push(deflate(text.subarray(from, from + PART), { ...FASTEST, finishFlush }));
  }
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(text));
  end.writeUInt32LE(text.length % 2 ** 32, 4);
  return Buffer.concat([GZIP_START, ...(await Promise.all(parts)), end]);
}
