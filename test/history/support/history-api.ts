// A history with given readings, and its API: in the process, and behind the web app.
import { createPrometheusApi, type PrometheusApi } from '../../../src/history/api/prometheus-api.ts';
import { createHistoryFeed } from '../../../src/history/store/history-feed.ts';
import { HistoryStore } from '../../../src/history/store/history-store.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { type MadeUpReading, RESOLUTION, TARGET } from './made-up-readings.ts';

export interface MadeUpApiOptions {
  /** Ms since the epoch; what the API takes for now. */
  readonly now: number;
  readonly generation?: 2 | 3;
  readonly turn?: () => Promise<void>;
  readonly monotonic?: () => number;
  /** Ms of processor time; none passes without it. */
  readonly cpu?: () => number;
}

export function storeOf(readings: readonly MadeUpReading[]): HistoryStore {
  const store = new HistoryStore();
  const feed = createHistoryFeed(store, TARGET);
  for (const { at, samples } of readings) feed.ingest({ at, samples, derived: [] });
  return store;
}

export function apiOf(
  store: HistoryStore | null,
  { now, generation = 2, turn, monotonic, cpu }: MadeUpApiOptions,
): PrometheusApi {
  return createPrometheusApi({
    store: () => store,
    clock: { ...systemClock, now: () => now, ...(monotonic === undefined ? {} : { monotonic }) },
    turn: turn ?? (() => new Promise((resolve) => void setImmediate(resolve))),
    cpu: cpu ?? (() => 0),
    generation: () => generation,
    target: TARGET,
    url: 'http://127.0.0.1:9638',
    version: '1.2.3',
    last: () => ({ at: now, took: 0.25, interval: RESOLUTION }),
    settings: () => ({
      retention: 6 * 3_600_000,
      maxBytes: 16 * 1024 * 1024,
      resolution: RESOLUTION,
      evaluateEvery: 15_000,
      startedAt: now - 60_000,
      loadedAt: now - 59_000,
      isConfigGood: true,
    }),
  });
}

export interface Asked {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfter: number | null;
}

export async function ask(
  api: PrometheusApi,
  path: string,
  parameters: Record<string, string> | [string, string][] = {},
): Promise<Asked> {
  const answer = await api.answer(path, new URLSearchParams(parameters), new AbortController().signal);
  if (answer === null) throw new Error(`There is no ${path}`);
  return { status: answer.status, body: JSON.parse(answer.pieces.join('')), retryAfter: answer.retryAfter };
}
