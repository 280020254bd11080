// Response with a large text: compressed once for all clients that ask for the same one, where compressing pays.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { takesGzip } from './api/accept.ts';

/** Bytes below which, over loopback, sending is quicker than compressing. */
const WORTH_COMPRESSING = 256 * 1024;

const compress = promisify(gzip);
const compressed = new WeakMap<Buffer, Promise<Buffer>>();

export async function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  { text, contentType }: { readonly text: Buffer; readonly contentType: string },
): Promise<void> {
  const isWorth = text.length >= WORTH_COMPRESSING && takesGzip(request.headers['accept-encoding']);
  const body = isWorth ? await compressOnce(text) : text;
  if (isWorth) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', String(body.length));
  response.setHeader('Vary', 'Accept, Accept-Encoding');
  response.end(body);
}

/** Compresses at the fastest level: numbers shrink tenfold with any. A text is compressed once, in another thread. */
export function compressOnce(text: Buffer): Promise<Buffer> {
  const known = compressed.get(text);
  if (known !== undefined) return known;
  const work = compress(text, { level: constants.Z_BEST_SPEED });
  compressed.set(text, work);
  return work;
}
