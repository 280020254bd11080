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
const MAX_ANSWER = 1024 * 1024;
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
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/gu;
  tokens.lastIndex = start;
  let depth = 0;
  for (let token = tokens.exec(line); token !== null; token = tokens.exec(line)) {
    if (token[0] === '{') depth += 1;
    else if (token[0] === '}' && (depth -= 1) === 0) return tokens.lastIndex;
  }
  return null;
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
  const bare = line.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '');
  return (bare.match(/[[{]/gu)?.length ?? 0) - (bare.match(/[\]}]/gu)?.length ?? 0);
}

const HEADER = /Content-Length:[ \t]*(\d{1,7})\r?\n(?:[^\r\n]+\r?\n)*\r?\n/iu;

/** Collects what follows a Content-Length header, as many bytes as it says. */
function createHeaderReader(onBody: (body: string) => void): { take(chunk: Buffer): void } {
  let held: Buffer = Buffer.alloc(0);
  return {
    take(chunk) {
      if (held.length === 0 && !/Content-Length:/iu.test(chunk.toString('latin1'))) return;
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const text = held.toString('latin1');
        const found = HEADER.exec(text);
        const bytes = Number(found?.[1] ?? 0);
        const start = (found?.index ?? 0) + (found?.[0].length ?? 0);
        if (found === null || held.length < start + bytes) break;
        onBody(held.toString('utf8', start, start + bytes));
        held = held.subarray(start + bytes);
      }
      if (held.length > MAX_ANSWER || !/Content-Length:/iu.test(held.toString('latin1')))
        held = Buffer.alloc(0);
    },
  };
}
