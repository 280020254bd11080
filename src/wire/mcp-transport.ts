// MCP transport over pipe, Streamable HTTP or HTTP+SSE: the interface, and what one needs to know of its server.
import type { Handshake } from '../core/model/observations.ts';
import type { JsonObject } from '../core/base/json-rpc.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Clock } from '../system/time/clock.ts';
import type { HttpClient } from '../system/net/http-client.ts';
import type { CallOutcome } from './call.ts';
import type { Connection } from './connection.ts';
import type { Deadline } from './deadline.ts';
import type { HandshakeResult, PeerInfo } from './handshake.ts';

export interface McpTarget {
  readonly spec: ServerSpec;
  /** Number of its process; 0 for a server that we do not start. */
  readonly run: number;
  /** Of a stdio server; null otherwise. */
  readonly connection: Connection | null;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** What the server may ask of us; nothing when left out. */
  readonly capabilities?: readonly string[];
  /** Our own version, told to servers. */
  readonly version: string;
  /** Called with what a server said about itself, after each handshake. */
  readonly onHandshake: (handshake: Handshake) => void;
}

/** `keep`: the last answer stands as it is. `too-soon`: the session is lost, and was renewed too often of late. */
export type RenewalResult = HandshakeResult | { readonly kind: 'keep' } | { readonly kind: 'too-soon' };

/** `many`: a client gets a session beside ours. `freed`, `taken`: it gets none; ending ours helped, or did not. */
export type SessionRoom = 'many' | 'freed' | 'taken' | 'unknown';

export interface McpTransport {
  /** Null until the handshake is done. */
  readonly peer: PeerInfo | null;
  connect(deadline: Deadline): Promise<HandshakeResult>;
  /** Does the handshake again if the last answer may only mean that the server forgot our session; at most so often. */
  renew(deadline: Deadline): Promise<RenewalResult>;
  /**
   * Tries whether the server gives a second session, once for all: each costs it memory. Left out where there are no
   * sessions.
   */
  findRoom?(deadline: Deadline): Promise<SessionRoom>;
  call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome>;
  close(deadline: Deadline): Promise<void>;
}
