// Event stream of the page: hello, then servers that changed, events and a ping; bounded in number and in bytes.
import type { Request, Response } from 'express';
import { publicEvent, type ShownEvent } from '../../core/status/shown-event.ts';
import type { PageSource } from './page-source.ts';
import { type StatusFeed, untilNextBeat } from './status-feed.ts';

export interface StreamsOptions {
  readonly source: PageSource;
  readonly feed: StatusFeed;
  /** Identity of the files that the page consists of: a page that sees another one loads itself anew. */
  readonly assets: () => string;
  /** Called when the last stream has ended: nobody looks at the page. */
  readonly onUnwatched?: () => void;
}

export interface Streams {
  /** Answers with a stream. @param isSignedIn asked before each message: a session may end */
  open(request: Request, response: Response, isSignedIn: () => boolean): void;
  readonly count: number;
}

/** Streams at once, and ms between two messages with a status, between two pings, and to gather what happens together. */
const MAX_STREAMS = 32;
const STATUS_INTERVAL = 1_000;
const PING_INTERVAL = 15_000;
const GATHER = 40;
/** Bytes that a client may leave unread: beyond, events are dropped and counted, and a status waits. */
const MAX_UNREAD = 64 * 1024;
/** Bytes at which the client is given up. */
const MOST_UNREAD = 4 * 1024 ** 2;

interface Stream {
  readonly response: Response;
  readonly isSignedIn: () => boolean;
  seq: number;
  wasSignedIn: boolean;
  /** Events that were dropped since the last message. */
  missed: number;
}

export function createStreams({ source, feed, assets, onUnwatched }: StreamsOptions): Streams {
  const { clock, boot } = source;
  const streams = new Set<Stream>();
  const stops: (() => void)[] = [];
  let due: (() => void) | null = null;
  let sentAt = Number.NEGATIVE_INFINITY;

  function write({ response }: Stream, event: string, data: object): void {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (response.writableLength > MOST_UNREAD) response.destroy();
  }

  function sendStatus(stream: Stream): void {
    if (stream.response.writableLength > MAX_UNREAD) return;
    const isSignedIn = stream.isSignedIn();
    // Another form of everything.
    if (isSignedIn !== stream.wasSignedIn) stream.seq = -1;
    stream.wasSignedIn = isSignedIn;
    const changes = feed.changesAfter(stream.seq, isSignedIn);
    if (changes === null) return;
    stream.seq = changes.seq;
    const { missed } = stream;
    stream.missed = 0;
    write(stream, 'status', missed === 0 ? changes : { ...changes, missed });
  }

  function sendAll(): void {
    due = null;
    sentAt = clock.monotonic();
    for (const stream of streams) sendStatus(stream);
  }

  function schedule(): void {
    due ??= clock.after(Math.max(GATHER, sentAt + STATUS_INTERVAL - clock.monotonic()), sendAll);
  }

  function tell(event: ShownEvent): void {
    const open = publicEvent(event, source.hide);
    for (const stream of streams) {
      if (stream.response.writableLength > MAX_UNREAD) stream.missed += 1;
      else write(stream, 'event', stream.isSignedIn() ? event : open);
    }
  }

  function ping(): void {
    for (const stream of streams) {
      if (stream.response.writableLength === 0) stream.response.write('event: ping\ndata: {}\n\n');
    }
    repeat(PING_INTERVAL, ping);
  }

  /** Letters of heartbeats change although nothing happens. */
  function beat(): void {
    schedule();
    repeat(untilNextBeat(clock.now()), beat);
  }

  const timers = new Map<() => void, () => void>();
  function repeat(delay: number, work: () => void): void {
    timers.set(work, clock.after(delay, work));
  }

  function begin(): void {
    stops.push(
      source.subscribe((event) => {
        if (event !== null) tell(event);
        schedule();
      }),
    );
    repeat(PING_INTERVAL, ping);
    repeat(untilNextBeat(clock.now()), beat);
  }

  function end(): void {
    for (const stop of stops.splice(0)) stop();
    for (const cancel of timers.values()) cancel();
    timers.clear();
    due?.();
    due = null;
    onUnwatched?.();
  }

  return {
    open(request, response, isSignedIn) {
      if (streams.size >= MAX_STREAMS) {
        response
          .status(503)
          .set('Retry-After', '10')
          .json({ error: `${MAX_STREAMS} streams are open already` });
        return;
      }
      response
        .status(200)
        .set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
      response.flushHeaders();
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const known = knownBy(request, boot);
      const stream: Stream = { response, isSignedIn, seq: known, wasSignedIn: isSignedIn(), missed: 0 };
      if (streams.size === 0) begin();
      streams.add(stream);
      response.on('drain', () => sendStatus(stream));
      response.once('close', () => {
        streams.delete(stream);
        if (streams.size === 0) end();
      });
      write(stream, 'hello', { boot, seq: feed.whole(stream.wasSignedIn).seq, assets: assets() });
      sendStatus(stream);
    },
    get count() {
      return streams.size;
    },
  };
}

/** Reads what the page has already: `?boot=…&since=…`, both from a status; -1 for nothing of this run. */
function knownBy(request: Request, boot: string): number {
  const parameters = new URL(request.url, 'http://localhost').searchParams;
  const since = Number(parameters.get('since') ?? Number.NaN);
  return parameters.get('boot') === boot && Number.isSafeInteger(since) && since >= 0 ? since : -1;
}
