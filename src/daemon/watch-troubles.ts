// Where alerts come from: the status is looked at after each piece of news and now and then, and what is told is published.
import type { EventKind } from '../core/events.ts';
import type { FiringAlert } from '../core/notification.ts';
import type { Status } from '../core/status.ts';
import { lookForTroubles, rememberTroubles } from '../core/troubles.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/clock.ts';

export interface TroubleWatchOptions {
  readonly bus: Bus;
  /** Awake time. */
  readonly clock: Clock;
  readonly status: () => Status;
  /** What an earlier daemon left firing. */
  readonly initial: readonly FiringAlert[];
}

/** News after which a trouble may have begun or ended. */
const TELLING: ReadonlySet<EventKind> = new Set([
  'transition',
  'health',
  'limit',
  'server-removed',
  'config-loaded',
  'state-persist-failed',
  'notified',
  'orphans',
  'gap',
]);

/** Between two looks without news, ms: some troubles are only a matter of time. */
const LOOK_EVERY = 5000;

/** @returns ends the watch; nothing is told to be over then, because it is not */
export function watchTroubles({ bus, clock, status, initial }: TroubleWatchOptions): () => void {
  let memory = rememberTroubles(initial);
  let cancel = (): void => {};

  function look(): void {
    const found = lookForTroubles(memory, { status: status(), awake: clock.monotonic(), now: clock.now() });
    memory = found.memory;
    for (const news of found.news) bus.publish({ kind: 'alert', ...news });
  }

  function beat(): void {
    cancel = clock.after(LOOK_EVERY, beat);
    look();
  }

  const unsubscribe = bus.subscribe((event) => {
    if (TELLING.has(event.kind)) look();
  });
  beat();
  return () => {
    unsubscribe();
    cancel();
  };
}
