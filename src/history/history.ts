// History: reads every exported metric on a schedule, keeps it within bounds, and saves it across restarts.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHistoryFeed, type HistoryFeed, type ScrapeTarget } from './store/history-feed.ts';
import { type HistorySize, HistoryStore } from './store/history-store.ts';
import type { SnapshotFile } from './snapshot-file.ts';
import type { LastReading } from './api/about-api.ts';

/** Durations in ms. */
export interface HistorySettings {
  readonly retention: number;
  readonly maxBytes: number;
  readonly resolution: number;
}

export interface HistoryOptions {
  /** Awake time; `now()` is the time of day. */
  readonly clock: Clock;
  /** Null: no history is kept. */
  readonly settings: HistorySettings | null;
  readonly target: ScrapeTarget;
  /** All samples of /metrics. */
  readonly samples: () => Promise<readonly MetricSample[]>;
  /** Series that Prometheus derives from rules: `ALERTS`, with all their labels. */
  readonly derived: () => readonly MetricSample[];
  readonly file: SnapshotFile;
  /** Called after each reading; null when the history was turned off. */
  readonly onReading: (size: HistorySize | null) => void;
  /** Called once when a saved history is useless, with the reason. */
  readonly onDropped: (reason: string) => void;
  readonly onFault: (error: unknown) => void;
}

export interface History {
  /** Null while no history is kept. */
  readonly store: HistoryStore | null;
  readonly last: LastReading;
  start(): void;
  replace(settings: HistorySettings | null): void;
  /** Moves what is kept after a step of the wall clock by `by` ms. */
  onClockSet(by: number): void;
  /** Ends the readings and saves the history. */
  stop(): void;
}

/** Milliseconds between two snapshots. */
const SAVE_EVERY = 600_000;
/** Readings that may be missing before all series count as ended, as after a failed scrape. */
const MISSED = 1.5;

export function createHistory(options: HistoryOptions): History {
  return new HistoryKeeper(options);
}

interface Kept {
  readonly settings: HistorySettings;
  readonly store: HistoryStore;
  readonly feed: HistoryFeed;
}

class HistoryKeeper implements History {
  readonly #options: HistoryOptions;
  readonly #clock: Clock;
  #kept: Kept | null = null;
  #last = { at: null as number | null, took: 0 };
  #savedAt: number;
  #isStopped = false;
  #cancel = (): void => {};

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#savedAt = options.clock.monotonic();
    if (options.settings === null) options.file.remove();
    else this.#kept = this.#open(options.settings, this.#restored(options.settings));
  }

  get store(): HistoryStore | null {
    return this.#kept?.store ?? null;
  }

  get last(): LastReading {
    return { ...this.#last, interval: this.#kept?.settings.resolution ?? 0 };
  }

  start(): void {
    this.#schedule();
  }

  replace(settings: HistorySettings | null): void {
    if (settings === null) {
      this.#kept = null;
      this.#options.file.remove();
      this.#options.onReading(null);
    } else this.#kept = this.#open(settings, this.store ?? new HistoryStore());
    this.#schedule();
  }

  onClockSet(by: number): void {
    this.#kept?.store.shift(by);
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    if (this.#kept === null) return;
    try {
      this.#options.file.writeNow(this.#kept.store);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #open(settings: HistorySettings, store: HistoryStore): Kept {
    return { settings, store, feed: createHistoryFeed(store, this.#options.target) };
  }

  /** The saved history, with every series ended where the watchdog was away for long. */
  #restored({ resolution, maxBytes, retention }: HistorySettings): HistoryStore {
    const { file, onDropped, target } = this.#options;
    const now = this.#clock.now();
    const content = file.read(maxBytes);
    if (content === null) return new HistoryStore();
    try {
      if (typeof content === 'string') throw new RangeError(content);
      const store = new HistoryStore();
      store.load(content);
      const newest = store.span?.newest ?? now;
      if (newest > now) throw new RangeError('it is from the future');
      if (now - newest > MISSED * resolution) createHistoryFeed(store, target).endAll(newest + resolution);
      store.prune(now, { maxBytes, retention });
      return store;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      file.remove();
      onDropped(error.message);
      return new HistoryStore();
    }
  }

  #schedule(): void {
    this.#cancel();
    if (this.#isStopped || this.#kept === null) return;
    const { resolution } = this.#kept.settings;
    const now = this.#clock.now();
    const next = (Math.floor(now / resolution) + 1) * resolution;
    this.#cancel = this.#clock.after(next - now, () => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      await this.#read();
      await this.#saveInTime();
    } catch (error) {
      this.#options.onFault(error);
    }
    this.#schedule();
  }

  async #read(): Promise<void> {
    const { samples, derived, onReading } = this.#options;
    const kept = this.#kept;
    const begun = this.#clock.monotonic();
    const read = await samples();
    if (kept === null || this.#isStopped || kept !== this.#kept) return;
    const at = this.#clock.now();
    kept.feed.ingest({ at, samples: read, derived: derived() });
    kept.store.prune(at, kept.settings);
    this.#last = { at, took: (this.#clock.monotonic() - begun) / 1000 };
    onReading(kept.store.size);
  }

  async #saveInTime(): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#kept === null || now - this.#savedAt < SAVE_EVERY) return;
    this.#savedAt = now;
    await this.#options.file.write(this.#kept.store);
  }
}
