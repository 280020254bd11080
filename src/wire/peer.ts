// JSON-RPC peer on a channel that several users share: numbers requests, matches responses, passes on the rest.
import { isObject, parseJson } from '../core/base/guards.ts';
import {
  MAX_ID_LENGTH,
  RPC_CODES,
  isTooDeep,
  parseMessages,
  rpcErrorResponse,
  rpcNotification,
  rpcRequest,
  rpcResult,
  type IncomingMessage,
  type JsonObject,
  type RpcResponse,
} from '../core/base/json-rpc.ts';
import { shapeOf, type JsonShape } from '../core/base/json-shape.ts';
import { abortedCall, failed, unread, type CallFailure, type CallOutcome } from './call.ts';
import { ParsedResponse, unparsedResponse, type ForeignResponse } from './foreign-response.ts';
import type { PeerInfo } from './handshake.ts';
import {
  BATCH,
  FOREIGN_ANSWER,
  OWN_ANSWER,
  UNASKED,
  excessOf,
  type MessageLimits,
} from './message-limits.ts';
import { misdirected, oddAnswer } from './odd-answers.ts';
import type { Lane, SendResult } from './outbox.ts';

export type ServerRequest = Extract<IncomingMessage, { kind: 'request' }>;
type ServerNotification = Extract<IncomingMessage, { kind: 'notification' }>;

/** One message as it came, up to 16 MiB. */
export interface RawMessage {
  /** Only its beginning when `isCut`. */
  readonly bytes: Buffer;
  /** Of the whole message. */
  readonly shape: JsonShape;
  /** True when its end was dropped: it was too long, or too much waited already. */
  readonly isCut: boolean;
}

/** User of a channel who hears what the server sends unasked. None of these may throw. */
export interface Subscriber {
  /** The handshake succeeded; called once a channel. */
  onHandshake?(peer: PeerInfo): void;
  /** @param text as it came */
  onNotification?(notification: ServerNotification, text: string): void;
  /**
   * Returns true when this subscriber will answer. A request that nobody claims is refused; `ping` is always answered by us.
   *
   * @param text as it came
   */
  onRequest?(request: ServerRequest, text: string): boolean;
  /** A response to an id that is not ours. */
  onForeignResponse?(response: ForeignResponse): void;
}

export interface PeerOptions {
  /** Prefix of every request id, unique among all runs: responses of an earlier process then match nothing. */
  readonly idPrefix: string;
  readonly send: (message: string, lane: Lane) => SendResult;
  /** Called with a sentence about a message that exceeds its limits; it was not read. */
  readonly onRefused?: (sentence: string) => void;
}

/** Of more than that the answers are not told apart from answers to nobody. */
const MAX_GIVEN_UP = 100;

interface PendingRequest {
  readonly method: string;
  readonly settle: (outcome: CallOutcome) => void;
}

export class Peer {
  readonly #options: PeerOptions;
  readonly #pending = new Map<string, PendingRequest>();
  readonly #subscribers = new Set<Subscriber>();
  /** Those of them who hear answers to clients. */
  #takers: readonly Subscriber[] = [];
  #count = 0;
  /** Ids of requests that we gave up, the latest: their answers may still come. */
  readonly #givenUp = new Set<string>();
  #unmatched = 0;
  #astray = 0;
  #received = 0;
  #ending: CallFailure | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** Messages from the server so far, but for the responses that our requests waited for. */
  get received(): number {
    return this.#received;
  }

  /** Responses that match no open request of ours: second responses, responses after the timeout, ids of nobody. */
  get unmatchedResponses(): number {
    return this.#unmatched;
  }

  /** Answers under an id that nobody asked with, or asked with and had its answer: no request will ever get them. */
  get answersAstray(): number {
    return this.#astray;
  }

  get isEnded(): boolean {
    return this.#ending !== null;
  }

  /** True while a request of ours has no response. */
  get isWaiting(): boolean {
    return this.#pending.size > 0;
  }

