// Watch on the home: a daemon whose lock or socket is removed while it runs recreates them and goes on; one that started while
// the disk took no writes moves in as soon as it does.
import type { ControlServer } from '../../control/server.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import { untilTick } from '../../system/time/tick.ts';
import type { Logger } from '../../system/files/log.ts';

export interface HomeWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly home: string;
  /** Creates the folders that are missing. */
  readonly makeFolders: () => void;
  readonly control: Pick<ControlServer, 'renew' | 'trouble'>;
  /** Called once it was recreated: state that is only in memory can be saved again. */
  readonly onRenewed: () => void;
  /** Called when another daemon holds the home: two must not run the same servers. */
  readonly onLost: () => void;
}

/** Ms between two checks: each stats three files and reads none. */
const CHECK_EVERY = 5000;

/** Ms between two attempts while the home is away: it is reachable soon after it is back. */
const RETRY_EVERY = 1000;

/** Starts the watch: a daemon that no command can reach could not even be stopped. @returns what ends it */
export function watchHome({ clock, log, home, control, ...options }: HomeWatchOptions): () => void {
  let isStopped = false;
  let isInTrouble = false;
  let cancel = clock.after(untilTick(clock, CHECK_EVERY), () => void check());

  async function check(): Promise<void> {
    const wasAway = control.trouble !== null;
    try {
      if (await control.renew()) renewed(wasAway);
      isInTrouble = false;
    } catch (err) {
      refused(err);
    }
    if (!isStopped)
      cancel = clock.after(untilTick(clock, isInTrouble ? RETRY_EVERY : CHECK_EVERY), () => void check());
  }

  function renewed(wasAway: boolean): void {
    if (wasAway) log.info({ home }, 'The home takes writes again: lock and socket are in it now');
    else log.warn({ home }, 'Lock or socket had been removed and were recreated');
    options.makeFolders();
    options.onRenewed();
  }

  function refused(err: unknown): void {
    if (isStopped) return;
    if (err instanceof WatchdogError && err.code === 'LOCK_HELD') {
      log.error({ home, reason: err.message }, 'Another daemon holds the home now: this one stops');
      isStopped = true;
      return options.onLost();
    }
    // Logged once; it is retried all the same.
    if (!isInTrouble) log.error({ err }, 'Lock or socket were removed and cannot be recreated');
    isInTrouble = true;
  }

  return () => {
    isStopped = true;
    cancel();
  };
}
