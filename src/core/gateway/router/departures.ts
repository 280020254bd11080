// Departures of clients: requests that they cancel, exchanges that they leave, sessions that they end.
import type { JsonObject } from '../../base/json-rpc.ts';
import { isId, noticeText, paramsOf } from '../messages.ts';
import type { CallEnds } from './call-ends.ts';
import type { CallTable } from './calls.ts';
import type { Call, Session } from './entries.ts';
import type { Listener } from './news.ts';
import type { ServerSide } from './server-side.ts';
import type { SessionTable } from './sessions.ts';

export interface Departures {
  /** Takes `notifications/cancelled` of a client. */
  cancel(session: Session, message: JsonObject, at: number): void;
  /** The client closed the exchange before its last answer. */
  leave(port: number, at: number): void;
  /** The client ended its session. */
  close(session: string, at: number): void;
}

export interface DepartureParts {
  readonly sessions: SessionTable;
  readonly calls: CallTable;
  readonly listeners: Map<number, Listener>;
  readonly server: ServerSide;
  readonly ends: CallEnds;
}

export function createDepartures({ sessions, calls, listeners, server, ends }: DepartureParts): Departures {
  /** Gives up a call on behalf of its client. One that was sent stays on the table until its answer, or for 30 s. */
  function abandon(call: Call, at: number, reason?: unknown): void {
    const listener = listeners.get(call.port);
    if (listener !== undefined) {
      listeners.delete(call.port);
      calls.remove(call, at);
      return server.dropUris(listener.uris);
    }
    if (call.abandonedAt !== null) return;
    call.abandonedAt = at;
    if (call.session?.calls.get(call.id) === call) call.session.calls.delete(call.id);
    if (call.key === null) return ends.conclude(call, at, 'cancelled', null);
    const text = noticeText('notifications/cancelled', {
      requestId: call.key,
      ...(typeof reason === 'string' && { reason }),
    });
    server.write(text);
  }

  return {
    cancel(session, message, at) {
      const { requestId, reason } = paramsOf(message);
      const call = isId(requestId) ? session.calls.get(requestId) : undefined;
      // Clients must not cancel it, and it is ours to answer.
      if (call === undefined || call.method === 'initialize') return;
      ends.endExchange(call);
      abandon(call, at, reason);
    },
    leave(port, at) {
      const call = listeners.get(port)?.call ?? calls.atPort(port);
      // A legacy client that is gone may come back for its answer; a modern one has cancelled.
      if (call?.era === 'modern') abandon(call, at);
    },
    close(id, at) {
      const session = sessions.remove(id);
      if (session === null) return;
      for (const call of session.calls.values()) {
        ends.endExchange(call);
        abandon(call, at);
      }
      server.dropAsked(session);
      server.dropUris(session.uris);
      if (session.level >= 0) server.tellLevel();
    },
  };
}
