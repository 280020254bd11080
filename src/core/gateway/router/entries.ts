// Entries of a router's tables: a session of a client, and a call, which know each other.
import type { JsonObject } from '../../base/json-rpc.ts';
import type { Channel, Era, RequestId, SessionFacts } from '../model.ts';
import type { TransientMap } from '../transient-map.ts';
import type { Replayable } from './replay.ts';

export interface Session {
  readonly id: string;
  readonly facts: SessionFacts;
  /** Name that the client gave itself in this daemon's time; null when that is not known. */
  client: string | null;
  /** Severity below which it wants no log messages; −1 when it never set one. */
  level: number;
  readonly uris: Set<string>;
  /** Ms of the monotonic clock. */
  seenAt: number;
  hasSpoken: boolean;
  readonly calls: TransientMap<RequestId, Call>;
}

export interface Call extends Replayable {
  readonly port: number;
  /** Null for a client of the modern era over HTTP. */
  readonly session: Session | null;
  readonly era: Era;
  readonly channel: Channel;
  readonly id: RequestId;
  readonly message: JsonObject;
  readonly text: string;
  readonly client: string | null;
  /** The client's progress token; null for none. */
  readonly token: RequestId | null;
  /** Our id, which the server sees; null while the call waits. */
  key: string | null;
  queuedAt: number;
  sentAt: number;
  /** Ms that it waited in the queue, all together. */
  waited: number;
  /** When the server was last heard about it. */
  heardAt: number;
  isRetry: boolean;
  /** When the client cancelled it or went away; null while somebody waits. Its answer is dropped. */
  abandonedAt: number | null;
}
