// Client of the control socket, for the command line.
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import type { Status } from '../core/model/status.ts';
import { codeOf, isObject } from '../core/base/guards.ts';
import { systemClock } from '../system/time/clock.ts';
import { pause } from '../system/time/pause.ts';
import type { Clock } from '../system/time/clock.ts';
import { createRpcClient } from './rpc-client.ts';
import type { RpcClient } from './rpc-client.ts';
import { fromWireError } from './protocol.ts';
import type { Method, Methods } from './protocol.ts';
import { findSocket } from './find-socket.ts';

type RequestMethod = Exclude<Method, 'watch'>;

export interface Client {
  /**
   * Asks one question and waits for its answer.
   *
   * @param options.timeout ms to wait for the answer
   * @throws WatchdogError what the daemon refused, NO_DAEMON when it went away, CONTROL_FAILED when it does not answer
   */
  request<M extends RequestMethod>(
    method: M,
    params: Methods[M]['params'],
    options?: { timeout?: number },
  ): Promise<Methods[M]['result']>;
  /** Streams the status until `signal` is aborted; rejects with NO_DAEMON when the daemon goes away. The connection is closed then. */
  watch(onStatus: (status: Status) => void, signal: AbortSignal): Promise<void>;
  close(): void;
  /** Resolves once the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/**
 * Connects to the daemon.
 *
 * @param socketPath `Paths.socket`
 * @throws WatchdogError NO_DAEMON when none runs, CONTROL_FAILED when one does and its socket cannot be reached
 */
export async function connect(
  socketPath: string,
  { clock = systemClock }: { clock?: Clock } = {},
): Promise<Client> {
  const deadline = clock.monotonic() + SETTLE_TIMEOUT;
  for (;;) {
    const socket = await openSocket(socketPath);
    if (socket !== null) return createClient(socket, { socketPath, clock });
    const { findUnreachableDaemon } = await import('./unreachable-daemon.ts');
    const pid = findUnreachableDaemon(socketPath);
    if (pid === null) throw noDaemon(socketPath);
    // It may have taken the lock a moment ago, and listen in the next; or let the lock go a moment after its socket.
    if (clock.monotonic() > deadline) throw unreachable(pid, socketPath);
    await pause(clock, SETTLE_INTERVAL);
  }
}

/**
 * Ms that a daemon gets between its lock and its socket, when it starts on a busy machine or ends, and between two looks. A
 * socket that was removed it makes again within 5 s.
 */
const SETTLE_TIMEOUT = 6000;
const SETTLE_INTERVAL = 50;

/** Null when nobody listens there. What searches further is loaded only then: commands start in the time that it takes. */
async function openSocket(socketPath: string): Promise<Socket | null> {
  const usual = findSocket(socketPath);
  const first = usual === null ? null : await open(usual);
  if (first !== null) return first;
  // The one in the home may be left over from a daemon that could not remove it.
  const { fallbackSockets } = await import('./fallback-place.ts');
  for (const path of fallbackSockets(socketPath)) {
    const socket = await open(path);
    if (socket !== null) return socket;
  }
  return null;
}

function open(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', (error) => {
      if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(codeOf(error) ?? '')) resolve(null);
      else reject(connectError(error, path));
    });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** Ms within which an answer, or the first status, has to come. */
const ANSWER_TIMEOUT = 10_000;

interface ClientParts {
  readonly socketPath: string;
  readonly clock: Clock;
}

function createClient(socket: Socket, parts: ClientParts): Client {
  const exchange = createRpcClient(socket);
  return {
    closed: exchange.closed,
    close: () => exchange.close(),
    request: (method, params, { timeout = ANSWER_TIMEOUT } = {}) =>
      request(exchange, { method, params }, { ...parts, timeout }),
    watch: (onStatus, signal) => watch(exchange, onStatus, { ...parts, signal }),
  };
}

