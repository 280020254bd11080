// HTTP client of Prometheus: asks whether it has our samples and evaluates the rules.
import { HEARTBEAT_ALERT } from '../core/delivery/alertmanager-message.ts';
import { isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHttpClient, type HttpResponse } from '../system/net/http-client.ts';
import { type EngineConnection, failureOf, readText, refusalIn } from './engine-request.ts';

export interface PrometheusReport {
  /** Why it does not prove that it reads our metrics and evaluates the rules, for people; null when it does. */
  readonly trouble: string | null;
  /** The `instance` label that it gives to our series; null while not known. */
  readonly instance: string | null;
}

export interface PrometheusClient {
  ask(): Promise<PrometheusReport>;
  close(): void;
}

export interface PrometheusClientOptions {
  /** As in the config: with a path when Prometheus has a route prefix, with credentials when it needs them. */
  readonly url: string;
  readonly clock: Clock;
  /** Start of our process, seconds since the epoch: it tells our series from those of other watchdogs. */
  readonly startedAt: number;
}

/** Bytes of a response body: a handful of series. */
const MAX_RESPONSE = 256 * 1024;
/** Seconds by which the exported start, a whole number, may differ from ours. */
const START_TOLERANCE = 3;

/** Opens a client. An ended target becomes stale at once, so a sample proves a recent scrape. */
export function openPrometheusClient({ url, clock, startedAt }: PrometheusClientOptions): PrometheusClient {
  const connection: EngineConnection = { base: new URL(url), client: createHttpClient(), clock };
  const path = `/api/v1/query?query=${encodeURIComponent(queryFor(startedAt))}`;
  return {
    async ask() {
      let instance: string | null = null;
      const trouble = await failureOf(connection, { path }, async (response) => {
        const refusal = refusalIn(response);
        if (refusal !== null) return refusal;
        const series = await readSeries(response);
        if (series === null) return 'the server that answers is not Prometheus';
        const label = series[0]?.['instance'];
        instance = typeof label === 'string' && label !== '' ? label : null;
        return series.length > 0 ? null : NOT_THERE;
      });
      return { trouble, instance };
    },
    close: () => connection.client.dropSockets(),
  };
}

const NOT_THERE = `it has no sample of this watchdog, or the alert ${HEARTBEAT_ALERT} does not fire there`;

function queryFor(startedAt: number): string {
  const ours = `abs(process_start_time_seconds - ${startedAt.toFixed(0)}) < ${START_TOLERANCE}`;
  const rules = `ALERTS{alertname="${HEARTBEAT_ALERT}",alertstate="firing"}`;
  return `(${ours}) and on (job, instance) mcp_watchdog_build_info and on () ${rules}`;
}

/** Returns the labels of the series; null when the answer is not one of Prometheus. */
async function readSeries({ body }: HttpResponse): Promise<readonly Record<string, unknown>[] | null> {
  const text = await readText(body, MAX_RESPONSE);
  const answer = text === null ? null : parseJson(text);
  const data = isObject(answer) && answer['status'] === 'success' ? answer['data'] : null;
  const result = isObject(data) ? data['result'] : null;
  if (!Array.isArray(result)) return null;
  return result.map((one: unknown) => (isObject(one) && isObject(one['metric']) ? one['metric'] : {}));
}
