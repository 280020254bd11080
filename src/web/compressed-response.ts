// Response with a large text: compressed once for all clients that ask for the same one, where compressing pays.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';

/** Bytes below which, over loopback, sending is quicker than compressing. */
const WORTH_COMPRESSING = 256 * 1024;

const compress = promisify(gzip);
const compressed = new WeakMap<Buffer, Promise<Buffer>>();

/** Sends a text. Not with express's `send`, which would search it for a character set and hash it. */
export async function sendText(
  request: Request,
  response: Response,
  { text, contentType }: { readonly text: Buffer; readonly contentType: string },
): Promise<void> {
  const isWorth = text.length >= WORTH_COMPRESSING && request.acceptsEncodings('gzip') === 'gzip';
  const body = isWorth ? await compressOnce(text) : text;
  if (isWorth) response.set('Content-Encoding', 'gzip');
  response
    .set({
      'Content-Type': contentType,
      'Content-Length': String(body.length),
      Vary: 'Accept, Accept-Encoding',
    })
    .end(body);
}

/** Compresses at the fastest level: numbers shrink tenfold with any. A text is compressed once, in another thread. */
export function compressOnce(text: Buffer): Promise<Buffer> {
  const known = compressed.get(text);
  if (known !== undefined) return known;
  const work = compress(text, { level: constants.Z_BEST_SPEED });
  compressed.set(text, work);
  return work;
}
