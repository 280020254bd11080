// How contact is made and kept over Streamable HTTP: which era, one session at most, and when it must be renewed.
import { RPC_CODES, rpcNotification, rpcRequest, type JsonObject } from '../core/base/json-rpc.ts';
import { failed, type CallFailure, type CallOutcome } from './call.ts';
import { withTimeout, type Deadline } from './deadline.ts';
import { endpointOf, failureOfStatus, post, sendDelete } from './http-endpoint.ts';
import type { PostResponse } from './post-response.ts';
import type { ProbeTarget } from '../probes/probe-kind.ts';
import {
  MODERN,
  foreignPeer,
  initializeParams,
  isModernError,
  legacyPeer,
  modernPeer,
  modernParams,
  offeredLegacyVersion,
  refusal,
  type PeerInfo,
  type HandshakeResult,
  type McpTransport,
} from './handshake.ts';

type Headers = Readonly<Record<string, string>>;

/** One question that was sent, and what came back. */
interface Asked {
  readonly id: string;
  readonly exchange: PostResponse | CallFailure;
}

interface Sending {
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

export function openHttp(target: ProbeTarget): McpTransport {
  return new HttpTransport(target);
}

class HttpTransport implements McpTransport {
  readonly #target: ProbeTarget;
  readonly #url: URL;
  peer: PeerInfo | null = null;
  #session: string | null = null;
  #count = 0;

  constructor(target: ProbeTarget) {
    this.#target = target;
    this.#url = endpointOf(target.spec);
  }

  connect(patience: Deadline): Promise<HandshakeResult> {
    return withTimeout(patience, (signal) => this.#discover(signal));
  }

  async call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const first = await this.#ask(method, params, signal);
    if (!isLost(first)) return judge(first.exchange, method);
    // The server forgot us, or is another one by now. Once only: each greeting may cost it a session.
    const wasLegacy = this.peer?.handshake.era === 'legacy';
    this.peer = null;
    const greeting = await (wasLegacy ? this.#initialize(signal) : this.#discover(signal));
    if (greeting.kind === 'refused') return { kind: 'answer', answer: greeting.answer };
    if (greeting.kind !== 'greeted') return greeting;
    return judge((await this.#ask(method, params, signal)).exchange, method);
  }

  /** Ends the session, so that the server need not keep it. */
  async close(patience: Deadline): Promise<void> {
    if (this.#session === null) return;
    const headers = legacyHeaders(this.peer, this.#session);
    this.#session = null;
    await withTimeout(patience, (signal) => sendDelete(this.#target, this.#url, { headers, signal }));
  }

  // The modern question first: it costs no session, and an old server refuses it without harm.
  async #discover(signal: AbortSignal): Promise<HandshakeResult> {
    const method = 'server/discover';
    const params = modernParams(this.#target.version);
    const { exchange } = await this.#send(method, params, { headers: modernHeaders(method), signal });
    // An outage says nothing about the era.
    if ('kind' in exchange) return exchange;
    const failure = failureOfStatus(exchange.status, method);
    if (failure !== null) return failure;
    const { answer } = exchange;
    if (answer?.kind === 'error' && isModernError(answer.error)) {
      const offered = offeredLegacyVersion(answer.error);
      return offered === null ? this.#greeted(foreignPeer(answer.error)) : this.#initialize(signal, offered);
    }
    const found = answer?.kind === 'result' ? modernPeer(answer.result) : null;
    return found === null ? this.#initialize(signal) : this.#greeted(found);
  }

  async #initialize(signal: AbortSignal, version?: string): Promise<HandshakeResult> {
    this.#session = null;
    const params = initializeParams(this.#target.version, version);
    const { exchange } = await this.#send('initialize', params, { headers: {}, signal });
    const outcome = judge(exchange, 'initialize');
    if (outcome.kind !== 'answer') return outcome;
    const { answer } = outcome;
    if (answer.kind === 'error') {
      const offered = version === undefined ? offeredLegacyVersion(answer.error) : null;
      return offered === null ? refusal('initialize', answer) : this.#initialize(signal, offered);
    }
    const found = legacyPeer(answer.result);
    if (found === null || 'kind' in exchange) return refusal('initialize', answer);
    this.#session = exchange.headers['mcp-session-id'] ?? null;
    await this.#notifyInitialized(found, signal);
    return this.#greeted(found);
  }

  async #notifyInitialized(found: PeerInfo, signal: AbortSignal): Promise<void> {
    const method = 'notifications/initialized';
    const headers = legacyHeaders(found, this.#session);
    await post(this.#target, {
      url: this.#url,
      id: null,
      message: rpcNotification(method),
      what: method,
      headers,
      signal,
    });
  }

  #greeted(found: PeerInfo): HandshakeResult {
    this.peer = found;
    this.#target.onHandshake(found.handshake);
    return { kind: 'greeted', contact: found };
  }

  #ask(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Asked> {
    if (this.peer?.handshake.era !== 'modern') {
      return this.#send(method, params, { headers: legacyHeaders(this.peer, this.#session), signal });
    }
    return this.#send(method, modernParams(this.#target.version, params), {
      headers: modernHeaders(method),
      signal,
    });
  }

  async #send(method: string, params: JsonObject | undefined, sending: Sending): Promise<Asked> {
    const id = `wd:${this.#target.run}:${(this.#count += 1)}`;
    const message = rpcRequest(id, method, params);
    const exchange = await post(this.#target, { url: this.#url, id, message, what: method, ...sending });
    return { id, exchange };
  }
}

function modernHeaders(method: string): Headers {
  return { 'mcp-protocol-version': MODERN, 'mcp-method': method };
}

function legacyHeaders(contact: PeerInfo | null, session: string | null): Headers {
  return {
    ...(contact !== null && { 'mcp-protocol-version': contact.handshake.protocolVersion }),
    ...(session !== null && { 'mcp-session-id': session }),
  };
}

// The specification says 404 for a session that is gone; 400 is what the reference servers send. An answer to our very
// question is no such thing, unless it carries the codes that the SDKs use for it.
function isLost({ id, exchange }: Asked): boolean {
  if ('kind' in exchange || (exchange.status !== 404 && exchange.status !== 400)) return false;
  const { answer } = exchange;
  if (answer === null || answer.id !== id) return true;
  const { serverError, sessionNotFound } = RPC_CODES;
  return answer.kind === 'error' && [serverError, sessionNotFound].some((code) => code === answer.error.code);
}

/** Any JSON-RPC answer counts, an error included; without one the status decides. */
function judge(exchange: PostResponse | CallFailure, what: string): CallOutcome {
  if ('kind' in exchange) return exchange;
  const { status, answer } = exchange;
  const failure = failureOfStatus(status, what);
  if (failure !== null) return failure;
  if (answer !== null) return { kind: 'answer', answer };
  return status === 200
    ? failed('protocol', `${what} was answered with something that is not JSON-RPC`)
    : failed('http_status', `${what} was answered with HTTP ${status}`);
}
