// Control server of the daemon: one private socket, which also keeps a second daemon away.
import type { Server, Socket } from 'node:net';
import { WatchdogError } from '../core/base/errors.ts';
import { systemClock } from '../system/time/clock.ts';
import type { Clock } from '../system/time/clock.ts';
import { readLines, writeLine } from './line-socket.ts';
import {
  MAX_REQUEST_BYTES,
  MAX_RESPONSE_BYTES,
  PROTOCOL_VERSION,
  parseRequest,
  toWireError,
} from './protocol.ts';
import type { Method, Methods, DaemonInfo, Request } from './protocol.ts';
import { acquireAnyEndpoint, acquireEndpoint, acquireFallbackEndpoint } from './acquire.ts';
import { prepareSocketPath, removeSocketPath } from './control-paths.ts';
import { isDiskTrouble } from './fallback-place.ts';
import { createWatchers } from './status-watchers.ts';
import type { Watchers } from './status-watchers.ts';

type Handled = Exclude<Method, 'ping' | 'watch'>;

/** Handlers of the methods that need the servers to be known; what a handler throws is sent back. */
export type RequestHandlers = {
  readonly [M in Exclude<Handled, 'status' | 'shutdown'>]: (
    params: Methods[M]['params'],
  ) => Methods[M]['result'] | Promise<Methods[M]['result']>;
};

/** One handler for each method, and how the status is followed. */
export type ControlHandlers = RequestHandlers & {
  readonly status: () => Methods['status']['result'];
  /** Calls the listener after anything that may have changed the status; the returned function ends that. */
  readonly onChange: (listener: () => void) => () => void;
  /**
   * Must only begin: the answer goes out first, and `close()` comes last, because the end of the connection tells the
   * client that all is done.
   */
  readonly shutdown: (params: Methods['shutdown']['params']) => Methods['shutdown']['result'];
};

export interface ControlServerOptions {
  /** `Paths.socket`; its folder is made, private, when it is missing, and holds the lock too. */
  readonly socketPath: string;
  readonly handlers: ControlHandlers;
  readonly clock?: Clock;
  readonly log?: { warn(facts: object, sentence: string): void };
}

export interface ControlServer {
  /** Why lock and socket are among the temporary files: the disk of the home takes no writes; null when they are in the home. */
  readonly trouble: unknown;
  /**
   * Makes lock and socket again where somebody removed them, with the home or from a folder of temporary files, and moves
   * them into the home once its disk takes writes again.
   *
   * @returns whether anything was missing
   * @throws what `startControlServer` throws; LOCK_HELD when another daemon has the home by now
   */
  renew(): Promise<boolean>;
  /** Answers requests with these handlers from now on; `status` and `shutdown` stay. */
  use(requests: RequestHandlers): void;
  /** Ends every connection, removes the socket and lets the next daemon in. */
  close(): Promise<void>;
}

/**
 * Acquires the home and answers on its socket, which only its owner can reach.
 *
 * @throws WatchdogError LOCK_HELD with the holder's pid; HOME_UNUSABLE; CONTROL_FAILED when the socket cannot be made
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath, clock = systemClock, log } = options;
  let { handlers } = options;
  const watchers = createWatchers({ clock, status: handlers.status, onChange: handlers.onChange });
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, { handlers: () => handlers, watchers, log });
  };
  // Out of descriptors, for instance: that client gets no answer, and everything else goes on.
  const onFault = (err: Error): void => log?.warn({ err }, 'Cannot take a command');
  const acquisition = { socketPath, clock, onConnection, onFault };
  let endpoint = await acquireAnyEndpoint(acquisition);
  let renewal: Promise<unknown> = Promise.resolve();

  /** Leaves the temporary files for the home, or stays there while the disk refuses. */
  async function returnHome(): Promise<boolean> {
    const { path, lock, server } = endpoint;
    try {
      endpoint = await acquireEndpoint({ ...acquisition, isRenewal: true });
    } catch (trouble) {
      if (!isDiskTrouble(trouble)) throw trouble;
      if (server.listening && endpoint.isIntact()) return false;
      server.close();
      endpoint = await acquireFallbackEndpoint({ ...acquisition, held: lock }, trouble);
      return false;
    }
    server.close();
    removeSocketPath(socketPath, path);
    lock.release();
    return true;
  }

  async function renew(): Promise<boolean> {
    if (endpoint.trouble !== null) return await returnHome();
    if (endpoint.server.listening && endpoint.isIntact()) return false;
    // While the home cannot be used, the old socket is kept: it answers again as soon as the home is back as it was.
    prepareSocketPath(socketPath);
    // First, because closing removes whatever is at the path of the socket.
    endpoint.server.close();
    endpoint = await acquireEndpoint({ ...acquisition, held: endpoint.lock });
    return true;
  }

  return {
    get trouble() {
      return endpoint.trouble;
    },
    use(requests) {
      const { status, onChange, shutdown } = handlers;
      handlers = { ...requests, status, onChange, shutdown };
    },
    renew() {
      const work = renew();
      renewal = work.catch(() => {});
      return work;
    },
    async close() {
      await renewal;
      // An answer that is ready, such as the one to `shutdown`, goes out before the connection ends.
      await new Promise((resolve) => setImmediate(resolve));
      watchers.close();
      await endAll(sockets, endpoint.server, clock);
      removeSocketPath(socketPath, endpoint.path);
      endpoint.lock.release();
    },
  };
}

