// One message that is posted to a server over HTTP, and what comes back for it: a JSON body, or a stream of events.
import type { JsonObject } from '../../core/base/json-rpc.ts';
import { isId } from '../../core/gateway/messages.ts';
import type { RequestId } from '../../core/gateway/model.ts';
import { readResponse } from '../../core/gateway/read-response.ts';
import type { PostTaker } from '../../system/net/post/post-pool.ts';
import { createEventStreamReader, type EventStreamReader } from '../../wire/http/event-stream.ts';
import { locationOf } from '../../wire/http/http-status.ts';

interface OutgoingMessage {
  /** Names it among those under way; of a request that a client waits for, its id. */
  readonly key: string;
  /** Whether a client waits for its answer. */
  readonly isAwaited: boolean;
  readonly text: string;
  /** Null for what is only known to be a request with the id `key`. */
  readonly message: JsonObject | null;
}

/** What a posted message needs of its upstream. */
export interface PostedMessageWays {
  /** Sends it, to another address where one is given. @returns a function that breaks it off */
  readonly send: (posted: PostedMessage, to: URL | null) => () => void;
  /** Where it goes else. */
  readonly address: () => URL;
  /** Whether a response of this status says that the session is gone, and another one would help. */
  readonly isForgotten: (status: number) => boolean;
  readonly renew: () => Promise<boolean>;
  /** Passes a message of the server on. @returns the message; null where it was none */
  readonly deliver: (text: string, read: JsonObject | null) => JsonObject | null;
  readonly onOver: (posted: PostedMessage, isAnswered: boolean) => void;
}

/** Longest message of a server, bytes. */
export const MAX_MESSAGE = 16 * 1024 * 1024;
/** Redirects that keep method and body. */
const KEEPING_METHOD: readonly number[] = [307, 308];

/** An object with methods that all share costs less for each request than as many closures, promises and streams. */
export class PostedMessage implements OutgoingMessage, PostTaker {
  readonly key: string;
  readonly isAwaited: boolean;
  readonly text: string;
  readonly message: JsonObject | null;
  readonly #ways: PostedMessageWays;
  /** Null for a notification and for a response, to which a status is all that comes. */
  readonly #id: RequestId | null;
  #breakOff: (() => void) | null = null;
  #isRedirected = false;
  #isRenewed = false;
  #isOver = false;
  #status = 0;
  #reader: EventStreamReader | null = null;
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #bytes = 0;
  #isAnswered = false;

  constructor({ key, isAwaited, text, message }: OutgoingMessage, ways: PostedMessageWays) {
    this.key = key;
    this.isAwaited = isAwaited;
    this.text = text;
    this.message = message;
    this.#ways = ways;
    this.#id = message === null ? key : idOfRequest(message);
  }

  send(to: URL | null = null): void {
    this.#isRedirected = to !== null;
    this.#breakOff = this.#ways.send(this, to);
  }

  abort(): void {
    this.#breakOff?.();
    this.#finish(false);
  }

  head({ status, headers }: Parameters<PostTaker['head']>[0]): void {
    this.#status = status;
    if (this.#ways.isForgotten(status) && !this.#isRenewed) return void this.#renew();
    if (KEEPING_METHOD.includes(status) && this.#follow(status, headers)) return;
    if (isEventStream(headers) && this.#id !== null)
      this.#reader = createEventStreamReader(MAX_MESSAGE, ({ type, data, isCut }) => {
        if (type === 'message' && isCut !== true) this.#note(data, null);
      });
  }

  chunk(bytes: Buffer): void {
    if (this.#id === null) return;
    // A copy: they are read over.
    const chunk = Buffer.from(bytes);
    if (this.#reader !== null) return this.#reader.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_MESSAGE) this.abort();
    else if (this.#first === null) this.#first = chunk;
    else if (this.#more === null) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
  }

  end(): void {
    if (this.#id !== null && this.#reader === null) this.#takeBody(this.#id);
    this.#finish(this.#isAnswered || this.#id === null);
  }

  failed(): void {
    this.#finish(this.#isAnswered);
  }

  /** Follows one redirect within the origin: frameworks send `/mcp` to `/mcp/`. To another, our headers must not go. */
  #follow(status: number, headers: Readonly<Record<string, string>>): boolean {
    if (this.#isRedirected) return false;
    const from = this.#ways.address();
    const target = locationOf({ status, headers }, from);
    if (target === null || target.origin !== from.origin) return false;
    this.#breakOff?.();
    this.send(target);
    return true;
  }

  /** It did not run: the server did not know the session. */
  async #renew(): Promise<void> {
    this.#isRenewed = true;
    this.#breakOff?.();
    const isRenewed = await this.#ways.renew();
    if (this.#isOver) return;
    if (isRenewed) this.send();
    else this.#finish(false);
  }

  #takeBody(id: RequestId): void {
    const body = (this.#more === null ? this.#first : Buffer.concat(this.#more))?.toString() ?? '';
    const message = readResponse(body);
    // Errors about headers and sessions name no request.
    if (message !== null && message['id'] === id) return this.#note(body, message);
    if (message !== null) return this.#note(JSON.stringify({ ...message, id }), null);
    if (this.#status < 400) return;
    const error = { code: -32_000, message: `The server answered with HTTP status ${this.#status}` };
    this.#note(JSON.stringify({ jsonrpc: '2.0', id, error }), null);
  }

  #note(text: string, read: JsonObject | null): void {
    if (this.#isOver) return;
    const told = this.#ways.deliver(text, read);
    if (told !== null && told['method'] === undefined && told['id'] === this.#id) this.#isAnswered = true;
  }

  #finish(isAnswered: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ways.onOver(this, isAnswered);
  }
}

export function isEventStream(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true;
}

function idOfRequest({ id, method }: JsonObject): RequestId | null {
  return isId(id) && typeof method === 'string' ? id : null;
}
