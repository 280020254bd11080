// Exchanges that wait for their answers, and the own streams of sessions: JSON where one message is all, else events.
import type { ServerResponse } from 'node:http';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { errorText } from '../core/gateway/envelope.ts';
import type { Era, RequestId } from '../core/gateway/model.ts';
import { TransientMap } from '../core/gateway/transient-map.ts';
import type { Clock } from '../system/time/clock.ts';
import { writeEventId, type EventId } from './event-id.ts';
import { createKeptEvents, type KeptEvents } from './bounds/kept-events.ts';
import { createUnreadResponses, type UnreadResponses } from './bounds/unread-responses.ts';
import { eventText, sendJson, startEventStream } from './responses.ts';

/** One request of a client. */
export interface ExchangeInfo {
  readonly port: number;
  readonly server: string;
  /** Null in the modern era: nothing is kept for a client that leaves. */
  readonly session: string | null;
  readonly era: Era;
  readonly request: RequestId;
  /** A stream begins with an event that only has an id. */
  readonly isPrimed: boolean;
  /** When it came, ms of the monotonic clock. */
  readonly at: number;
}

/** A session's wish to get, or get back, a stream. */
export interface AttachOptions {
  readonly server: string;
  readonly session: string;
  readonly isPrimed: boolean;
  /** The last event that the client has. */
  readonly last: EventId | null;
}

export interface Answer {
  readonly text: string;
  readonly isLast: boolean;
  /** Code of a JSON-RPC error, else null. */
  readonly code: number | null;
}

export interface StreamsOptions {
  readonly clock: Clock;
  /** Names this daemon in event ids: eight hexadecimal digits. */
  readonly boot: string;
  /** Called when a client closed an exchange before its last answer. */
  readonly onLeft: (server: string, port: number) => void;
  /** Called when a client was cut off that did not read what it got. */
  readonly onUnread?: (server: string) => void;
  readonly kept?: KeptEvents;
  readonly unread?: UnreadResponses;
}

interface Exchange extends ExchangeInfo {
  /** Null while its client is away. */
  response: ServerResponse | null;
  isStream: boolean;
  number: number;
  lastWrite: number;
}

/** The own stream of a session: its events are numbered on, however often the client opens it. */
interface OwnStream {
  readonly server: string;
  response: ServerResponse | null;
  number: number;
  /** The last event that was written to a response. */
  written: number;
  lastWrite: number;
}

/** How often waiting responses are looked at, ms. One timer for all, and none while nothing is open. */
const SWEEP = 5_000;
/** Age at which a request without an answer gets a stream: at 10 s at the latest, long before clients give up on a silent one. */
const SILENT_SINCE = 5_000;
/** Silence after which a stream gets a comment: after 15 s at the latest. */
const QUIET_SINCE = 10_000;

/** Errors of 2026-07-28 that have a status of their own. */
const STATUS_BY_CODE: ReadonlyMap<number | null, number> = new Map([
  [RPC_CODES.methodNotFound, 404],
  [RPC_CODES.headerMismatch, 400],
  [RPC_CODES.missingClientCapability, 400],
  [RPC_CODES.unsupportedProtocolVersion, 400],
]);

export class Streams {
  readonly #clock: Clock;
  readonly #boot: string;
  readonly #onLeft: StreamsOptions['onLeft'];
  readonly #kept: KeptEvents;
  readonly #exchanges = new TransientMap<number, Exchange>();
  readonly #ownStreams = new Map<string, OwnStream>();
  readonly #unread: UnreadResponses;
  #cancelSweep: (() => void) | null = null;
  #isEnding = false;

  constructor(options: StreamsOptions) {
    const { clock, boot, onLeft, onUnread = () => undefined, kept = createKeptEvents() } = options;
    this.#clock = clock;
    this.#boot = boot;
    this.#onLeft = onLeft;
    this.#kept = kept;
    this.#unread = options.unread ?? createUnreadResponses(onUnread);
  }

