// How the daemon listens to its command line: one private socket, which is also what keeps a second daemon away.
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { WatchdogError } from '../core/errors.ts';
import { messageOf } from '../core/unknown.ts';
import { systemClock } from '../system/clock.ts';
import type { Clock } from '../system/clock.ts';
import { connect } from './client.ts';
import { readLines, writeLine } from './line-socket.ts';
import { claim } from './lock.ts';
import {
  MAX_REQUEST_BYTES,
  MAX_RESPONSE_BYTES,
  PROTOCOL_VERSION,
  parseRequest,
  toWireError,
} from './protocol.ts';
import type { Method, Methods, Pong, Request } from './protocol.ts';
import { placeSocket } from './place-socket.ts';
import { createWatchers } from './watchers.ts';
import type { Watchers } from './watchers.ts';

type Handled = Exclude<Method, 'ping' | 'watch'>;

/**
 * What the daemon can be asked; what a handler throws is sent back. `shutdown` must only begin: the answer goes out
 * first, and `close()` is the last thing to do, because its end tells the asker that all is done.
 */
export type ControlHandlers = {
  readonly [M in Exclude<Handled, 'status'>]: (
    params: Methods[M]['params'],
  ) => Methods[M]['result'] | Promise<Methods[M]['result']>;
} & {
  readonly status: () => Methods['status']['result'];
  /** Calls the listener after anything that may have changed the status; the returned function ends that. */
  readonly onChange: (listener: () => void) => () => void;
};

export interface ControlServerOptions {
  /** `Paths.socket`; its folder is made, private, when it is missing, and holds the lock too. */
  readonly socketPath: string;
  readonly handlers: ControlHandlers;
  readonly clock?: Clock;
  readonly log?: { warn(facts: object, sentence: string): void };
}

export interface ControlServer {
  /** Ends every connection, removes the socket and lets the next daemon in. */
  close(): Promise<void>;
}

/**
 * Owns the home and answers on its socket, which only its owner can reach.
 *
 * @throws WatchdogError LOCK_HELD with the holder's pid; HOME_UNUSABLE; CONTROL_FAILED when the socket cannot be made
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath, handlers, clock = systemClock, log } = options;
  const path = placeSocket(socketPath);
  await refuseWhenAnswered(socketPath, clock);
  const lock = claim(join(dirname(socketPath), 'lock'));
  if (!lock.held) throw held(dirname(socketPath), lock.pid);

  const watchers = createWatchers({ clock, status: handlers.status, onChange: handlers.onChange });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, { ...options, watchers });
  });
  try {
    // Whose socket this was is dead: its owner would hold the lock.
    rmSync(path, { force: true });
    await listen(server, path);
  } catch (error) {
    lock.release();
    throw cannotListen(path, error);
  }
  // Out of descriptors, for instance: who asks gets no answer, and everything else goes on.
  server.on('error', (err) => log?.warn({ err }, 'Cannot take a command'));
  return {
    async close() {
      // An answer that is ready, such as the one to `shutdown`, goes out before the connection ends.
      await new Promise((resolve) => setImmediate(resolve));
      watchers.close();
      for (const socket of sockets) socket.end(() => socket.destroy());
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        // Who does not take its last bytes must not keep the daemon from ending.
        clock.after(500, () => sockets.forEach((socket) => socket.destroy()));
      });
      lock.release();
    },
  };
}

// A daemon in another container, where pids mean something else, still answers on the socket.
async function refuseWhenAnswered(socketPath: string, clock: Clock): Promise<void> {
  const other = await connect(socketPath, { clock }).catch(() => null);
  if (other === null) return;
  try {
    const { pid } = await other.request('ping', {}, { timeout: 2000 });
    throw held(dirname(socketPath), pid);
  } catch (error) {
    if (error instanceof WatchdogError && error.code === 'LOCK_HELD') throw error;
    // It hangs or speaks another language; the lock knows whether it lives, and its pid.
  } finally {
    other.close();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve();
    });
  });
}

function serve(socket: Socket, options: ControlServerOptions & { readonly watchers: Watchers }): void {
  // Nobody left to answer: nothing to do about it.
  socket.on('error', () => socket.destroy());
  readLines(socket, {
    maxBytes: MAX_REQUEST_BYTES,
    onLine: (line) => {
      const parsed = parseRequest(line);
      if ('error' in parsed) reply(socket, parsed.id, { error: toWireError(parsed.error, 'answer') });
      else void answer(socket, parsed.request, options);
    },
    onOverflow: () => {
      const message = `Cannot read the request: it is longer than ${MAX_REQUEST_BYTES} bytes`;
      reply(socket, null, { error: { code: 'CONTROL_FAILED', message, hint: null } });
      socket.end(() => socket.destroy());
    },
  });
}

async function answer(
  socket: Socket,
  request: Request,
  { handlers, watchers, log }: ControlServerOptions & { readonly watchers: Watchers },
): Promise<void> {
  if (request.method === 'watch') {
    watchers.add(socket, request.id);
    return;
  }
  try {
    const result = request.method === 'ping' ? pong(handlers) : await call(handlers, request);
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

function pong(handlers: ControlHandlers): Pong {
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

function held(run: string, pid: number): WatchdogError {
  return new WatchdogError(
    'LOCK_HELD',
    `Cannot run in "${dirname(run)}": the daemon with pid ${pid} already does`,
    {
      hint: 'Ask it with mcp-watchdog status, end it with mcp-watchdog stop, or choose another home with --home DIR',
    },
  );
}

function cannotListen(path: string, cause: unknown): WatchdogError {
  const reason = messageOf(cause);
  return new WatchdogError('CONTROL_FAILED', `Cannot listen for commands on "${path}": ${reason}`, { cause });
}
