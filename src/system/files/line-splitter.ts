// Splitter of byte streams into lines that never holds more than one bounded line in memory.
import { StringDecoder } from 'node:string_decoder';

export interface LineSplitterOptions {
  /** Most bytes kept of one line; the rest is counted and dropped. */
  readonly maxBytes: number;
  /** @param dropped bytes of this line that were not kept, 0 for a whole line */
  readonly onLine: (line: string, dropped: number) => void;
}

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Emits the rest that has no newline. */
  end(): void;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_CAPACITY = 1024;

/** Splits at `\n`; a `\r` before it is removed; invalid UTF-8 becomes U+FFFD. */
export function createLineSplitter({ maxBytes, onLine }: LineSplitterOptions): LineSplitter {
  // One growing buffer, not a list of parts: a line that arrives byte by byte must not cost an object per byte.
  let held: Buffer = Buffer.alloc(0);
  let heldBytes = 0;
  let dropped = 0;

  function keep(part: Buffer): void {
    const kept = Math.min(part.length, maxBytes - heldBytes);
    if (heldBytes + kept > held.length) held = grown(held, heldBytes, Math.min(maxBytes, heldBytes + kept));
    part.copy(held, heldBytes, 0, kept);
    heldBytes += kept;
    dropped += part.length - kept;
  }

  function flush(): void {
    const line = decode(held, 0, heldBytes, dropped > 0);
    const lost = dropped;
    held = Buffer.alloc(0);
    heldBytes = 0;
    dropped = 0;
    onLine(line, lost);
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        // Most lines arrive whole: they are decoded in place, without a copy.
        if (heldBytes === 0 && dropped === 0 && end - start <= maxBytes) {
          onLine(decode(chunk, start, end, false), 0);
        } else {
          keep(chunk.subarray(start, end));
          flush();
        }
        start = end + 1;
      }
      if (start < chunk.length) keep(chunk.subarray(start));
    },
    end() {
      if (heldBytes > 0 || dropped > 0) flush();
    },
  };
}

function grown(held: Buffer, heldBytes: number, needed: number): Buffer {
  // Not from Buffer's pool, and doubled: copying stays linear in the length of the line.
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, held.length * 2, FIRST_CAPACITY));
  held.copy(larger, 0, 0, heldBytes);
  return larger;
}

function decode(bytes: Buffer, start: number, end: number, isCut: boolean): string {
  // A cut may fall inside a character: the decoder withholds the half instead of emitting U+FFFD.
  if (isCut) return new StringDecoder('utf8').write(bytes.subarray(start, end));
  const last = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  return bytes.toString('utf8', start, last);
}
