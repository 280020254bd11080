// When the counters and wishes are written down: before anything that can follow from them, and once a tick for good.
import { historyToSave } from '../../core/status/server-history.ts';
import type { Status } from '../../core/model/status.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { StateFile } from '../../supervisor/state-file.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface StateStore {
  desiredState(server: string): 'up' | 'down' | undefined;
  /** What an operator asked for outlives us; null takes it back. */
  setDesiredState(server: string, wish: 'up' | 'down' | null): void;
  /** What is remembered of a job of the schedule; for its owner to understand. */
  job(name: string): unknown;
  setJob(name: string, record: unknown): void;
  /** What is remembered of alerts; for its owner to understand. */
  alerts(): unknown;
  setAlerts(record: unknown): void;
  /** Alerts as the rules left them; for their owner to understand. */
  evaluation(): unknown;
  /** @param isUrgent false when the next save is early enough */
  setEvaluation(record: unknown, isUrgent: boolean): void;
  /** Who delivered alerts; for its owner to understand. */
  delivery(): unknown;
  setDelivery(record: unknown): void;
  /** What is remembered of updates; for its owner to understand. */
  updates(): unknown;
  /** True when it is on the disk, and not only on its way there. */
  setUpdates(record: unknown): boolean;
  /** What is remembered of a server, whether it is configured now or was once. */
  past(server: string): unknown;
  save(options?: { durable?: boolean }): void;
  dispose(): void;
}

export interface StateStoreOptions {
  readonly file: StateFile;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly status: () => Status;
  readonly counters: () => unknown;
}

/** Counted events: each is on disk, if only in the page cache, before the next can happen. */
const AT_ONCE = new Set(['restarted', 'start-failed', 'exited', 'gap', 'reaped']);

/** A power cut costs at most this much of what is only counted, ms: waiting for the disk is the dear part. */
const DURABLE_EVERY = 60_000;

export function openStateStore({ file, bus, clock, status, counters }: StateStoreOptions): StateStore {
  const wishes = new Map(Object.entries(file.initial.wishes));
  const past = new Map(Object.entries(file.initial.servers));
  const jobs = new Map(Object.entries(file.initial.jobs ?? {}));
  let { alerts, evaluation, delivery, updates } = file.initial;
  let durableAt = -Infinity;

  /** False when the disk refused. */
  function save({ durable = false } = {}): boolean {
    try {
      // A server that is only out of the config for now keeps its past.
      for (const server of status().servers) past.set(server.name, historyToSave(server));
      file.save(
        {
          wishes: Object.fromEntries(wishes),
          servers: Object.fromEntries(past),
          jobs: Object.fromEntries(jobs),
          alerts,
          evaluation,
          delivery,
          updates,
          counters: counters(),
        },
        { durable },
      );
      if (durable) durableAt = clock.monotonic();
      return true;
    } catch (error) {
      // The next tick tries again: a full disk has room again one day.
      durableAt = -Infinity;
      bus.publish({
        kind: 'state-persist-failed',
        error: messageOf(error),
      });
      return false;
    }
  }

  const unsubscribe = bus.subscribe((event) => {
    if (AT_ONCE.has(event.kind)) save();
    if (event.kind === 'ticked' && clock.monotonic() - durableAt >= DURABLE_EVERY) save({ durable: true });
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
    setAlerts(record) {
      alerts = record;
      save();
    },
    delivery: () => delivery,
    setDelivery(record) {
      delivery = record;
      save();
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
    },
    save: (options) => void save(options),
    dispose: unsubscribe,
  };
}
