// Parser of server-sent event streams, whatever chunks they come in.
import { createLineSplitter } from '../../system/files/line-splitter.ts';

export interface ServerSentEvent {
  /** `message` unless the stream says otherwise. */
  readonly type: string;
  /** The data lines, joined by newlines. */
  readonly data: string;
  /** Set when its end is missing, because it was longer than `maxBytes`. */
  readonly isCut?: true;
}

/** Bytes charged for each data line beside its text, so that empty ones are limited like long ones. */
const LINE_COST = 64;

export interface EventStreamReader {
  push(chunk: Buffer): void;
  /** Bytes lost because their event was longer than `maxBytes`. */
  readonly dropped: number;
}

/**
 * Parses the format of https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream describes, but
 * for lines that end in a lone CR. Comments (keep-alives), ids and retry hints are skipped.
 */
export function createEventStreamReader(
  maxBytes: number,
  onEvent: (event: ServerSentEvent) => void,
): EventStreamReader {
  let type = '';
  let data: string[] = [];
  let held = 0;
  let isCut = false;
  let dropped = 0;

  function dispatch(): void {
    // An event without data, such as one that only sets an id, is none.
    const kind = type === '' ? 'message' : type;
    if (data.length > 0) onEvent({ type: kind, data: data.join('\n'), ...(isCut && { isCut }) });
    type = '';
    data = [];
    held = 0;
    isCut = false;
  }

  function take(line: string): void {
    const [field, value] = splitField(line);
    if (field === 'event') type = value;
    if (field !== 'data') return;
    held += value.length + LINE_COST;
    if (held <= maxBytes + LINE_COST) return void data.push(value);
    dropped += value.length;
    isCut = true;
  }

  const lines = createLineSplitter({
    maxBytes,
    onLine(line, lost) {
      dropped += lost;
      if (lost > 0) isCut = true;
      if (line === '') dispatch();
      else if (!line.startsWith(':')) take(line.startsWith('\uFEFF') ? line.slice(1) : line);
    },
  });

  return {
    push: (chunk) => lines.push(chunk),
    get dropped() {
      return dropped;
    },
  };
}

function splitField(line: string): [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}
