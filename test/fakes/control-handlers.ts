// A daemon that only remembers what it was asked, behind the real control socket.
import type { ControlHandlers } from '../../src/control/server.ts';
import type { Status } from '../../src/core/status.ts';
import { status as someStatus } from './status.ts';

export interface FakeDaemon {
  readonly handlers: ControlHandlers;
  /** `start a,b`, oldest first. */
  readonly asked: readonly string[];
  /** Changes the status and tells the watchers. */
  show(status: Status): void;
  /** What `shutdown` begins. */
  onShutdown: () => void;
  readonly watched: () => number;
}

export function fakeDaemon(shown: Status = someStatus()): FakeDaemon {
  const asked: string[] = [];
  const listeners = new Set<() => void>();
  const note = (method: string) => (params: { names?: readonly string[]; name?: string }) => {
    asked.push([method, params.names?.join(',') ?? params.name ?? ''].join(' ').trim());
    return null;
  };
  const daemon = {
    asked,
    onShutdown: () => {},
    watched: () => listeners.size,
    show(status: Status) {
      shown = status;
      for (const listener of listeners) listener();
    },
    handlers: {
      status: () => shown,
      start: note('start'),
      stop: note('stop'),
      restart: note('restart'),
      reload: note('reload'),
      check: (params: { readonly name?: string }) => {
        note('check')(params);
        return shown;
      },
      shutdown: () => {
        note('shutdown')({});
        daemon.onShutdown();
        return null;
      },
      onChange(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } satisfies ControlHandlers,
  };
  return daemon;
}
