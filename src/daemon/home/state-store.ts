// State store: desired states, counters and the records of alerts, jobs and updates, saved before what follows from them.
import { randomBytes } from 'node:crypto';
import type { EventKind } from '../../core/model/events.ts';
import { historyToSave } from '../../core/status/server-history.ts';
import type { Status } from '../../core/model/status.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { StateFile } from '../../supervisor/state-file.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { CounterSlots } from './counter-slots.ts';
import type { RecentEnds } from './recent-ends.ts';

export interface StateStore {
  desiredState(server: string): 'up' | 'down' | undefined;
  /**
   * Saves what an operator asked for; null removes it, so that the config counts again.
   *
   * @returns why it would not survive a restart now, because the disk refused; null when it would
   */
  setDesiredState(server: string, wish: 'up' | 'down' | null): string | null;
  /** The saved record of a scheduled job; only its owner parses it. */
  job(name: string): unknown;
  setJob(name: string, record: unknown): void;
  /** The saved record of notified alerts; only its owner parses it. */
  alerts(): unknown;
  /** @returns false when the disk refused; with `durable` true means that it is on the disk itself (fsync) */
  setAlerts(record: unknown, options?: { durable?: boolean }): boolean;
  /** The saved state of the alert rules; only its owner parses it. */
  evaluation(): unknown;
  /** @param isUrgent false when the next save is soon enough */
  setEvaluation(record: unknown, isUrgent: boolean): void;
  /** The saved delivery state; only its owner parses it. */
  delivery(): unknown;
  setDelivery(record: unknown): void;
  /** The saved silences of the page; only their owner parses them. */
  silences(): unknown;
  setSilences(record: unknown): void;
  /** The saved update records; only their owner parses them. */
  updates(): unknown;
  /** @returns true once it is on disk (fsync), false when that failed */
  setUpdates(record: unknown): boolean;
  /** The saved counters and recent ends of a server, whether it is configured now or was once. */
  past(server: string): unknown;
  save(options?: { durable?: boolean }): void;
  /** Saves what only counting has changed: on disk as soon as `save`, and much cheaper. */
  saveCounters(): void;
  dispose(): void;
}

export interface StateStoreOptions {
  readonly file: StateFile;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly status: () => Status;
  readonly counters: () => unknown;
  readonly slots: CounterSlots;
  readonly ends: Pick<RecentEnds, 'list'>;
}

/**
 * Saving after each kind of event. `at-once`: counted events, each written, if only to the page cache, before the next can
 * happen; `when-due`: to the disk itself once `FSYNC_EVERY` has passed; `never`: its owner saves what has to be kept.
 */
const SAVED = {
  'server-added': 'never',
  'server-changed': 'never',
  'server-removed': 'never',
  transition: 'never',
  spawned: 'never',
  exited: 'at-once',
  restarted: 'at-once',
  'start-failed': 'at-once',
  waiting: 'never',
  'install-progress': 'never',
  installed: 'never',
  'using-installed': 'never',
  handshake: 'never',
  probed: 'never',
  health: 'never',
  condition: 'never',
  sampled: 'never',
  limit: 'never',
  'log-dropped': 'never',
  exchanged: 'never',
  'tools-changed': 'never',
  'client-refused': 'when-due',
  reaped: 'at-once',
  'update-checked': 'never',
  'update-moved': 'never',
  'update-settled': 'never',
  collected: 'never',
  ticked: 'when-due',
  gap: 'at-once',
  brake: 'never',
  'config-loaded': 'never',
  listening: 'never',
  gateway: 'never',
  'state-persist-failed': 'never',
  'state-persisted': 'never',
  orphans: 'never',
  'orphan-reaped': 'never',
  job: 'never',
  scraped: 'never',
  evaluated: 'never',
  recorded: 'never',
  alert: 'never',
  delivery: 'never',
  engine: 'never',
  acted: 'never',
  notified: 'never',
} as const satisfies Record<EventKind, 'at-once' | 'when-due' | 'never'>;

/** Ms of counting that a power cut may cost: waiting for the disk is the expensive part. */
const FSYNC_EVERY = 60_000;

