// Sessions of the legacy era as the endpoint sees them: begun, known, brought back by what their ids hold, ended.
import { messageOf } from '../core/base/guards.ts';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { PROCESS_ENDED } from '../core/gateway/messages.ts';
import type { GatewayServer, SessionFacts, SessionRefusal } from '../core/gateway/model.ts';
import type { Clock } from '../system/time/clock.ts';
import type { DeletedSessions } from './deleted-sessions.ts';
import type { HttpRefusal } from './responses.ts';
import type { SessionIds } from './session-id.ts';

export interface Sessions {
  /** Returns the new session, or why there can be none. */
  begin(server: GatewayServer, facts: SessionFacts): string | HttpRefusal;
  /** Returns the session that a request names; the router knows it then. Else why there is none. */
  find(server: GatewayServer, id: string | string[] | undefined): string | HttpRefusal;
  /** Ends a session for good: its id stays unknown to later daemons too. */
  end(server: GatewayServer, session: string): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly ids: SessionIds;
  readonly deleted: DeletedSessions;
  readonly log: { warn(facts: object, sentence: string): void };
}

const NO_SESSION: HttpRefusal = {
  status: 400,
  code: RPC_CODES.serverError,
  message: 'Bad Request: Mcp-Session-Id header is required',
};
/** Clients look for this code; the status alone makes some of them give up. */
const NOT_FOUND: HttpRefusal = { status: 404, code: RPC_CODES.sessionNotFound, message: 'Session not found' };

export function createSessions({ clock, ids, deleted, log }: SessionsOptions): Sessions {
  const open = (server: GatewayServer, session: string, facts: SessionFacts): void =>
    server.take({ kind: 'opened', at: clock.monotonic(), session, facts });

  return {
    begin(server, facts) {
      const refusal = server.ownProcesses?.refusal() ?? null;
      if (refusal !== null) return refusalOf(refusal);
      const session = ids.create(server, facts);
      open(server, session, facts);
      return session;
    },
    find(server, id) {
      if (typeof id !== 'string') return NO_SESSION;
      if (server.knows(id)) return id;
      // Its state ended with its process.
      if (server.ownProcesses !== undefined) return { ...NOT_FOUND, data: { reason: PROCESS_ENDED } };
      const facts = ids.read(server, id);
      if (facts === null || deleted.has(id)) return NOT_FOUND;
      open(server, id, facts);
      return id;
    },
    end(server, session) {
      try {
        deleted.add(session);
      } catch (error) {
        log.warn(
          { error: messageOf(error) },
          'Cannot note that a session was ended: a later daemon would take it',
        );
      }
      server.take({ kind: 'closed', at: clock.monotonic(), session });
    },
  };
}

function refusalOf({ message, data, retryAfter }: SessionRefusal): HttpRefusal {
  const headers = retryAfter === null ? {} : { 'retry-after': String(retryAfter) };
  return { status: 503, code: RPC_CODES.serverError, message, data, headers };
}