  /** Adds a subscriber; the returned function removes it. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    this.#setTakers();
    return () => {
      this.#subscribers.delete(subscriber);
      this.#setTakers();
    };
  }

  /** Tells the subscribers that the handshake succeeded. */
  announce(peer: PeerInfo): void {
    for (const subscriber of this.#subscribers) subscriber.onHandshake?.(peer);
  }

  /**
   * Sends a request and resolves with its response; several may be under way. A request that is aborted after it went
   * out is cancelled at the server.
   */
  request(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    if (this.#ending !== null) return Promise.resolve(this.#ending);
    if (signal.aborted) return Promise.resolve(abortedCall(signal, method));
    const id = `${this.#options.idPrefix}${(this.#count += 1)}`;
    const sent = this.#options.send(rpcRequest(id, method, params), 'first');
    if (typeof sent === 'string') return Promise.resolve(notTaken(sent));
    return new Promise((resolve) => {
      const settle = (outcome: CallOutcome) => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', abort);
        resolve(outcome);
      };
      const abort = () => {
        const outcome = abortedCall(signal, method);
        if (!sent.withdraw()) {
          this.notify('notifications/cancelled', { requestId: id, reason: outcome.detail });
          this.#giveUp(id);
        }
        settle(outcome);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#pending.set(id, { method, settle });
    });
  }

  /** Sends a notification; false when it was not taken. */
  notify(method: string, params?: JsonObject): boolean {
    return this.send(rpcNotification(method, params), 'first');
  }

  /** Sends a message as it is; false when it was not taken, because the server does not read or the channel has ended. */
  send(message: string, lane: Lane = 'second'): boolean {
    return this.#ending === null && typeof this.#options.send(message, lane) !== 'string';
  }

  /** Handles one event from the server; false when it is not JSON-RPC. */
  receiveText(text: string): boolean {
    const bytes = Buffer.from(text);
    return this.receive({ bytes, shape: shapeOf(bytes), isCut: false });
  }

  /**
   * Handles a short line if it is an answer to a client, which nearly all lines are while clients call: parsing is cheaper
   * than to scan first and parse then. False for anything else, which `receive` has to handle.
   */
  receiveShort(text: string): boolean {
    // While we wait for an answer ourselves, it may be the one, under a wrong id.
    if (this.#takers.length === 0 || this.#pending.size > 0) return false;
    // Looked for before anything is parsed: a flood of lines that only look like messages must not cost more.
    if (!text.includes('"jsonrpc"') || text.includes('"method"') || isTooDeep(text)) return false;
    const message = parseJson(text);
    if (!isObject(message) || message['jsonrpc'] === undefined) return false;
    const { id, result, error } = message;
    if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || id.startsWith(this.#options.idPrefix))
      return false;
    if (result === undefined && error === undefined) return false;
    this.#received += 1;
    const response = new ParsedResponse(id, message, text);
    for (const taker of this.#takers) taker.onForeignResponse?.(response);
    return true;
  }

  /** Handles one message from the server; false when it is not JSON-RPC. One that exceeds its limits is never parsed. */
  receive(message: RawMessage): boolean {
    const { members, isArray, id } = message.shape;
    if (isArray) return this.#receiveParsed(message, { limits: BATCH, what: 'a batch' });
    if (members.includes('method'))
      return this.#receiveParsed(message, { limits: UNASKED, what: 'a message' });
    const isResponse =
      members.includes('jsonrpc') && (members.includes('result') || members.includes('error'));
    const to = id === null ? null : idOf(id);
    // One with neither is no answer, but it is all that will come.
    if (!isResponse && !(members.includes('jsonrpc') && this.#pending.has(String(to)))) return false;
    return this.#receiveResponse(message, to);
  }

  /** Fails one open request; false when no such request is open. */
  fail(id: string, failure: CallFailure): boolean {
    const request = this.#pending.get(id);
    request?.settle(failure);
    return request !== undefined;
  }

  /** Fails every open and every later request like this: nothing will come any more. */
  end(failure: CallFailure): void {
    this.#ending ??= failure;
    this.failAll(this.#ending);
  }

  /** Fails every open request. */
  failAll(failure: CallFailure): void {
    for (const { settle } of this.#pending.values()) settle(failure);
  }

  #receiveParsed(message: RawMessage, { limits, what }: { limits: MessageLimits; what: string }): boolean {
    const excess = excessOfMessage(message, limits);
    if (excess !== null) {
      this.#options.onRefused?.(`Refused ${what} of the server: it ${excess}`);
      return true;
    }
    const text = message.bytes.toString('utf8');
    // Every message of a batch is taken, whatever the others are.
    return (message.shape.isArray ? textsOf(text) : [text])
      .map((each) => parseMessages(each).every((parsed) => this.#take(parsed, each)))
      .every(Boolean);
  }

  #receiveResponse(message: RawMessage, id: string | number | null): boolean {
    const request = id === null ? undefined : this.#pending.get(String(id));
    if (request === undefined) {
      this.#takeForeign(id, message);
      return true;
    }
    const excess = excessOfMessage(message, OWN_ANSWER);
    if (excess !== null) {
      const sentence = `The answer to ${request.method} ${excess}`;
      this.#options.onRefused?.(`${sentence}: refused`);
      request.settle(unread(sentence));
      return true;
    }
    const text = message.bytes.toString('utf8');
    const [response] = parseMessages(text);
    if (response?.kind !== 'result' && response?.kind !== 'error') return this.#settleOdd(request, text);
    request.settle({ kind: 'response', response });
    return true;
  }

  /** Fails a request whose answer is none; false when what came is not even a message. */
  #settleOdd(request: PendingRequest, text: string): boolean {
    const sentence = oddAnswer(request.method, text);
    if (sentence === null) return false;
    request.settle(failed('protocol', sentence));
    return true;
  }

  /** Fails the handshake under way when this is its answer, under an id that nobody used: no other will come. */
  #takeMisdirected({ bytes, shape }: RawMessage): void {
    const [request, ...others] = this.#pending.values();
    if (request === undefined || others.length > 0 || excessOf(shape, OWN_ANSWER) !== null) return;
    const sentence = misdirected(request.method, bytes);
    if (sentence !== null) request.settle(failed('protocol', sentence));
  }

  #takeForeign(id: string | number | null, message: RawMessage): void {
    const isOurs = id === null || String(id).startsWith(this.#options.idPrefix);
    // An answer to nobody is no sign that the server works. All ids that go out are strings, so a number is none of them.
    const isAstray = typeof id === 'number' || (isOurs && !this.#givenUp.delete(String(id)));
    if (isAstray) this.#astray += 1;
    else this.#received += 1;
    if (this.#pending.size > 0) this.#takeMisdirected(message);
    if (isOurs || this.#takers.length === 0) {
      this.#unmatched += 1;
      return;
    }
    const excess = excessOfMessage(message, FOREIGN_ANSWER);
    if (excess !== null) this.#options.onRefused?.(`Refused an answer to a client: it ${excess}`);
    const response = unparsedResponse(id, () =>
      excess === null
        ? message.bytes.toString('utf8')
        : rpcErrorResponse(id, RPC_CODES.internalError, `The answer of the server ${excess}`),
    );
    for (const taker of this.#takers) taker.onForeignResponse?.(response);
  }

  #giveUp(id: string): void {
    this.#givenUp.add(id);
    const [oldest] = this.#givenUp;
    if (this.#givenUp.size > MAX_GIVEN_UP && oldest !== undefined) this.#givenUp.delete(oldest);
  }

  /** Made anew when somebody comes or goes: it is asked for each answer to a client. */
  #setTakers(): void {
    this.#takers = [...this.#subscribers].filter((one) => one.onForeignResponse !== undefined);
  }

  /** Handles one of the messages of a batch, or one that the server sent unasked. */
  #take(message: IncomingMessage, text: string): boolean {
    switch (message.kind) {
      case 'result':
      case 'error':
        this.#takeResponse(message);
        return true;
      case 'request':
        this.#received += 1;
        if (this.#ending === null) this.#takeRequest(message, text);
        return true;
      case 'notification':
        this.#received += 1;
        for (const subscriber of this.#subscribers) subscriber.onNotification?.(message, text);
        return true;
      case 'garbage':
        return false;
      default:
        return message satisfies never;
    }
  }

  #takeResponse(response: RpcResponse): void {
    const request = response.id === null ? undefined : this.#pending.get(response.id);
    if (request !== undefined) return request.settle({ kind: 'response', response });
    const bytes = Buffer.from(textOfResponse(response));
    this.#takeForeign(response.id, { bytes, shape: shapeOf(bytes), isCut: false });
  }

  // We declare no capabilities: sampling, elicitation and roots are not ours to give.
  #takeRequest(request: ServerRequest, text: string): void {
    const { id, method } = request;
    if (typeof id === 'string' && id.length > MAX_ID_LENGTH) {
      // An answer that repeated it would let a server fill our memory, and whoever else it is passed on to.
      const reason = `The id is longer than ${MAX_ID_LENGTH} characters`;
      this.send(rpcErrorResponse(null, RPC_CODES.invalidRequest, reason));
    } else if (method === 'ping') {
      this.send(rpcResult(id, {}));
    } else if (![...this.#subscribers].some((one) => one.onRequest?.(request, text) === true)) {
      this.send(rpcErrorResponse(id, RPC_CODES.methodNotFound, 'Method not found'));
    }
  }
}

function notTaken(why: 'full' | 'closed'): CallFailure {
  return why === 'full'
    ? failed('timeout', 'The server does not read its input, and too much is waiting for it')
    : failed('closed', 'The server closed its input');
}

/** A message whose end is missing without being too long came while too much waited. */
function excessOfMessage({ shape, isCut }: RawMessage, limits: MessageLimits): string | null {
  return excessOf(shape, limits) ?? (isCut ? 'came while too much waited for this server' : null);
}

/** Takes a batch apart; what is none stays whole. */
function textsOf(batch: string): readonly string[] {
  const value = parseJson(batch);
  return Array.isArray(value) && value.length > 0 ? value.map((each) => JSON.stringify(each)) : [batch];
}

function idOf(text: string): string | number | null {
  if (PLAIN_ID.test(text)) return text.slice(1, -1);
  const id = parseJson(text);
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** A string of which nothing has to be decoded. */
const PLAIN_ID = /^"[\w:.-]*"$/;

function textOfResponse(response: RpcResponse): string {
  const { kind, id } = response;
  return JSON.stringify(
    kind === 'result'
      ? { jsonrpc: '2.0', id, result: response.result }
      : { jsonrpc: '2.0', id, error: response.error },
  );
}
