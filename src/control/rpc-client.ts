// Request and reply matching on one control connection; its end fails every open request.
import type { Socket } from 'node:net';
import { WatchdogError } from '../core/base/errors.ts';
import { readLines, writeLine } from './line-socket.ts';
import { MAX_RESPONSE_BYTES, PROTOCOL_VERSION, fromWireError, parseReply } from './protocol.ts';
import type { Method, Reply } from './protocol.ts';

interface Listener {
  readonly onReply: (reply: Reply) => void;
  /** The connection ended before `forget` was called. */
  readonly onEnd: (error: WatchdogError) => void;
}

export interface RpcClient {
  /** Sends a request; the listener gets every reply to it until the returned function is called. */
  call(method: Method, params: object, listener: Listener): () => void;
  close(): void;
  /** Resolves once the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

export function createRpcClient(socket: Socket): RpcClient {
  const listeners = new Map<number, Listener>();
  let lastId = 0;
  let failure: WatchdogError | null = null;

  function fail(error: WatchdogError): void {
    failure ??= error;
    socket.destroy();
    for (const listener of listeners.values()) listener.onEnd(failure);
    listeners.clear();
  }

  function receive(line: string): void {
    try {
      const reply = parseReply(line);
      if (reply.id !== null) listeners.get(reply.id)?.onReply(reply);
      else if ('error' in reply) fail(fromWireError(reply.error));
    } catch (error) {
      if (!(error instanceof WatchdogError)) throw error;
      fail(error);
    }
  }

  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => fail(gone()));
  socket.on('close', () => fail(gone()));
  readLines(socket, { maxBytes: MAX_RESPONSE_BYTES, onLine: receive, onOverflow: () => fail(tooLong()) });

  return {
    closed,
    close: () => void socket.destroy(),
    call(method, params, listener) {
      lastId += 1;
      const id = lastId;
      if (failure === null) {
        listeners.set(id, listener);
        writeLine(socket, { v: PROTOCOL_VERSION, id, method, params });
      } else listener.onEnd(failure);
      return () => void listeners.delete(id);
    },
  };
}

function gone(): WatchdogError {
  return new WatchdogError('NO_DAEMON', 'Cannot go on: the daemon ended the connection', {
    hint: 'See whether it still runs with mcp-watchdog status, and why not with mcp-watchdog logs',
  });
}

function tooLong(): WatchdogError {
  return new WatchdogError(
    'CONTROL_FAILED',
    `Cannot read the answer: it is longer than ${MAX_RESPONSE_BYTES} bytes`,
  );
}
