// Subscriptions to the status: sent at once, then a few times a second, never faster than the client reads.
import type { Socket } from 'node:net';
import type { Status } from '../core/model/status.ts';
import type { Clock } from '../system/time/clock.ts';
import { writeLine } from './line-socket.ts';
import { PROTOCOL_VERSION } from './protocol.ts';

export interface Watchers {
  /** Sends the status now and after each change, until the socket closes. */
  add(socket: Socket, id: number): void;
  close(): void;
}

export interface WatchersOptions {
  readonly clock: Clock;
  readonly status: () => Status;
  /** Calls the listener after anything that may have changed the status; the returned function ends that. */
  readonly onChange: (listener: () => void) => () => void;
  /** ms between two messages. */
  readonly interval?: number;
}

/** Creates the list of watchers, which follows the status only while there are any. */
export function createWatchers({ clock, status, onChange, interval = 250 }: WatchersOptions): Watchers {
  const watching = new Map<Socket, { readonly id: number; sent: Status | null }>();
  let unsubscribe: (() => void) | null = null;
  let cancel: (() => void) | null = null;

  function sendTo(socket: Socket): void {
    const watcher = watching.get(socket);
    const now = status();
    // A client that does not read gets the newest status later, instead of all of them.
    if (watcher === undefined || watcher.sent === now || socket.writableNeedDrain) return;
    watcher.sent = now;
    writeLine(socket, { v: PROTOCOL_VERSION, id: watcher.id, status: now });
  }

  function schedule(): void {
    cancel ??= clock.after(interval, () => {
      cancel = null;
      for (const socket of watching.keys()) sendTo(socket);
    });
  }

  function remove(socket: Socket): void {
    watching.delete(socket);
    if (watching.size > 0) return;
    unsubscribe?.();
    cancel?.();
    unsubscribe = null;
    cancel = null;
  }

  return {
    add(socket, id) {
      watching.set(socket, { id, sent: null });
      unsubscribe ??= onChange(schedule);
      socket.on('drain', () => sendTo(socket));
      socket.once('close', () => remove(socket));
      sendTo(socket);
    },
    close() {
      for (const socket of watching.keys()) remove(socket);
    },
  };
}
