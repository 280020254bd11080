// The gateway's front: one HTTP endpoint on a TCP port and a unix socket, and the streams on which routers answer.
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { messageOf } from '../core/base/guards.ts';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { errorText } from '../core/gateway/envelope.ts';
import type { ClientAction, GatewayEndpoints, GatewayServers } from '../core/gateway/model.ts';
import {
  listenHttp,
  listenUnix,
  type HttpListener,
  type ListenLimits,
  type ListenOptions,
} from '../system/net/http-listener.ts';
import type { Clock } from '../system/time/clock.ts';
import { createAccess, type Access, type AccessOptions } from './access.ts';
import type { DeletedSessions } from './deleted-sessions.ts';
import { createEndpoint, type EndpointSettings } from './endpoint.ts';
import { GatewayRequest } from './gateway-request.ts';
import type { RefusalReason } from './responses.ts';
import type { SessionIds } from './session-id.ts';
import { createSessions } from './sessions.ts';
import { Streams } from './streams.ts';

export interface FrontSettings extends EndpointSettings {
  /** Wanted from whoever comes over TCP; null for none. */
  readonly token: string | null;
}

export interface FrontOptions {
  readonly servers: GatewayServers;
  readonly clock: Clock;
  readonly ids: SessionIds;
  readonly deleted: DeletedSessions;
  /** Asked for each request: a reload changes them. */
  readonly settings: () => FrontSettings;
  /** Called for each request that no server sees; the server is null where none is meant. */
  readonly onRefused?: (reason: RefusalReason, server: string | null) => void;
  /** Called for each connection that was cut off because its client did not read what it got. */
  readonly onUnread?: (server: string) => void;
  readonly log: { warn(facts: object, sentence: string): void };
  readonly whoListens?: ListenOptions['whoListens'];
  readonly ownersOf?: AccessOptions['ownersOf'];
}

export interface GatewayFront extends GatewayEndpoints {
  /**
   * Listens on another TCP address from now on, null for none: the new one is bound before the old one closes, and a failure
   * leaves that as it is. Calls must not overlap.
   *
   * @returns its URL, without a slash at the end
   * @throws WatchdogError LISTEN_FAILED
   */
  listenOn(address: { readonly host: string; readonly port: number } | null): Promise<string | null>;
  /**
   * Listens on a unix socket, which wants no token; null for none.
   *
   * @param path as `prepareSocketPath` gave it
   * @throws the system's error
   */
  listenOnSocket(path: string | null): Promise<void>;
  /** Cuts off all clients of a server that is gone, and drops what is kept for them. */
  dropServer(name: string): void;
  /** Ends the sessions' own streams and keeps no connection alive: the clients' next requests meet the next daemon. Routers should be told next. */
  drain(): void;
  /** Stops listening; responses under way get half a second. */
  close(): Promise<void>;
  /** Number of sessions of the server whose own stream is open. */
  streamsOf(server: string): number;
  /** Whether the session's own stream is open. */
  hasStream(session: string): boolean;
  readonly load: { readonly exchanges: number; readonly sessions: number; readonly streams: number };
}

const LIMITS: ListenLimits = {
  requestTimeout: 30_000,
  // Longer than clients keep an idle connection themselves, so that none finds it closed.
  keepAliveTimeout: 75_000,
  // Each client holds one for its own stream and one for each of its requests.
  connections: 900,
  most: 1_000,
};

export function createGatewayFront(options: FrontOptions): GatewayFront {
  const { servers, clock, log, onUnread } = options;
  const streams = new Streams({
    ...(onUnread !== undefined && { onUnread }),
    clock,
    boot: randomBytes(4).toString('hex'),
    onLeft: (server, port) => servers.find(server)?.take({ kind: 'left', at: clock.monotonic(), port }),
  });
  let isDraining = false;
  const listening = createListeners(options, createApps(options, { streams, isClosing: () => isDraining }));

  function drain(): void {
    isDraining = true;
    streams.endOwnStreams();
  }

  return {
    ...listening,
    perform(server, action) {
      // A router performs this in the middle of what another client or the server itself said.
      try {
        perform(streams, server, action);
      } catch (error) {
        log.warn({ server, error: messageOf(error) }, 'A message of the gateway could not be delivered');
      }
    },
    dropServer: (name) => streams.forgetServer(name),
    drain,
    async close() {
      drain();
      await listening.close();
      streams.close();
    },
    streamsOf: (server) => streams.openOf(server),
    hasStream: (session) => streams.isOpen(session),
    get load() {
      return streams.size;
    },
  };
}

function perform(streams: Streams, server: string, action: ClientAction): void {
  switch (action.kind) {
    case 'send':
      return streams.send(action.port, action);
    case 'end':
      return streams.send(action.port, { text: action.text, isLast: true, code: null });
    case 'tell':
      return streams.tell(action.session, server, action.text);
    case 'forget':
      return streams.forget(action.session);
    default:
      action satisfies never;
  }
}

interface Apps {
  readonly onTcpConnection: Access['accepted'];
  readonly overTcp: RequestListener<typeof GatewayRequest>;
  readonly overSocket: RequestListener<typeof GatewayRequest>;
}

function createApps(
  options: FrontOptions,
  { streams, isClosing }: { readonly streams: Streams; readonly isClosing: () => boolean },
): Apps {
  const { settings, ownersOf, onRefused = () => undefined } = options;
  const sessions = createSessions(options);
  let ports = 0;
  const common = { ...options, sessions, streams, isClosing, onRefused, nextPort: () => (ports += 1) };
  const token = (): string | null => settings().token;
  const { rule, accepted } = createAccess({ token, ...(ownersOf !== undefined && { ownersOf }) });
  return {
    onTcpConnection: accepted,
    overTcp: createEndpoint({ ...common, channel: 'tcp', access: rule }),
    // Whoever can open the socket is the user, or root.
    overSocket: createEndpoint({ ...common, channel: 'unix', access: () => null }),
  };
}

function createListeners(
  { clock, log, whoListens }: FrontOptions,
  { onTcpConnection: onConnection, overTcp, overSocket }: Apps,
): Pick<GatewayFront, 'listenOn' | 'listenOnSocket' | 'close'> {
  let tcp: HttpListener | null = null;
  let socket: HttpListener | null = null;
  const common = {
    clock,
    limits: LIMITS,
    requestClass: GatewayRequest,
    faultBody,
    onFault: (error: unknown) =>
      log.warn({ error: messageOf(error) }, 'Cannot take a connection to the gateway'),
    ...(whoListens !== undefined && { whoListens }),
  };
  return {
    async listenOn(address) {
      const setting = 'gateway.listen';
      const next =
        address === null ? null : await listenHttp(overTcp, { ...common, ...address, setting, onConnection });
      const old = tcp;
      tcp = next;
      await old?.close();
      return next?.url ?? null;
    },
    async listenOnSocket(path) {
      // Only one can be bound to a path, and one that closes removes the file.
      await socket?.close();
      socket = null;
      if (path !== null) socket = await listenUnix(overSocket, path, common);
    },
    async close() {
      await Promise.all([tcp?.close(), socket?.close()]);
      tcp = null;
      socket = null;
    },
  };
}

/** What is answered to bytes that are no request, come too slowly or have too large headers. */
function faultBody(status: number, reason: string): string {
  const code = status === 413 ? RPC_CODES.invalidRequest : RPC_CODES.serverError;
  return errorText(null, { code, message: reason });
}