function request<M extends RequestMethod>(
  exchange: RpcClient,
  { method, params }: { method: M; params: Methods[M]['params'] },
  { timeout, clock, socketPath }: ClientParts & { readonly timeout: number },
): Promise<Methods[M]['result']> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeout, () => {
      forget();
      void noAnswer(method, timeout, socketPath).then(reject);
    });
    const forget = exchange.call(method, params, {
      onEnd: (error) => {
        cancel();
        reject(error);
      },
      onReply: (reply) => {
        cancel();
        forget();
        if ('error' in reply) reject(fromWireError(reply.error));
        else if ('result' in reply && SAYS_STATUS.has(method) && !isStatus(reply.result)) reject(noStatus());
        // eslint-disable-next-line typescript/no-unsafe-type-assertion -- both sides are of one protocol version
        else if ('result' in reply) resolve(reply.result as Methods[M]['result']);
        else reject(new WatchdogError('CONTROL_FAILED', `Cannot read the answer: it is none to "${method}"`));
      },
    });
  });
}

function watch(
  exchange: RpcClient,
  onStatus: (status: Status) => void,
  { signal, clock, socketPath }: ClientParts & { readonly signal: AbortSignal },
): Promise<void> {
  let cancel = (): void => {};
  return new Promise<void>((resolve, reject) => {
    // Later ones come when something changes.
    cancel = clock.after(
      ANSWER_TIMEOUT,
      () => void noAnswer('watch', ANSWER_TIMEOUT, socketPath).then(reject),
    );
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    exchange.call(
      'watch',
      {},
      {
        onEnd: reject,
        onReply: (reply) => {
          if ('error' in reply) return reject(fromWireError(reply.error));
          if (!('status' in reply)) return;
          cancel();
          if (isStatus(reply.status)) onStatus(reply.status);
          else reject(noStatus());
        },
      },
    );
  }).finally(() => {
    cancel();
    exchange.close();
  });
}

const SAYS_STATUS: ReadonlySet<Method> = new Set<Method>(['status', 'check']);

/** Whether it has what every command reads of it; the rest is as the protocol says, by a daemon of the same version. */
function isStatus(value: unknown): boolean {
  return (
    isObject(value) &&
    isObject(value['daemon']) &&
    isObject(value['daemon']['config']) &&
    Array.isArray(value['servers']) &&
    value['servers'].every((server) => isObject(server) && typeof server['name'] === 'string')
  );
}

function noStatus(): WatchdogError {
  return new WatchdogError('CONTROL_FAILED', 'Cannot read the answer: it is no status of servers', {
    hint: 'Daemon and command line are of different releases: run mcp-watchdog restart',
  });
}

function connectError(error: Error, path: string): WatchdogError {
  const hint = codeOf(error) === 'EACCES' ? { hint: 'The daemon belongs to another user' } : {};
  return new WatchdogError('CONTROL_FAILED', `Cannot reach the daemon on "${path}": ${error.message}`, {
    cause: error,
    ...hint,
  });
}

function unreachable(pid: number, socketPath: string): WatchdogError {
  const home = dirname(dirname(socketPath));
  return new WatchdogError(
    'CONTROL_FAILED',
    `Cannot reach the daemon: pid ${pid} runs in "${home}", and its socket is not there`,
    { hint: `It makes the socket again within 5 s of the home being back; kill ${pid} ends it` },
  );
}

function noDaemon(socketPath: string): WatchdogError {
  const home = dirname(dirname(socketPath));
  return new WatchdogError('NO_DAEMON', `Cannot reach the daemon: none is running in "${home}"`, {
    hint: 'Start it with mcp-watchdog start, or in the foreground with mcp-watchdog run',
  });
}

async function noAnswer(method: string, timeout: number, socketPath: string): Promise<WatchdogError> {
  const { hintOnSilence } = await import('./unreachable-daemon.ts');
  return new WatchdogError(
    'CONTROL_FAILED',
    `Cannot get an answer to "${method}": the daemon gave none within ${timeout / 1000} s`,
    { hint: hintOnSilence(socketPath) },
  );
}
