// MCP transport over Streamable HTTP: finds the protocol era, holds one session at most, renews it when it is lost.
import { RPC_CODES, rpcNotification, rpcRequest, type JsonObject } from '../../core/base/json-rpc.ts';
import { failed, type CallFailure, type CallOutcome } from '../call.ts';
import { withTimeout, type Deadline } from '../deadline.ts';
import { endpointOf, post, sendDelete, type PostResult } from './http-endpoint.ts';
import { failureOfStatus, unexpectedStatus } from './http-status.ts';
import {
  MODERN,
  foreignPeer,
  initializeParams,
  isAboutOneSession,
  isModernError,
  legacyPeer,
  modernPeer,
  modernParams,
  offeredLegacyVersion,
  refusal,
  type PeerInfo,
  type HandshakeResult,
} from '../handshake.ts';
import type { McpTarget, McpTransport, RenewalResult, SessionRoom } from '../mcp-transport.ts';
import { oddBody } from '../odd-answers.ts';
import { SessionTrust, isSessionError } from './session-trust.ts';

type Headers = Readonly<Record<string, string>>;

/** One request that was sent, and what came back. */
interface SentRequest {
  readonly id: string;
  readonly outcome: PostResult | CallFailure;
}

interface SendOptions {
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

/** How long the end of a session that may be lost may take, ms. */
const LEAVE_TIMEOUT = 500;

export function openHttp(target: McpTarget): McpTransport {
  return new HttpTransport(target);
}

/** Where and with which headers, beside those of the config, a message goes. */
export interface HttpAddress {
  readonly url: URL;
  readonly headers: Headers;
}

/** A session on which others send messages of their own. */
export interface HttpSession extends McpTransport {
  /** Returns the address for a message of this method. In the legacy era it is the same object as long as it is the same session. */
  address(method: string): HttpAddress;
}

export function openHttpSession(target: McpTarget): HttpSession {
  return new HttpTransport(target);
}

class HttpTransport implements HttpSession {
  readonly #target: McpTarget;
  readonly #trust: SessionTrust;
  /** Of the config, or where that redirects to. */
  #url: URL;
  peer: PeerInfo | null = null;
  #session: string | null = null;
  #lastAddress: (HttpAddress & { readonly peer: PeerInfo | null; readonly session: string | null }) | null =
    null;
  #count = 0;

  constructor(target: McpTarget) {
    this.#target = target;
    this.#trust = new SessionTrust(target.clock);
    this.#url = endpointOf(target.spec);
  }

  connect(deadline: Deadline): Promise<HandshakeResult> {
    return withTimeout(deadline, (signal) => this.#discover(signal));
  }

  async renew(deadline: Deadline): Promise<RenewalResult> {
    const verdict = this.#trust.judge();
    if (verdict !== 'renew') return verdict === 'wait' ? { kind: 'too-soon' } : { kind: 'keep' };
    this.#leave();
    const wasLegacy = this.peer?.handshake.era === 'legacy';
    this.peer = null;
    this.#url = endpointOf(this.#target.spec);
    return withTimeout(deadline, (signal) => (wasLegacy ? this.#initialize(signal) : this.#discover(signal)));
  }

  address(method: string): HttpAddress {
    const { peer } = this;
    if (peer?.handshake.era === 'modern') return { url: this.#url, headers: modernHeaders(method) };
    const last = this.#lastAddress;
    if (last !== null && last.url === this.#url && last.peer === peer && last.session === this.#session)
      return last;
    const headers = legacyHeaders(peer, this.#session);
    this.#lastAddress = { url: this.#url, headers, peer, session: this.#session };
    return this.#lastAddress;
  }

  async call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const sent = await this.#ask(method, params, signal);
    const outcome = judge(sent, method);
    const isDoubtful = isSessionDoubtful(sent);
    if (outcome.kind === 'response') this.#trust.note({ isDoubtful });
    else this.#trust.noteFailure({ isDoubtful });
    return outcome;
  }

  findRoom(deadline: Deadline): Promise<SessionRoom> {
    return withTimeout(deadline, async (signal) => {
      // Stateless: whoever comes is served.
      if (this.#session === null) return 'many';
      const beside = await this.#trySession(signal);
      if (beside !== 'taken') return beside;
      await this.close(deadline);
      return (await this.#trySession(signal)) === 'many' ? 'freed' : 'taken';
    });
  }

  /** Opens another session and ends it at once. */
  async #trySession(signal: AbortSignal): Promise<Exclude<SessionRoom, 'freed'>> {
    const params = initializeParams(this.#target.version);
    const { outcome } = await this.#send('initialize', params, { headers: {}, signal });
    if ('kind' in outcome) return 'unknown';
    const { message, text, headers } = outcome;
    if (message?.kind === 'result') {
      const session = headers['mcp-session-id'] ?? null;
      if (session !== null && session !== this.#session)
        await sendDelete(this.#target, this.#url, { headers: legacyHeaders(this.peer, session), signal });
      return 'many';
    }
    const said = message === null ? (text ?? '') : message.error.message;
    return isAboutOneSession(said) ? 'taken' : 'unknown';
  }

  /** Ends a session that may be lost, without waiting: a server that still has it would keep it for ever. */
  #leave(): void {
    const deadline = {
      clock: this.#target.clock,
      timeout: LEAVE_TIMEOUT,
      signal: new AbortController().signal,
    };
    void this.close(deadline);
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
    const failure = failureOfStatus(outcome, method);
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
    const params = initializeParams(this.#target.version, version, this.#target.capabilities);
    const asked = await this.#send('initialize', params, { headers: {}, signal });
    const sent = asked.outcome;
    const outcome = judge(asked, 'initialize');
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
    if ('url' in outcome) this.#url = outcome.url;
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

// The specification says 404 for a session that is gone; servers also send 400, 401, 403, 410, 500, 503, an error inside
// 200, or end the stream. A response to our very request is no such thing, unless it speaks of the session.
function isSessionDoubtful({ id, outcome }: SentRequest): boolean {
  if ('kind' in outcome) return outcome.kind === 'failed' && outcome.reason === 'closed';
  const { status, message } = outcome;
  if (status === 429) return false;
  if (message === null) return true;
  if (message.id !== id) return true;
  const isServerError = message.kind === 'error' && message.error.code === RPC_CODES.serverError;
  return (
    isSessionError(message) ||
    (status >= 400 && isServerError) ||
    [401, 403, 410].includes(status) ||
    status >= 500
  );
}

/** Accepts any JSON-RPC response, an error included; without one the status decides. */
function judge({ id, outcome }: SentRequest, what: string): CallOutcome {
  if ('kind' in outcome) return outcome;
  const failure = failureOfStatus(outcome, what);
  if (failure !== null) return failure;
  if (outcome.message !== null) return { kind: 'response', response: outcome.message };
  return outcome.status === 200
    ? failed(
        'protocol',
        oddBody(what, id, outcome.odd ?? '') ?? `${what} was answered with something that is not JSON-RPC`,
      )
    : unexpectedStatus(outcome, what);
}
