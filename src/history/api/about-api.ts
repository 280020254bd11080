// Endpoints about the source of the samples: metadata, targets, build info.
import {
  METRIC_NAMES,
  METRICS,
  fullMetricName,
  PROCESS_METRICS,
} from '../../core/metrics/metric-catalogue.ts';
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import type { ScrapeTarget } from '../store/history-feed.ts';
import { type ApiData, dataOf } from './api-context.ts';
import { countIn, type Parameters } from './parameters.ts';

interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** Type and help of every exported metric, in the order of their names. */
export function answerMetadata(parameters: Parameters): ApiData {
  const limit = countIn(parameters, 'limit', -1);
  const wanted = parameters.get('metric') ?? '';
  const all = [...catalogued(), ...ofProcess()].filter(([name]) => wanted === '' || name === wanted);
  all.sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = limit >= 0 ? all.slice(0, limit) : all;
  return dataOf(Object.fromEntries(kept.map(([name, metadata]) => [name, [metadata]])));
}

function catalogued(): [string, Metadata][] {
  return METRIC_NAMES.map((metric) => {
    const { type, help } = METRICS[metric];
    return [fullMetricName(metric), { type, help, unit: '' }];
  });
}

function ofProcess(): [string, Metadata][] {
  return PROCESS_METRICS.map(({ name, type }) => [name, { type, help: PROCESS_HELP, unit: '' }]);
}

const PROCESS_HELP = 'The watchdog’s own process, as every client library of Prometheus names it.';

export interface LastReading {
  /** Ms since the epoch; null before the first. */
  readonly at: number | null;
  /** Seconds. */
  readonly took: number;
  /** Ms between two. */
  readonly interval: number;
}

/** The one target: this daemon, which reads its own metrics. */
export function answerTargets(
  parameters: Parameters,
  { target, url, last }: { target: ScrapeTarget; url: string; last: LastReading },
): ApiData {
  const state = (parameters.get('state') ?? '').toLowerCase();
  const { protocol } = new URL(url);
  const scheme = protocol.replace(':', '');
  const interval = `${last.interval / 1000}s`;
  const scrapeUrl = `${scheme}://${target.instance}/metrics`;
  const own = {
    discoveredLabels: {
      __address__: target.instance,
      __metrics_path__: '/metrics',
      __scheme__: scheme,
      __scrape_interval__: interval,
      __scrape_timeout__: interval,
      job: target.job,
    },
    labels: { instance: target.instance, job: target.job },
    scrapePool: target.job,
    scrapeUrl,
    globalUrl: scrapeUrl,
    lastError: '',
    lastScrape: last.at === null ? '0001-01-01T00:00:00Z' : new Date(last.at).toISOString(),
    lastScrapeDuration: last.took,
    health: last.at === null ? 'unknown' : 'up',
    scrapeInterval: interval,
    scrapeTimeout: interval,
  };
  return dataOf({
    activeTargets: state === 'dropped' ? [] : [own],
    droppedTargets: [],
  });
}

/** A version by which Grafana knows what it may ask: that of the engine that is reproduced. */
export function answerBuildInfo(generation: PrometheusMajor, version: string): ApiData {
  return dataOf({
    version: generation === 2 ? '2.42.0' : '3.0.0',
    revision: `mcp-watchdog ${version}`,
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
  });
}
