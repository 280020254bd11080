// Log of one server for the page: the last lines, and new ones in batches; with a session, and bounded in bytes.
import type { Express, Request, Response } from 'express';
import type { Clock } from '../../system/time/clock.ts';
import { refuse, type SessionAccess } from './session-access.ts';

/** A line of output, safe to show and without known secrets. */
export interface ShownLine {
  /** Ms since the epoch; null where the line has none. */
  readonly at: number | null;
  /** `stdout`, `stderr`, or `watchdog` for a remark of ours. */
  readonly stream: string;
  readonly text: string;
}

export interface LogApiOptions {
  readonly access: SessionAccess;
  readonly clock: Clock;
  /** Reads a log: the last lines and, until the signal ends it, each new one; null for a server that is not known. */
  readonly log: (server: string, options: LogRequest) => AsyncIterable<ShownLine> | null;
}

export interface LogRequest {
  readonly last: number;
  readonly isFollowed: boolean;
  readonly signal: AbortSignal;
}

const DEFAULT_LINES = 100;
const MAX_LINES = 500;
/** Logs that are followed at once. */
const MAX_FOLLOWERS = 8;
/** Ms in which lines are gathered. */
const BATCH = 250;
const PING_INTERVAL = 15_000;
/** Bytes that a client may leave unread, and characters of one batch: beyond, lines are dropped and counted. */
const MAX_UNREAD = 64 * 1024;

export function addLogApi(app: Pick<Express, 'get'>, { access, clock, log }: LogApiOptions): void {
  let followers = 0;
  app.get('/api/v1/servers/:name/log', access.requireSession, async (request, response) => {
    const parameters = new URL(request.url, 'http://localhost').searchParams;
    const last = Number(parameters.get('lines') ?? DEFAULT_LINES);
    if (!Number.isSafeInteger(last) || last < 0 || last > MAX_LINES)
      return refuse(response, 400, `"lines" must be a number from 0 to ${MAX_LINES}`);
    const isFollowed = ['1', 'true', ''].includes(parameters.get('follow') ?? 'no');
    if (isFollowed && followers >= MAX_FOLLOWERS)
      return refuse(response, 503, `${MAX_FOLLOWERS} logs are followed already`);
    const abort = new AbortController();
    const lines = log(String(request.params['name']), { last, isFollowed, signal: abort.signal });
    if (lines === null) return refuse(response, 404, 'There is no server of that name');
    if (!isFollowed) {
      response.json({ lines: await collect(lines) });
      return;
    }
    followers += 1;
    response.once('close', () => {
      followers -= 1;
      abort.abort();
    });
    await follow(lines, { request, response, access, clock });
  });
}

interface Following {
  readonly request: Request;
  readonly response: Response;
  readonly access: SessionAccess;
  readonly clock: Clock;
}

async function follow(
  lines: AsyncIterable<ShownLine>,
  { request, response, access, clock }: Following,
): Promise<void> {
  response.status(200).set({ 'Content-Type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  let batch: ShownLine[] = [];
  let characters = 0;
  let dropped = 0;
  let cancel: (() => void) | null = null;
  let stopPing = clock.after(PING_INTERVAL, ping);

  function ping(): void {
    if (response.writableLength === 0) response.write(': ping\n\n');
    stopPing = clock.after(PING_INTERVAL, ping);
  }

  function send(): void {
    cancel = null;
    // A session that is over shows nothing more.
    if (!access.isSignedIn(request)) return void response.end();
    if (response.writableLength > MAX_UNREAD) {
      dropped += batch.length;
    } else {
      const message = { lines: batch, ...(dropped > 0 && { dropped }) };
      response.write(`event: lines\ndata: ${JSON.stringify(message)}\n\n`);
      dropped = 0;
    }
    batch = [];
    characters = 0;
  }

  try {
    for await (const line of lines) {
      batch.push(line);
      characters += line.text.length;
      // The newest are what somebody waits for.
      for (; characters > MAX_UNREAD && batch.length > 1; dropped += 1)
        characters -= batch.shift()?.text.length ?? 0;
      cancel ??= clock.after(BATCH, send);
    }
  } finally {
    cancel?.();
    stopPing();
    response.end();
  }
}

async function collect(lines: AsyncIterable<ShownLine>): Promise<ShownLine[]> {
  const all: ShownLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
