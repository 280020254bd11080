// Endpoints about the engine itself, for clients that ask before they query: flags, config, runtime, cardinality.
import { formatDuration } from '../../promql/model/literals.ts';
import { LOOKBACK } from '../../promql/evaluate/evaluate.ts';
import { NAME } from '../../promql/model/labels.ts';
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import { QueryError } from '../query/query-error.ts';
import { createWorkBudget } from '../query/work-budget.ts';
import type { ScrapeTarget } from '../store/history-feed.ts';
import { type ApiContext, type ApiData, dataOf } from './api-context.ts';
import { countIn, type Parameters } from './parameters.ts';

/** What is set, and since when; durations in ms, times in ms since the epoch. */
export interface EngineSettings {
  readonly retention: number;
  readonly maxBytes: number;
  readonly resolution: number;
  readonly evaluateEvery: number;
  readonly startedAt: number;
  /** Of the last config that was good; null before there was one. */
  readonly loadedAt: number | null;
  /** Whether the config that was read last is the one in use. */
  readonly isConfigGood: boolean;
}

interface Engine {
  readonly settings: EngineSettings;
  readonly target: ScrapeTarget;
  readonly url: string;
}

/** The flags of Prometheus that have a meaning here, with the limits that hold. */
export function answerFlags({ settings, target, url }: Engine): ApiData {
  return dataOf({
    'enable-feature': '',
    'query.lookback-delta': formatDuration(LOOKBACK),
    'query.max-concurrency': '1',
    'query.max-samples': '5000000',
    'query.timeout': '2s',
    'storage.tsdb.retention.size': sizeText(settings.maxBytes),
    'storage.tsdb.retention.time': formatDuration(settings.retention),
    'web.enable-admin-api': 'false',
    'web.enable-lifecycle': 'false',
    'web.enable-remote-write-receiver': 'false',
    'web.external-url': url,
    'web.listen-address': target.instance,
  });
}

/** The config that a Prometheus with this history would have, as YAML. */
export function answerConfig({ settings, target, url }: Engine): ApiData {
  const every = formatDuration(settings.resolution);
  const scheme = new URL(url).protocol.replace(':', '');
  return dataOf({
    yaml: `global:
  scrape_interval: ${every}
  scrape_timeout: ${every}
  evaluation_interval: ${formatDuration(settings.evaluateEvery)}
scrape_configs:
- job_name: ${target.job}
  metrics_path: /metrics
  scheme: ${scheme}
  static_configs:
  - targets:
    - ${JSON.stringify(target.instance)}
`,
  });
}

/** Start, config and retention. Names of folder and machine are empty, what only Go has is 0 or empty. */
export function answerRuntimeInfo({ settings }: Engine, { generation, now }: ApiContext): ApiData {
  const { startedAt, loadedAt, isConfigGood, retention, maxBytes } = settings;
  return dataOf({
    startTime: new Date(startedAt).toISOString(),
    CWD: '',
    ...(generation() === 3 ? { hostname: '', serverTime: new Date(now()).toISOString() } : {}),
    reloadConfigSuccess: isConfigGood,
    lastConfigTime: loadedAt === null ? '0001-01-01T00:00:00Z' : new Date(loadedAt).toISOString(),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 1,
    ...(generation() === 3 ? { GOMEMLIMIT: 0 } : {}),
    GOGC: '',
    GODEBUG: '',
    storageRetention: `${formatDuration(retention)} or ${sizeText(maxBytes)}`,
  });
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [rest, unit] = [bytes, 0];
  for (; rest >= 1024 && rest % 1024 === 0; rest /= 1024) unit += 1;
  return `${rest}${units[unit] ?? 'B'}`;
}

const FEW = 10;
const MOST = 10_000;

/** Which names and labels have how many series, the most first. @throws QueryError */
export async function answerCardinality(
  parameters: Parameters,
  { store, generation, loop, mostWork, signal }: ApiContext,
): Promise<ApiData> {
  const limit = countIn(parameters, 'limit', FEW);
  if (limit < 1) throw new QueryError('bad_data', 'limit must be a positive number');
  if (limit > MOST) throw new QueryError('bad_data', `limit must not exceed ${MOST}`);
  const budget = createWorkBudget({ ...loop, mostWork, signal });
  const series = [...store.all()];
  const counts = new Map<string, Map<string, number>>();
  for (const { labels } of series) {
    const rest = budget.spend();
    if (rest !== undefined) await rest;
    for (const [name, value] of Object.entries(labels)) {
      if (value === '') continue;
      const values = counts.get(name) ?? new Map<string, number>();
      counts.set(name, values.set(value, (values.get(value) ?? 0) + 1));
    }
  }
  const labels = [...counts];
  const span = store.span;
  return dataOf({
    headStats: {
      numSeries: series.length,
      numLabelPairs: labels.reduce((sum, [, values]) => sum + values.size, 0),
      chunkCount: 0,
      minTime: span?.oldest ?? 0,
      maxTime: span?.newest ?? 0,
    },
    seriesCountByMetricName: highest([...(counts.get(NAME) ?? [])], limit),
    labelValueCountByLabelName: highest(
      labels.map(([name, values]) => [name, values.size]),
      limit,
    ),
    memoryInBytesByLabelName: highest(
      labels.map(([name, values]) => [name, bytesOf(values, generation())]),
      limit,
    ),
    seriesCountByLabelValuePair: highest(
      labels.flatMap(([name, values]) =>
        [...values].map(([value, count]): [string, number] => [`${name}=${value}`, count]),
      ),
      limit,
    ),
  });
}

/** As Prometheus counts: 2 each value once, 3 once for each series that has it. */
function bytesOf(values: ReadonlyMap<string, number>, generation: PrometheusMajor): number {
  const times = (count: number): number => (generation === 2 ? 1 : count);
  return [...values].reduce((sum, [value, count]) => sum + Buffer.byteLength(value) * times(count), 0);
}

function highest(all: [name: string, value: number][], limit: number): { name: string; value: number }[] {
  all.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return all.slice(0, limit).map(([name, value]) => ({ name, value }));
}
