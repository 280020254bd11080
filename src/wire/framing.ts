// Detector of answers that no client can read, because they are not one line of JSON each.
import { isObject, parseJson } from '../core/base/guards.ts';
import { readMessages } from '../core/base/json-rpc.ts';

/** How an answer of ours came, instead of as one line of JSON. */
export type FramingFault =
  | 'lsp'
  | 'several-lines'
  | 'byte-order-mark'
  | 'control-character'
  | 'text-around'
  | 'no-version';

export interface FramingDetectorOptions {
  /** Prefix of the ids of our requests: only answers to these prove how the server writes. */
  readonly idPrefix: string;
  /** Called with the id of a request of ours whose answer was found where no client would find it. */
  readonly onAnswer: (id: string, fault: FramingFault) => void;
}

export interface FramingDetector {
  /** Takes a chunk as it came: an answer behind a Content-Length header may never end its line. */
  takeChunk(chunk: Buffer): void;
  /** Takes a line that is no message. */
  takeLine(line: string): void;
}

/** Longest answer that is looked for, bytes or UTF-16 units: those to `initialize` and `ping` are far below. */
const MAX_ANSWER = 256 * 1024;
/** Braces of a line at which a message may begin: log text in front holds few. */
const MAX_STARTS = 8;

/** Fault and cure in one sentence, the server as its subject. */
export const FRAMING_FAULTS: Readonly<Record<FramingFault, string>> = {
  lsp: 'speaks LSP framing (Content-Length headers), not MCP stdio: write each message as one line of JSON, without headers',
  'several-lines':
    'prints its messages over several lines, so that no client can read them: write each as one line of JSON, without indentation',
  'byte-order-mark':
    'prints a byte order mark before its messages, so that no client can read them: write UTF-8 without one',
  'control-character':
    'prints a control character before its messages, so that no client can read them: begin each line with its JSON',
  'text-around':
    'prints text on the same line as its messages, so that no client can read them: log to stderr, or end the line before the message',
  'no-version': 'leaves "jsonrpc": "2.0" out of its messages, so that no client takes them: add it to each',
};

export function createFramingDetector({ idPrefix, onAnswer }: FramingDetectorOptions): FramingDetector {
  const blocks = createBlockReader((text) => report(text, 'several-lines'));
  const lsp = createHeaderReader((body) => report(body, 'lsp'));

  function report(text: string, fault: FramingFault): boolean {
    const ids = text.includes(idPrefix) ? answeredIds(text).filter((id) => id.startsWith(idPrefix)) : [];
    for (const id of ids) onAnswer(id, fault);
    return ids.length > 0;
  }

  return {
    takeChunk: (chunk) => lsp.take(chunk),
    takeLine(line) {
      const bare = line.replace(LEADING_CONTROLS, '');
      const lead = line.startsWith('\uFEFF') ? 'byte-order-mark' : 'control-character';
      if (bare !== line && report(bare, lead)) return;
      const id = line.includes(idPrefix) ? idWithoutVersion(line) : null;
      if (id?.startsWith(idPrefix) === true) return onAnswer(id, 'no-version');
      if (line.includes(idPrefix) && messagesWithin(line).some((text) => report(text, 'text-around'))) return;
      blocks.take(line);
    },
  };
}

// eslint-disable-next-line no-control-regex -- those are looked for
const LEADING_CONTROLS = /^[\u0000-\u0008\u000E-\u001F\uFEFF]+/u;

/** Ids of the responses in `text`; a request of ours that the server logs is none. */
function answeredIds(text: string): string[] {
  return readMessages(text).flatMap((message) =>
    (message.kind === 'result' || message.kind === 'error') && message.id !== null ? [message.id] : [],
  );
}

/** Every stretch of a line from a brace to the one that closes it: one of them is the message, if there is one. */
function messagesWithin(line: string): string[] {
  const found: string[] = [];
  let start = line.indexOf('{');
  for (let tries = 0; start !== -1 && tries < MAX_STARTS; tries += 1) {
    const end = endOfObject(line, start);
    if (end !== null) found.push(line.slice(start, end));
    start = line.indexOf('{', end ?? start + 1);
  }
  return found;
}

