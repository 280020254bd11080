// When a text is sent compressed: once for all who ask for the same one, and only where it pays.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

/** Below this, over loopback, sending is quicker than compressing. */
const WORTH_IT = 256 * 1024;

const compress = promisify(gzip);
const done = new WeakMap<Buffer, Promise<Buffer>>();

export function isWorthCompressing(text: Buffer): boolean {
  return text.length >= WORTH_IT;
}

/** The fastest level: numbers shrink tenfold with any. A text is compressed once, in another thread. */
export function compressOnce(text: Buffer): Promise<Buffer> {
  const known = done.get(text);
  if (known !== undefined) return known;
  const compressed = compress(text, { level: constants.Z_BEST_SPEED });
  done.set(text, compressed);
  return compressed;
}
