// Reader of a stream that leaves the event loop to others: whoever floods it waits, and nobody else.
import type { Readable } from 'node:stream';

/** Bytes read before everybody else has a turn: one read of a pipe. */
const SLICE = 64 * 1024;

/**
 * Hands the chunks of `stream` to `take`, at most 64 KiB a turn of the event loop: Node itself reads up to 2 MiB, which may
 * be 50,000 messages. The returned function stops handing over; what comes then is discarded, so that its writer is
 * not blocked.
 */
export function readInSlices(stream: Readable, take: (chunk: Buffer) => void): () => void {
  let read = 0;
  const onData = (chunk: Buffer): void => {
    take(chunk);
    read += chunk.length;
    if (read < SLICE) return;
    read = 0;
    stream.pause();
    setImmediate(() => stream.resume());
  };
  stream.on('data', onData);
  return () => void stream.off('data', onData);
}