function endOfObject(line: string, start: number): number | null {
  let depth = 0;
  for (let index = start; index < line.length; index += 1) {
    const char = line[index];
    if (char === '"') index = endOfString(line, index);
    else if (char === '{') depth += 1;
    else if (char === '}' && (depth -= 1) === 0) return index + 1;
  }
  return null;
}

/** Position of the quote that closes the string, the end of the line when none does. */
function endOfString(line: string, start: number): number {
  let index = start + 1;
  while (index < line.length && line[index] !== '"') index += line[index] === '\\' ? 2 : 1;
  return index;
}

/** The id of a response without the version of JSON-RPC; null for anything else. */
function idWithoutVersion(line: string): string | null {
  const value = line.startsWith('{') ? parseJson(line) : undefined;
  if (!isObject(value) || value['jsonrpc'] !== undefined || value['method'] !== undefined) return null;
  const isResponse = isObject(value['result']) || isObject(value['error']);
  return isResponse && typeof value['id'] === 'string' ? value['id'] : null;
}

/** Joins lines from one that begins with a brace to the one that closes it. */
function createBlockReader(onBlock: (text: string) => void): { take(line: string): void } {
  let lines: string[] = [];
  let length = 0;
  let depth = 0;

  function reset(): void {
    lines = [];
    length = 0;
    depth = 0;
  }

  return {
    take(line) {
      // Our answers begin in the first column, and what is within them does not: a block that never closed is given up.
      if (/^[[{]/u.test(line)) reset();
      else if (lines.length === 0) return;
      lines.push(line);
      length += line.length;
      depth += depthOf(line);
      if (depth <= 0) onBlock(lines.join('\n'));
      if (depth <= 0 || length > MAX_ANSWER) reset();
    },
  };
}

/** Opening brackets less closing ones, outside of strings, none of which spans lines in JSON. */
function depthOf(line: string): number {
  let depth = 0;
  for (let index = 0; index < line.length; index += 1) {
    const char = line[index];
    if (char === '"') index = endOfString(line, index);
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
  }
  return depth;
}

const HEADER_NAME = /Content-Length:/iu;
// From its first character on: whoever repeats the name without end must not be searched for each repetition.
const HEADER = /^Content-Length:[ \t]*(\d{1,7})\r?\n(?:[^\r\n]+\r?\n)*\r?\n/iu;
/** Longest block of headers, bytes. */
const MAX_HEADER = 1024;

/** Collects what follows a Content-Length header, as many bytes as it says. */
function createHeaderReader(onBody: (body: string) => void): { take(chunk: Buffer): void } {
  let held: Buffer = Buffer.alloc(0);

  /** Reads the block at the beginning of what is held; false when it is not there whole. */
  function readBlock(): boolean {
    const found = HEADER.exec(held.toString('latin1', 0, MAX_HEADER));
    const bytes = Number(found?.[1] ?? 0);
    const start = found?.[0].length ?? 0;
    if (found === null || held.length < start + bytes) return false;
    onBody(held.toString('utf8', start, start + bytes));
    held = held.subarray(start + bytes);
    return true;
  }

  /** Forgets what stands before the next header, and all of it when there is none. */
  function seekHeader(bytes: Buffer): void {
    const at = bytes.toString('latin1').search(HEADER_NAME);
    held = at === -1 ? Buffer.alloc(0) : bytes.subarray(at);
  }

  return {
    take(chunk) {
      if (held.length === 0) seekHeader(chunk);
      else held = Buffer.concat([held, chunk]);
      while (held.length > 0 && readBlock()) seekHeader(held);
      const isHopeless = held.length > MAX_HEADER && !HEADER.test(held.toString('latin1', 0, MAX_HEADER));
      if (held.length > MAX_ANSWER || isHopeless) held = Buffer.alloc(0);
    },
  };
}
