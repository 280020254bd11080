// Reader of a server's stdout: finds the lines that may be messages, and passes on the rest as it comes.
import { JsonScanner } from '../core/base/json-shape.ts';
import { createByteCollector, type ByteBudget } from '../system/files/byte-collector.ts';
import { MAX_MESSAGE_BYTES } from './message-limits.ts';
import type { RawMessage } from './peer.ts';

export interface StdoutReaderOptions {
  readonly budget: ByteBudget;
  /** Takes a line that begins like a message; false when it is none. */
  readonly onMessage: (message: RawMessage) => boolean;
  /** Takes a short line that begins like a message, before it is scanned; false when `onMessage` has to take it. */
  readonly onShortMessage: (text: string) => boolean;
  /** Called with lines and pieces of lines that are no messages, newlines included. */
  readonly onOutput: (bytes: Buffer) => void;
  /** Called at the end of each such line; with its text where somebody wants that, else null. */
  readonly onOutputLine: (line: string | null) => void;
  /** Tells whether somebody looks into lines that are no messages. */
  readonly wantsLines: () => boolean;
}

export interface StdoutReader {
  take(chunk: Buffer): void;
  end(): void;
}

/** Longest line that is no message of which the text is wanted, bytes. */
const MAX_LINE = 256 * 1024;

/** Longest line that is parsed without being scanned first, bytes: it cannot hold values enough to take long. */
const MAX_SHORT = 16 * 1024;

const NEWLINE = 0x0a;
const NEWLINE_BYTES = Buffer.from('\n');

/** Holds one line at most, in the server's budget. */
export function createStdoutReader(options: StdoutReaderOptions): StdoutReader {
  const { budget, onMessage, onShortMessage, onOutput, onOutputLine, wantsLines } = options;
  const message = createByteCollector({ maxBytes: MAX_MESSAGE_BYTES, budget });
  const text = createByteCollector({ maxBytes: MAX_LINE, budget });
  let scanner = new JsonScanner();
  let line: 'unknown' | 'message' | 'output' = 'unknown';

  /** Takes a line that begins and ends in the chunk, without a copy of its bytes; false when that is not possible. */
  function takeShort(chunk: Buffer, start: number, end: number): boolean {
    if (scanner.bytes > 0 || end - start > MAX_SHORT) return false;
    return onShortMessage(chunk.toString('utf8', start, end));
  }

  /** @param isLast the line ends in this piece; one that begins there too is not copied */
  function takeMessage(part: Buffer, isLast: boolean): void {
    scanner.take(part);
    const isWhole = isLast && scanner.bytes === part.length;
    if (!isWhole) message.push(part);
    if (!isLast) return;
    const shape = scanner;
    const isCut = message.dropped > 0;
    const bytes = isWhole ? part : message.take();
    scanner = new JsonScanner();
    if (onMessage({ bytes, shape, isCut })) return;
    onOutput(bytes);
    onOutput(NEWLINE_BYTES);
    onOutputLine(wantsLines() && bytes.length <= MAX_LINE ? textOf(bytes) : null);
  }

  function takeOutput(part: Buffer, isLast: boolean): void {
    if (wantsLines()) text.push(part);
    if (!isLast) return;
    const isCut = text.dropped > 0;
    const bytes = text.take();
    onOutputLine(isCut || bytes.length === 0 ? null : textOf(bytes));
  }

  return {
    take(chunk) {
      // Lines that are no messages are passed on together: a flood has thousands of them in a chunk.
      let outputStart = -1;
      const passOn = (end: number): void => {
        if (outputStart !== -1) onOutput(chunk.subarray(outputStart, end));
        outputStart = -1;
      };
      let start = 0;
      while (start < chunk.length) {
        const newline = chunk.indexOf(NEWLINE, start);
        const end = newline === -1 ? chunk.length : newline;
        if (line === 'unknown') line = kindOf(chunk, start, end);
        if (line === 'output') {
          if (outputStart === -1) outputStart = start;
          takeOutput(chunk.subarray(start, end), newline !== -1);
        } else {
          passOn(start);
          const isTaken = line !== 'message' || (newline !== -1 && takeShort(chunk, start, end));
          if (!isTaken) takeMessage(chunk.subarray(start, end), newline !== -1);
        }
        if (newline !== -1) line = 'unknown';
        start = end + 1;
      }
      passOn(chunk.length);
    },
    end() {
      if (line === 'message') takeMessage(Buffer.alloc(0), true);
      else if (line === 'output') takeOutput(Buffer.alloc(0), true);
      line = 'unknown';
    },
  };
}

/** `unknown`: nothing but white space so far, which means nothing. */
function kindOf(chunk: Buffer, start: number, end: number): 'unknown' | 'message' | 'output' {
  const first = skipSpace(chunk, start, end);
  if (first === end) return 'unknown';
  if (chunk[first] === 0x7b) return 'message';
  if (chunk[first] !== 0x5b) return 'output';
  // A batch; but many a log line begins with a level or a time in brackets.
  const second = skipSpace(chunk, first + 1, end);
  return second === end || chunk[second] === 0x7b ? 'message' : 'output';
}

function skipSpace(chunk: Buffer, start: number, end: number): number {
  let index = start;
  while (index < end && [0x20, 0x09, 0x0d].includes(chunk[index] ?? 0)) index += 1;
  return index;
}

function textOf(bytes: Buffer): string {
  const isReturn = bytes[bytes.length - 1] === 0x0d;
  return bytes.toString('utf8', 0, isReturn ? bytes.length - 1 : bytes.length);
}