/** Ms between two attempts while the disk refuses. */
const RETRY_EVERY = 5000;

export function openStateStore({
  file,
  bus,
  clock,
  status,
  counters,
  slots,
  ends,
}: StateStoreOptions): StateStore {
  const wishes = new Map(Object.entries(file.initial.wishes));
  const past = new Map(Object.entries(file.initial.servers));
  const jobs = new Map(Object.entries(file.initial.jobs ?? {}));
  let { alerts, evaluation, delivery, silences, updates } = file.initial;
  let durableAt = -Infinity;
  /** Of the state on disk: counters that are saved alone belong to it. Null before the first save. */
  let stamp: string | null = null;
  /** Desired states as they are on disk. */
  let savedWishes = new Map(wishes);
  /** Why the last attempt failed; null when it did not. */
  let refusal: string | null = null;
  let cancelRetry = (): void => {};

  /** Tells of the end of a trouble, once. */
  function accepted(): void {
    savedWishes = new Map(wishes);
    if (refusal === null) return;
    refusal = null;
    cancelRetry();
    bus.publish({ kind: 'state-persisted' });
  }

  /** Tries again soon: a full disk may have room by then. */
  function refused(error: string): void {
    const isNew = error !== refusal;
    refusal = error;
    durableAt = -Infinity;
    cancelRetry();
    cancelRetry = clock.after(RETRY_EVERY, () => void save({ durable: true }));
    bus.publish({ kind: 'state-persist-failed', error, isNew });
  }

  /** False when the disk refused. */
  function save({ durable = false } = {}): boolean {
    try {
      // A server that is out of the config for now keeps its counters.
      for (const server of status().servers)
        past.set(server.name, { ...historyToSave(server), ends: ends.list(server.name) });
      const newStamp = randomBytes(8).toString('hex');
      file.save(
        {
          stamp: newStamp,
          wishes: Object.fromEntries(wishes),
          servers: Object.fromEntries(past),
          jobs: Object.fromEntries(jobs),
          alerts,
          evaluation,
          delivery,
          silences,
          updates,
          counters: counters(),
        },
        { durable },
      );
      stamp = newStamp;
      if (durable) durableAt = clock.monotonic();
      accepted();
      return true;
    } catch (error) {
      refused(nameless(messageOf(error)));
      return false;
    }
  }

  function saveCounters(): void {
    if (stamp === null || refusal !== null) return void save();
    try {
      slots.write(stamp, counters());
    } catch {
      save();
    }
  }

  const unsubscribe = bus.subscribe((event) => {
    const when = SAVED[event.kind];
    if (when === 'at-once') save();
    if (when === 'when-due' && clock.monotonic() - durableAt >= FSYNC_EVERY) save({ durable: true });
  });
  return {
    desiredState: (server) => wishes.get(server),
    past: (server) => past.get(server),
    job: (name) => jobs.get(name),
    setJob(name, record) {
      jobs.set(name, record);
      save();
    },
    alerts: () => alerts,
    setAlerts(record, options) {
      alerts = record;
      return save(options);
    },
    delivery: () => delivery,
    setDelivery(record) {
      delivery = record;
      save();
    },
    silences: () => silences,
    setSilences(record) {
      silences = record;
      save({ durable: true });
    },
    evaluation: () => evaluation,
    setEvaluation(record, isUrgent) {
      evaluation = record;
      if (isUrgent) save();
    },
    updates: () => updates,
    setUpdates(record) {
      updates = record;
      return save({ durable: true });
    },
    setDesiredState(server, wish) {
      if (wish === null) wishes.delete(server);
      else wishes.set(server, wish);
      save({ durable: true });
      return savedWishes.get(server) === wishes.get(server) ? null : refusal;
    },
    save: (options) => void save(options),
    saveCounters,
    dispose() {
      unsubscribe();
      cancelRetry();
    },
  };
}

/** The name of the temporary file is another one each time. */
function nameless(error: string): string {
  return error.replace(/\.\d+\.[0-9a-f]{8}\.tmp(?=')/u, '');
}
