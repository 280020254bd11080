// MCP transport over a pipe, where the first message settles for good which era the server speaks with everyone.
import { RPC_CODES, type JsonObject, type RpcError } from '../core/base/json-rpc.ts';
import { failed, type CallOutcome } from './call.ts';
import type { Connection } from './connection.ts';
import type { Deadline } from './deadline.ts';
import {
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

/** Opens the transport; a target without a connection fails each call, which is a fault of the config. */
export function openStdio(target: McpTarget): McpTransport {
  return new StdioTransport(target);
}

class StdioTransport implements McpTransport {
  readonly #target: McpTarget;
  readonly #connection: Connection | null;
  peer: PeerInfo | null = null;

  constructor(target: McpTarget) {
    this.#target = target;
    this.#connection = target.connection;
  }

  /** Without a timeout of its own: asked once, a slow server finds the question when it is ready to read. */
  connect({ signal }: Deadline): Promise<HandshakeResult> {
    return this.#initialize(signal);
  }

  call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const isModern = this.peer?.handshake.era === 'modern';
    return this.#request(method, isModern ? modernParams(this.#target.version, params) : params, signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  // `initialize` first: servers of both eras can be shared with clients of the old one only after it, and some of the
  // old servers exit on anything else.
  async #initialize(signal: AbortSignal, version?: string): Promise<HandshakeResult> {
    const outcome = await this.#request(
      'initialize',
      initializeParams(this.#target.version, version),
      signal,
    );
    if (outcome.kind !== 'response') return outcome;
    const { response } = outcome;
    if (response.kind === 'error') {
      const offered = version === undefined ? offeredLegacyVersion(response.error) : null;
      if (offered !== null) return this.#initialize(signal, offered);
      return maySpeakModern(response.error) ? this.#discover(signal) : refusal('initialize', response);
    }
    const found = legacyPeer(response.result);
    if (found === null) return refusal('initialize', response);
    this.#connection?.notify('notifications/initialized');
    return this.#connected(found);
  }

  async #discover(signal: AbortSignal): Promise<HandshakeResult> {
    const outcome = await this.#request('server/discover', modernParams(this.#target.version), signal);
    if (outcome.kind !== 'response') return outcome;
    const { response } = outcome;
    const found = response.kind === 'result' ? modernPeer(response.result) : null;
    return found === null ? refusal('server/discover', response) : this.#connected(found);
  }

  #connected(found: PeerInfo): HandshakeResult {
    this.peer = found;
    this.#target.onHandshake(found.handshake);
    return { kind: 'connected', peer: found };
  }

  #request(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    if (this.#connection !== null) return this.#connection.request(method, params, signal);
    return Promise.resolve(failed('closed', 'The server has no pipe to speak over'));
  }
}

// A server that only fails for the moment is asked again; any other request might make it exit.
function maySpeakModern(error: RpcError): boolean {
  const { methodNotFound, invalidRequest, invalidParams } = RPC_CODES;
  return (
    isModernError(error) ||
    [methodNotFound, invalidRequest, invalidParams].some((code) => code === error.code)
  );
}