  get size(): { readonly exchanges: number; readonly sessions: number; readonly streams: number } {
    const streams = [...this.#ownStreams.values()].filter(({ response }) => response !== null).length;
    return { exchanges: this.#exchanges.size, sessions: this.#ownStreams.size, streams };
  }

  /** Returns the number of sessions of the server whose own stream is open. */
  openOf(server: string): number {
    let open = 0;
    for (const own of this.#ownStreams.values())
      if (own.server === server && own.response !== null) open += 1;
    return open;
  }

  /** Whether the session's own stream is open. */
  isOpen(session: string): boolean {
    return (this.#ownStreams.get(session)?.response ?? null) !== null;
  }

  /** Notes where the answers to a request go. */
  open(info: ExchangeInfo, response: ServerResponse): void {
    const { port, server, session, era, request, isPrimed, at } = info;
    // Member by member, as each request makes one: a spread costs five times as much.
    const exchange: Exchange = {
      port,
      server,
      session,
      era,
      request,
      isPrimed,
      at,
      response,
      isStream: false,
      number: 0,
      lastWrite: at,
    };
    this.#exchanges.set(port, exchange);
    this.#listen(exchange, response);
  }

  /** Sends an answer to where the request came from. An unknown port is ignored. */
  send(port: number, answer: Answer): void {
    const exchange = this.#exchanges.get(port);
    if (exchange === undefined) return;
    const { text, isLast } = answer;
    if (isLast) this.#exchanges.delete(port);
    if (isLast && !exchange.isStream) return this.#answer(exchange, answer);
    if (!exchange.isStream) this.#begin(exchange);
    this.#emit(exchange, text, isLast);
  }

  /** Sends on the session's own stream, now or when the client opens it. */
  tell(session: string, server: string, text: string): void {
    const own = this.#ownStreamOf(session, server);
    own.number += 1;
    this.#kept.add(session, { stream: 0, number: own.number, text, isLast: false });
    if (own.response === null) return;
    this.#write(own, eventText(text, this.#ownId(own.number)));
    own.written = own.number;
  }

  /**
   * Answers a GET: with the stream of a request that was cut off, else with the session's own stream. That replaces an
   * earlier one: a client that comes back meets a connection that only we believe to be open.
   */
  attach(options: AttachOptions, response: ServerResponse): void {
    const { last } = options;
    if (last === null || last.stream === 0) this.#attachOwn(options, response);
    else this.#resume(options, last, response);
  }

  /** Ends the session's own stream and drops what is kept for it. */
  forget(session: string): void {
    const own = this.#ownStreams.get(session);
    this.#ownStreams.delete(session);
    this.#kept.forget(session);
    own?.response?.end();
  }

  /** Forgets all sessions of a server; requests under way are cut off. */
  forgetServer(server: string): void {
    for (const [session, own] of this.#ownStreams) if (own.server === server) this.forget(session);
    for (const exchange of this.#exchanges.values()) {
      if (exchange.server !== server) continue;
      this.#exchanges.delete(exchange.port);
      exchange.response?.destroy();
    }
  }

  /** Ends the own streams of all sessions; requests under way are answered by their routers, and their connections closed. */
  endOwnStreams(): void {
    this.#isEnding = true;
    for (const own of this.#ownStreams.values()) own.response?.end();
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  #arm(): void {
    this.#cancelSweep ??= this.#clock.after(SWEEP, () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = null;
    const now = this.#clock.monotonic();
    this.#unread.sweep(now);
    let open = this.#unread.size;
    for (const exchange of this.#exchanges.values()) {
      if (exchange.response === null) continue;
      open += 1;
      if (exchange.isStream) this.#keepAlive(exchange, now);
      else if (now - exchange.lastWrite >= SILENT_SINCE) this.#begin(exchange);
    }
    for (const own of this.#ownStreams.values()) {
      if (own.response === null) continue;
      open += 1;
      this.#keepAlive(own, now);
    }
    if (open > 0) this.#arm();
  }

  #keepAlive(stream: Exchange | OwnStream, now: number): void {
    if (now - stream.lastWrite >= QUIET_SINCE) this.#write(stream, ': alive\n\n');
  }

  #write(stream: Exchange | OwnStream, text: string): void {
    const { response } = stream;
    if (response === null || response.destroyed) return;
    const isTaken = response.write(text);
    stream.lastWrite = this.#clock.monotonic();
    if (!isTaken) this.#unread.note(stream.server, response, stream.lastWrite);
  }

  /** Keeps an eye on a response that has ended and that its client has not read yet. */
  #drain(server: string, response: ServerResponse): void {
    if (response.writableLength === 0) return;
    this.#unread.note(server, response, this.#clock.monotonic());
    this.#arm();
  }

  #listen(exchange: Exchange, response: ServerResponse): void {
    exchange.response = response;
    response.on('close', () => {
      if (exchange.response !== response) return;
      exchange.response = null;
      if (!this.#exchanges.has(exchange.port)) return;
      if (!exchange.isStream || exchange.session === null) this.#exchanges.delete(exchange.port);
      this.#onLeft(exchange.server, exchange.port);
    });
    this.#arm();
  }

  #begin(exchange: Exchange): void {
    exchange.isStream = true;
    if (exchange.response === null) return;
    startEventStream(exchange.response);
    exchange.lastWrite = this.#clock.monotonic();
    if (exchange.isPrimed) this.#write(exchange, `id: ${this.#idIn(exchange)}\ndata: \n\n`);
  }

  #emit(exchange: Exchange, text: string, isLast: boolean): void {
    const { session, port, response } = exchange;
    exchange.number += 1;
    if (session !== null) this.#kept.add(session, { stream: port, number: exchange.number, text, isLast });
    this.#write(exchange, eventText(text, session === null ? null : this.#idIn(exchange)));
    if (!isLast || response === null) return;
    response.end();
    this.#drain(exchange.server, response);
  }

  #answer({ server, response, era }: Exchange, { text, code }: Answer): void {
    if (response === null) return;
    if (this.#isEnding) response.shouldKeepAlive = false;
    const status = era === 'modern' ? (STATUS_BY_CODE.get(code) ?? 200) : 200;
    sendJson(response, { status, text });
    this.#drain(server, response);
  }

  #attachOwn({ server, session, isPrimed, last }: AttachOptions, response: ServerResponse): void {
    const own = this.#ownStreamOf(session, server);
    const earlier = own.response;
    own.response = response;
    earlier?.end();
    response.once('close', () => {
      if (own.response === response) own.response = null;
    });
    startEventStream(response);
    own.lastWrite = this.#clock.monotonic();
    const from = last === null || last.boot !== this.#boot ? own.written : last.number;
    if (isPrimed) this.#write(own, `id: ${this.#ownId(from)}\ndata: \n\n`);
    for (const { text, number } of this.#kept.after(session, 0, from))
      this.#write(own, eventText(text, this.#ownId(number)));
    own.written = own.number;
    this.#arm();
  }

  /** Goes on with the stream of a request; of one that has ended the rest is sent. */
  #resume({ server, session }: AttachOptions, last: EventId, response: ServerResponse): void {
    const isOurs = last.boot === this.#boot;
    const found = isOurs ? this.#exchanges.get(last.stream) : undefined;
    const missed = isOurs ? this.#kept.after(session, last.stream, last.number) : [];
    startEventStream(response);
    for (const { text, number } of missed) response.write(eventText(text, writeEventId({ ...last, number })));
    if (found?.session === session) {
      const earlier = found.response;
      this.#listen(found, response);
      found.lastWrite = this.#clock.monotonic();
      earlier?.destroy();
      return;
    }
    const end = isOurs ? this.#kept.after(session, last.stream, last.number - 1) : [];
    if (!end.some(({ isLast }) => isLast) && last.request !== null)
      response.write(lostAnswer(last, last.request, isOurs));
    response.end();
    this.#drain(server, response);
  }

  #ownStreamOf(session: string, server: string): OwnStream {
    const known = this.#ownStreams.get(session);
    if (known !== undefined) return known;
    const own = { server, response: null, number: 0, written: 0, lastWrite: 0 };
    this.#ownStreams.set(session, own);
    return own;
  }

  #ownId(number: number): string {
    return writeEventId({ boot: this.#boot, stream: 0, number, request: null });
  }

  #idIn({ port, number, request }: Exchange): string {
    return writeEventId({ boot: this.#boot, stream: port, number, request });
  }
}

/** The end of a stream whose answer is nowhere: without it the client would wait for its own timeout. */
function lostAnswer(last: EventId, request: RequestId, isOurs: boolean): string {
  const refusal = isOurs
    ? { message: 'The answer is no longer kept', data: { reason: 'answer_lost', mayHaveRun: true } }
    : {
        message: 'The watchdog ended while it waited for the answer; the request may have taken effect',
        data: { reason: 'server_restarted', mayHaveRun: true },
      };
  const text = errorText(request, { code: RPC_CODES.serverError, ...refusal });
  return eventText(text, writeEventId({ ...last, number: last.number + 1 }));
}
