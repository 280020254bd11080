// JSON-RPC peer on a channel that several users share: numbers requests, matches responses, answers the server's requests.
import {
  RPC_CODES,
  readMessages,
  rpcNotification,
  rpcErrorResponse,
  rpcRequest,
  rpcResult,
  type IncomingMessage,
  type JsonObject,
} from '../core/base/json-rpc.ts';
import { abortedCall, type CallFailure, type CallOutcome } from './call.ts';

export interface PeerOptions {
  /** Prefix of every request id, unique among all runs: responses of an earlier process then match nothing. */
  readonly idPrefix: string;
  /** Sends one message; need not be sent any more once `signal` is aborted. */
  readonly send: (message: string, signal?: AbortSignal) => void;
}

export class Peer {
  readonly #options: PeerOptions;
  readonly #pending = new Map<string, (outcome: CallOutcome) => void>();
  #count = 0;
  #unmatched = 0;
  #ending: CallFailure | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** Responses that match no open request: unknown ids, second responses, responses after the timeout. */
  get unmatchedResponses(): number {
    return this.#unmatched;
  }

  get isEnded(): boolean {
    return this.#ending !== null;
  }

  /** Sends a request and resolves with its response; several may be under way. */
  request(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    if (this.#ending !== null) return Promise.resolve(this.#ending);
    if (signal.aborted) return Promise.resolve(abortedCall(signal, method));
    const id = `${this.#options.idPrefix}${(this.#count += 1)}`;
    return new Promise((resolve) => {
      const settle = (outcome: CallOutcome) => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', giveUp);
        resolve(outcome);
      };
      const giveUp = () => settle(abortedCall(signal, method));
      signal.addEventListener('abort', giveUp, { once: true });
      this.#pending.set(id, settle);
      this.#options.send(rpcRequest(id, method, params), signal);
    });
  }

  notify(method: string, params?: JsonObject): void {
    if (this.#ending === null) this.#options.send(rpcNotification(method, params));
  }

  /** Handles one line or event from the server; false when it is not JSON-RPC. */
  receive(text: string): boolean {
    // Every message of a batch is taken, whatever the others are.
    return readMessages(text)
      .map((message) => this.#take(message))
      .every(Boolean);
  }

  /** Fails every open and every later request like this: nothing will come any more. */
  end(failure: CallFailure): void {
    this.#ending ??= failure;
    for (const settle of this.#pending.values()) settle(this.#ending);
  }

  #take(message: IncomingMessage): boolean {
    switch (message.kind) {
      case 'result':
      case 'error': {
        const settle = message.id === null ? undefined : this.#pending.get(message.id);
        if (settle === undefined) this.#unmatched += 1;
        else settle({ kind: 'response', response: message });
        return true;
      }
      case 'request':
        if (this.#ending === null) this.#options.send(replyTo(message.id, message.method));
        return true;
      case 'notification':
        return true;
      case 'garbage':
        return false;
      default:
        return message satisfies never;
    }
  }
}

// We declare no capabilities: sampling, elicitation and roots are not ours to give.
function replyTo(id: string | number, method: string): string {
  return method === 'ping'
    ? rpcResult(id, {})
    : rpcErrorResponse(id, RPC_CODES.methodNotFound, 'Method not found');
}
