// Shutdown of the daemon: runs the teardown once, and not before startup has finished or failed.
import type { DaemonContext } from './context.ts';

export interface Shutdown {
  /** Requests the shutdown; every call returns the same end. */
  readonly stop: () => Promise<void>;
  /** Resolves when everything is down, whoever requested it. */
  readonly done: Promise<void>;
  isAsked(): boolean;
  /** Marks startup as over: only from here on does a requested teardown run. */
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
