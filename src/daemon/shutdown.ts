// How the daemon ends: once, however often it is asked, and not before it can be taken apart.
import type { DaemonContext } from './context.ts';

export interface Shutdown {
  /** The same end however often it is asked. */
  readonly stop: () => Promise<void>;
  /** Resolves when everything is down, whoever asked for it. */
  readonly done: Promise<void>;
  isAsked(): boolean;
  /** What is still being put together cannot be taken apart: from here on it can. */
  allow(): void;
}

export function createShutdown({ teardown }: Pick<DaemonContext, 'teardown'>): Shutdown {
  let isAsked = false;
  let finish = (): void => {};
  let allow = (): void => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  const allowed = new Promise<void>((resolve) => (allow = resolve));
  return {
    done,
    allow: () => allow(),
    isAsked: () => isAsked,
    stop() {
      isAsked = true;
      return allowed.then(() => teardown.run()).then(finish);
    },
  };
}
