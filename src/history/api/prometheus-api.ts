// Read API of Prometheus over the history: one table of endpoints, one form of answers and errors.
import type { Clock } from '../../system/time/clock.ts';
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import { QueryError } from '../query/query-error.ts';
import { createQueryQueue } from '../query/query-queue.ts';
import type { HistoryStore } from '../store/history-store.ts';
import type { ScrapeTarget } from '../store/history-feed.ts';
import { answerBuildInfo, answerMetadata, answerTargets, type LastReading } from './about-api.ts';
import { type ApiContext, type ApiData, dataOf } from './api-context.ts';
import type { Parameters } from './parameters.ts';
import { answerFormatQuery, answerParseQuery, answerQuery, answerQueryRange } from './query-api.ts';
import { answerLabels, answerLabelValues, answerSeries } from './series-api.ts';
import {
  answerCardinality,
  answerConfig,
  answerFlags,
  answerRuntimeInfo,
  type EngineSettings,
} from './status-api.ts';

interface ApiAnswer {
  readonly status: number;
  /** JSON text, in pieces. */
  readonly pieces: readonly string[];
  /** Seconds after which to ask again; null when there is no use in it. */
  readonly retryAfter: number | null;
}

export interface PrometheusApi {
  /** Answers one request; null for a path that is not there. @param path below `/api/v1/` */
  answer(path: string, parameters: Parameters, signal: AbortSignal): Promise<ApiAnswer | null>;
}

export interface PrometheusApiOptions {
  /** Null while no history is kept. */
  readonly store: () => HistoryStore | null;
  readonly clock: Clock;
  readonly turn: () => Promise<void>;
  /** Ms of processor time so far. */
  readonly cpu: () => number;
  readonly generation: () => PrometheusMajor;
  readonly target: ScrapeTarget;
  readonly url: string;
  readonly version: string;
  readonly last: () => LastReading;
  readonly settings: () => EngineSettings;
  readonly mostWork?: number;
}

type Endpoint = (parameters: Parameters, context: ApiContext) => ApiData | Promise<ApiData>;

/** Milliseconds. */
const MOST_WORK = 2000;
/** Seconds after which a client that was turned away may come back. */
const RETRY_AFTER = 5;

export function createPrometheusApi(options: PrometheusApiOptions): PrometheusApi {
  const { clock, store, generation } = options;
  const queue = createQueryQueue(clock);
  const engine = () => ({ ...options, settings: options.settings() });
  const endpoints: Readonly<Record<string, Endpoint>> = {
    query: answerQuery,
    query_range: answerQueryRange,
    series: answerSeries,
    labels: answerLabels,
    metadata: (parameters) => answerMetadata(parameters),
    targets: (parameters) => answerTargets(parameters, { ...options, last: options.last() }),
    'status/buildinfo': () => answerBuildInfo(generation(), options.version),
    'status/flags': () => answerFlags(engine()),
    'status/config': () => answerConfig(engine()),
    'status/runtimeinfo': (_, context) => answerRuntimeInfo(engine(), context),
    'status/tsdb': answerCardinality,
    query_exemplars: () => dataOf([]),
    format_query: answerFormatQuery,
  };
  /** Those that only Prometheus 3 has. */
  const newer: Readonly<Record<string, Endpoint>> = { parse_query: answerParseQuery };

  function find(path: string): Endpoint | null {
    if (Object.hasOwn(endpoints, path)) return endpoints[path] ?? null;
    if (generation() === 3 && Object.hasOwn(newer, path)) return newer[path] ?? null;
    const label = /^label\/([^/]+)\/values$/u.exec(path)?.[1];
    return label === undefined ? null : (...given) => answerLabelValues(label, ...given);
  }

  function contextOf(signal: AbortSignal): ApiContext {
    const kept = store();
    if (kept === null)
      throw new QueryError('unavailable', 'no history is kept: the config says history: false');
    const loop = { now: () => clock.monotonic(), cpu: options.cpu, turn: options.turn };
    const { mostWork = MOST_WORK } = options;
    return { store: kept, now: () => clock.now(), generation, loop, mostWork, signal };
  }

  return {
    async answer(path, parameters, signal) {
      const endpoint = find(path);
      if (endpoint === null) return null;
      const work = async (): Promise<ApiData> => {
        if (signal.aborted) throw new QueryError('timeout', 'query was canceled: nobody waits for it');
        return endpoint(parameters, contextOf(signal));
      };
      try {
        return success(await queue.run(work));
      } catch (error) {
        if (error instanceof QueryError) return failure(error);
        throw error;
      }
    },
  };
}

function success({ pieces, warnings = [] }: ApiData): ApiAnswer {
  const said = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
  return { status: 200, pieces: ['{"status":"success","data":', ...pieces, `${said}}`], retryAfter: null };
}

function failure(error: QueryError): ApiAnswer {
  const body = { status: 'error', errorType: error.type, error: error.message };
  const isBusy = error.type === 'unavailable';
  return { status: error.status, pieces: [JSON.stringify(body)], retryAfter: isBusy ? RETRY_AFTER : null };
}
