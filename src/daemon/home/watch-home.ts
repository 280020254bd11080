// What becomes of a daemon whose home is taken away while it runs: it goes on, and makes it anew.
import type { ControlServer } from '../../control/server.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';

export interface HomeWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly home: string;
  /** Makes the folders that are missing. */
  readonly makeFolders: () => void;
  readonly control: Pick<ControlServer, 'renew'>;
  /** All that is only in our memory can be written down again. */
  readonly onRenewed: () => void;
  /** Another daemon has the home: two must not run the same servers. */
  readonly onLost: () => void;
}

/** Ms between two looks: three files are looked at, none is read. */
const LOOK_EVERY = 5000;

/** A daemon that cannot be reached by its commands could not even be stopped. @returns what ends the looking */
export function watchHome({ clock, log, home, control, ...options }: HomeWatchOptions): () => void {
  let isStopped = false;
  let isInTrouble = false;
  let cancel = clock.after(LOOK_EVERY, () => void look());

  async function look(): Promise<void> {
    try {
      if (await control.renew()) renewed();
      isInTrouble = false;
    } catch (err) {
      refused(err);
    }
    if (!isStopped) cancel = clock.after(LOOK_EVERY, () => void look());
  }

  function renewed(): void {
    log.warn({ home }, 'Lock or socket had been taken away and were made anew');
    options.makeFolders();
    options.onRenewed();
  }

  function refused(err: unknown): void {
    if (isStopped) return;
    if (err instanceof WatchdogError && err.code === 'LOCK_HELD') {
      log.error({ home, reason: err.message }, 'The home belongs to another daemon now: this one ends');
      isStopped = true;
      return options.onLost();
    }
    // Told once; it is tried again all the same.
    if (!isInTrouble) log.error({ err }, 'Lock or socket were taken away and cannot be made anew');
    isInTrouble = true;
  }

  return () => {
    isStopped = true;
    cancel();
  };
}
