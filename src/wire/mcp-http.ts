// MCP transport over Streamable HTTP: finds the protocol era, holds one session at most, renews it when it is lost.
import { RPC_CODES, rpcNotification, rpcRequest, type JsonObject } from '../core/base/json-rpc.ts';
import { failed, type CallFailure, type CallOutcome } from './call.ts';
import { withTimeout, type Deadline } from './deadline.ts';
import { endpointOf, failureOfStatus, post, sendDelete } from './http-endpoint.ts';
import type { PostResponse } from './post-response.ts';
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
} from './handshake.ts';
import type { McpTarget, McpTransport } from './mcp-transport.ts';

type Headers = Readonly<Record<string, string>>;

/** One request that was sent, and what came back. */
interface SentRequest {
  readonly id: string;
  readonly outcome: PostResponse | CallFailure;
}

interface SendOptions {
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

export function openHttp(target: McpTarget): McpTransport {
  return new HttpTransport(target);
}

class HttpTransport implements McpTransport {
  readonly #target: McpTarget;
  readonly #url: URL;
  peer: PeerInfo | null = null;
  #session: string | null = null;
  #count = 0;

  constructor(target: McpTarget) {
    this.#target = target;
    this.#url = endpointOf(target.spec);
  }

  connect(deadline: Deadline): Promise<HandshakeResult> {
    return withTimeout(deadline, (signal) => this.#discover(signal));
  }

  async call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const first = await this.#ask(method, params, signal);
    if (!isSessionLost(first)) return judge(first.outcome, method);
    // The server forgot us, or is another one by now. Once only: each handshake may cost it a session.
    const wasLegacy = this.peer?.handshake.era === 'legacy';
    this.peer = null;
    const again = await (wasLegacy ? this.#initialize(signal) : this.#discover(signal));
    if (again.kind === 'refused') return { kind: 'response', response: again.response };
    if (again.kind !== 'connected') return again;
    return judge((await this.#ask(method, params, signal)).outcome, method);
  }

  /** Ends the session, so that the server need not keep it. */
  async close(deadline: Deadline): Promise<void> {
    if (this.#session === null) return;
    const headers = legacyHeaders(this.peer, this.#session);
    this.#session = null;
    await withTimeout(deadline, (signal) => sendDelete(this.#target, this.#url, { headers, signal }));
  }

  // The modern request first: it costs no session, and an old server refuses it without harm.
  async #discover(signal: AbortSignal): Promise<HandshakeResult> {
    const method = 'server/discover';
    const params = modernParams(this.#target.version);
    const { outcome } = await this.#send(method, params, { headers: modernHeaders(method), signal });
    // An outage says nothing about the era.
    if ('kind' in outcome) return outcome;
    const failure = failureOfStatus(outcome.status, method);
    if (failure !== null) return failure;
    const { message } = outcome;
    if (message?.kind === 'error' && isModernError(message.error)) {
      const offered = offeredLegacyVersion(message.error);
      return offered === null
        ? this.#connected(foreignPeer(message.error))
        : this.#initialize(signal, offered);
    }
    const found = message?.kind === 'result' ? modernPeer(message.result) : null;
    return found === null ? this.#initialize(signal) : this.#connected(found);
  }

  async #initialize(signal: AbortSignal, version?: string): Promise<HandshakeResult> {
    this.#session = null;
    const params = initializeParams(this.#target.version, version);
    const { outcome: sent } = await this.#send('initialize', params, { headers: {}, signal });
    const outcome = judge(sent, 'initialize');
    if (outcome.kind !== 'response') return outcome;
    const { response } = outcome;
    if (response.kind === 'error') {
      const offered = version === undefined ? offeredLegacyVersion(response.error) : null;
      return offered === null ? refusal('initialize', response) : this.#initialize(signal, offered);
    }
    const found = legacyPeer(response.result);
    if (found === null || 'kind' in sent) return refusal('initialize', response);
    this.#session = sent.headers['mcp-session-id'] ?? null;
    await this.#notifyInitialized(found, signal);
    return this.#connected(found);
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

  #connected(found: PeerInfo): HandshakeResult {
    this.peer = found;
    this.#target.onHandshake(found.handshake);
    return { kind: 'connected', peer: found };
  }

  #ask(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<SentRequest> {
    if (this.peer?.handshake.era !== 'modern') {
      return this.#send(method, params, { headers: legacyHeaders(this.peer, this.#session), signal });
    }
    return this.#send(method, modernParams(this.#target.version, params), {
      headers: modernHeaders(method),
      signal,
    });
  }

  async #send(method: string, params: JsonObject | undefined, options: SendOptions): Promise<SentRequest> {
    const id = `wd:${this.#target.run}:${(this.#count += 1)}`;
    const message = rpcRequest(id, method, params);
    const outcome = await post(this.#target, { url: this.#url, id, message, what: method, ...options });
    return { id, outcome };
  }
}

function modernHeaders(method: string): Headers {
  return { 'mcp-protocol-version': MODERN, 'mcp-method': method };
}

function legacyHeaders(peer: PeerInfo | null, session: string | null): Headers {
  return {
    ...(peer !== null && { 'mcp-protocol-version': peer.handshake.protocolVersion }),
    ...(session !== null && { 'mcp-session-id': session }),
  };
}

// The specification says 404 for a session that is gone; 400 is what the reference servers send. A response to our very
// request is no such thing, unless it carries the codes that the SDKs use for it.
function isSessionLost({ id, outcome }: SentRequest): boolean {
  if ('kind' in outcome || (outcome.status !== 404 && outcome.status !== 400)) return false;
  const { message } = outcome;
  if (message === null || message.id !== id) return true;
  const { serverError, sessionNotFound } = RPC_CODES;
  return (
    message.kind === 'error' && [serverError, sessionNotFound].some((code) => code === message.error.code)
  );
}

/** Accepts any JSON-RPC response, an error included; without one the status decides. */
function judge(outcome: PostResponse | CallFailure, what: string): CallOutcome {
  if ('kind' in outcome) return outcome;
  const { status, message } = outcome;
  const failure = failureOfStatus(status, what);
  if (failure !== null) return failure;
  if (message !== null) return { kind: 'response', response: message };
  return status === 200
    ? failed('protocol', `${what} was answered with something that is not JSON-RPC`)
    : failed('http_status', `${what} was answered with HTTP ${status}`);
}