function endAll(sockets: ReadonlySet<Socket>, server: Server, clock: Clock): Promise<void> {
  for (const socket of sockets) socket.end(() => socket.destroy());
  return new Promise((resolve) => {
    server.close(() => resolve());
    // A client that does not read its last bytes must not keep the daemon from ending.
    clock.after(500, () => sockets.forEach((socket) => socket.destroy()));
  });
}

interface Answering {
  /** Read for each request: `use` replaces them. */
  readonly handlers: () => ControlHandlers;
  readonly watchers: Watchers;
  readonly log: ControlServerOptions['log'];
}

function serve(socket: Socket, options: Answering): void {
  // Nobody left to answer: nothing to do about it.
  socket.on('error', () => socket.destroy());
  readLines(socket, {
    maxBytes: MAX_REQUEST_BYTES,
    onLine: (line) => {
      try {
        take(socket, line, options);
      } catch (error) {
        // Whatever a frame is made of, it must not reach the process: all servers would end with it.
        options.log?.warn({ err: error }, 'A request could not be read');
        socket.destroy();
      }
    },
    onOverflow: () => {
      const message = `Cannot read the request: it is longer than ${MAX_REQUEST_BYTES} bytes`;
      reply(socket, null, { error: { code: 'CONTROL_FAILED', message, hint: null } });
      socket.end(() => socket.destroy());
    },
  });
}

function take(socket: Socket, line: string, options: Answering): void {
  const parsed = parseRequest(line);
  if ('error' in parsed) reply(socket, parsed.id, { error: toWireError(parsed.error, 'answer') });
  else void answer(socket, parsed.request, options);
}

async function answer(
  socket: Socket,
  request: Request,
  { handlers, watchers, log }: Answering,
): Promise<void> {
  if (request.method === 'watch') {
    watchers.add(socket, request.id);
    return;
  }
  try {
    const result = request.method === 'ping' ? daemonInfo(handlers()) : await call(handlers(), request);
    reply(socket, request.id, { result });
  } catch (error) {
    if (!(error instanceof WatchdogError))
      log?.warn({ err: error, method: request.method }, 'A command failed');
    reply(socket, request.id, { error: toWireError(error, request.method) });
  }
}

function call<M extends Handled>(
  handlers: { readonly [K in M]: (params: Methods[K]['params']) => unknown },
  request: { [K in M]: { readonly method: K; readonly params: Methods[K]['params'] } }[M],
): unknown {
  return handlers[request.method](request.params);
}

function daemonInfo(handlers: ControlHandlers): DaemonInfo {
  const { version, pid, home, startedAt } = handlers.status().daemon;
  return { version, pid, home, startedAt };
}

function reply(socket: Socket, id: number | null, body: object): void {
  const message = { v: PROTOCOL_VERSION, id, ...body };
  if (Buffer.byteLength(JSON.stringify(message)) <= MAX_RESPONSE_BYTES) return writeLine(socket, message);
  const text = `Cannot answer: the answer is longer than ${MAX_RESPONSE_BYTES} bytes`;
  writeLine(socket, {
    v: PROTOCOL_VERSION,
    id,
    error: { code: 'CONTROL_FAILED', message: text, hint: null },
  });
}
