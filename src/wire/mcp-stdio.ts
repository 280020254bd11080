// MCP transport over a pipe: one of the users of a server's connection.
import type { JsonObject } from '../core/base/json-rpc.ts';
import { failed, type CallFailure, type CallOutcome } from './call.ts';
import type { Deadline } from './deadline.ts';
import { modernParams, type HandshakeResult, type PeerInfo } from './handshake.ts';
import type { McpTarget, McpTransport, RenewalResult } from './mcp-transport.ts';

/** Opens the transport; a target without a connection fails each call, which is a fault of the config. */
export function openStdio(target: McpTarget): McpTransport {
  return new StdioTransport(target);
}

class StdioTransport implements McpTransport {
  readonly #target: McpTarget;
  readonly #unsubscribe: () => void;

  constructor(target: McpTarget) {
    this.#target = target;
    const onHandshake = ({ handshake }: PeerInfo): void => target.onHandshake(handshake);
    this.#unsubscribe = target.connection?.subscribe({ onHandshake }) ?? (() => undefined);
  }

  get peer(): PeerInfo | null {
    return this.#target.connection?.peer ?? null;
  }

  /** Without a timeout of its own: asked once, a slow server finds the request when it is ready to read. */
  connect({ signal }: Deadline): Promise<HandshakeResult> {
    return this.#target.connection?.connect(signal) ?? Promise.resolve(noPipe());
  }

  /** A process has no session that it could forget. */
  renew(): Promise<RenewalResult> {
    return Promise.resolve({ kind: 'keep' });
  }

  call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const { connection, version } = this.#target;
    const isModern = this.peer?.handshake.era === 'modern';
    const sent = isModern ? modernParams(version, params) : params;
    return connection?.request(method, sent, signal) ?? Promise.resolve(noPipe());
  }

  /** Leaves the connection to its other users. */
  close(): Promise<void> {
    this.#unsubscribe();
    return Promise.resolve();
  }
}

function noPipe(): CallFailure {
  return failed('closed', 'The server has no pipe to speak over');
}
