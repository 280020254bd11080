// JSON-RPC peer on a channel that several users share: numbers requests, matches responses, passes on the rest.
import {
  MAX_ID_LENGTH,
  RPC_CODES,
  readMessages,
  rpcErrorResponse,
  rpcNotification,
  rpcRequest,
  rpcResult,
  type IncomingMessage,
  type JsonObject,
  type RpcResponse,
} from '../core/base/json-rpc.ts';
import { abortedCall, failed, type CallFailure, type CallOutcome } from './call.ts';
import type { PeerInfo } from './handshake.ts';
import type { Lane, SendResult } from './outbox.ts';

export type ServerRequest = Extract<IncomingMessage, { kind: 'request' }>;
type ServerNotification = Extract<IncomingMessage, { kind: 'notification' }>;

/** User of a channel who hears what the server sends unasked. None of these may throw. */
export interface Subscriber {
  /** The handshake succeeded; called once a channel. */
  onHandshake?(peer: PeerInfo): void;
  onNotification?(notification: ServerNotification): void;
  /** Returns true when this subscriber will answer. A request that nobody claims is refused; `ping` is always answered by us. */
  onRequest?(request: ServerRequest): boolean;
  /** A response to an id that is not ours: to a message that some user sent as it was. */
  onForeignResponse?(response: RpcResponse): void;
}

export interface PeerOptions {
  /** Prefix of every request id, unique among all runs: responses of an earlier process then match nothing. */
  readonly idPrefix: string;
  readonly send: (message: string, lane: Lane) => SendResult;
}

export class Peer {
  readonly #options: PeerOptions;
  readonly #pending = new Map<string, (outcome: CallOutcome) => void>();
  readonly #subscribers = new Set<Subscriber>();
  #count = 0;
  #unmatched = 0;
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
    return () => void this.#subscribers.delete(subscriber);
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
        if (!sent.withdraw())
          this.notify('notifications/cancelled', { requestId: id, reason: outcome.detail });
        settle(outcome);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#pending.set(id, settle);
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

  /** Handles one line or event from the server; false when it is not JSON-RPC. */
  receive(text: string): boolean {
    // Every message of a batch is taken, whatever the others are.
    return readMessages(text)
      .map((message) => this.#take(message))
      .every(Boolean);
  }

  /** Fails one open request; false when no such request is open. */
  fail(id: string, failure: CallFailure): boolean {
    const settle = this.#pending.get(id);
    settle?.(failure);
    return settle !== undefined;
  }

  /** Fails every open and every later request like this: nothing will come any more. */
  end(failure: CallFailure): void {
    this.#ending ??= failure;
    for (const settle of this.#pending.values()) settle(this.#ending);
  }

  #take(message: IncomingMessage): boolean {
    switch (message.kind) {
      case 'result':
      case 'error':
        this.#takeResponse(message);
        return true;
      case 'request':
        this.#received += 1;
        if (this.#ending === null) this.#takeRequest(message);
        return true;
      case 'notification':
        this.#received += 1;
        for (const subscriber of this.#subscribers) subscriber.onNotification?.(message);
        return true;
      case 'garbage':
        return false;
      default:
        return message satisfies never;
    }
  }

  #takeResponse(response: RpcResponse): void {
    const settle = response.id === null ? undefined : this.#pending.get(response.id);
    if (settle !== undefined) return settle({ kind: 'response', response });
    this.#received += 1;
    const isOurs = response.id?.startsWith(this.#options.idPrefix) ?? true;
    const takers = isOurs ? [] : [...this.#subscribers].filter((one) => one.onForeignResponse !== undefined);
    for (const taker of takers) taker.onForeignResponse?.(response);
    if (takers.length === 0) this.#unmatched += 1;
  }

  // We declare no capabilities: sampling, elicitation and roots are not ours to give.
  #takeRequest(request: ServerRequest): void {
    const { id, method } = request;
    if (typeof id === 'string' && id.length > MAX_ID_LENGTH) {
      // An answer that repeated it would let a server fill our memory, and whoever else it is passed on to.
      const text = `The id is longer than ${MAX_ID_LENGTH} characters`;
      this.send(rpcErrorResponse(null, RPC_CODES.invalidRequest, text));
    } else if (method === 'ping') {
      this.send(rpcResult(id, {}));
    } else if (![...this.#subscribers].some((one) => one.onRequest?.(request) === true)) {
      this.send(rpcErrorResponse(id, RPC_CODES.methodNotFound, 'Method not found'));
    }
  }
}

function notTaken(why: 'full' | 'closed'): CallFailure {
  return why === 'full'
    ? failed('timeout', 'The server does not read its input, and too much is waiting for it')
    : failed('closed', 'The server closed its input');
}
