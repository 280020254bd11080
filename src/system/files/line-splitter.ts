// Splitter of byte streams into lines that never holds more than one bounded line in memory.
import { StringDecoder } from 'node:string_decoder';
import { createByteCollector } from './byte-collector.ts';

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

/** Splits at `\n`; a `\r` before it is removed; invalid UTF-8 becomes U+FFFD. */
export function createLineSplitter({ maxBytes, onLine }: LineSplitterOptions): LineSplitter {
  const held = createByteCollector({ maxBytes });

  function flush(): void {
    const lost = held.dropped;
    const bytes = held.take();
    onLine(decode(bytes, 0, bytes.length, lost > 0), lost);
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        // Most lines arrive whole: they are decoded in place, without a copy.
        if (held.length === 0 && held.dropped === 0 && end - start <= maxBytes) {
          onLine(decode(chunk, start, end, false), 0);
        } else {
          held.push(chunk.subarray(start, end));
          flush();
        }
        start = end + 1;
      }
      if (start < chunk.length) held.push(chunk.subarray(start));
    },
    end() {
      if (held.length > 0 || held.dropped > 0) flush();
    },
  };
}

function decode(bytes: Buffer, start: number, end: number, isCut: boolean): string {
  // A cut may fall inside a character: the decoder withholds the half instead of emitting U+FFFD.
  if (isCut) return new StringDecoder('utf8').write(bytes.subarray(start, end));
  const last = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  return bytes.toString('utf8', start, last);
}
