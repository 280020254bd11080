// PromQL selectors that follow the variables of their dashboard and name only metrics that exist.
import {
  fullMetricName,
  type MetricName,
  type PROCESS_METRICS,
} from '../../../src/core/metrics/metric-catalogue.ts';

type ProcessMetric = (typeof PROCESS_METRICS)[number]['name'];

/** Series of the recording rules; a test checks that alerting/rules defines them. */
type Recorded =
  | 'server:mcp_watchdog_server_up:wanted'
  | 'server:mcp_watchdog_server_cpu_seconds:rate5m'
  | 'server:mcp_watchdog_server_memory_bytes:used'
  | 'server:mcp_watchdog_probe_duration_seconds:p95_5m'
  | `server:mcp_watchdog_errors:ratio${'5m' | '30m' | '1h' | '6h'}`;

/** Labels that identify a server, and a machine. */
export const EACH_SERVER = 'job, instance, server';
export const EACH_MACHINE = 'job, instance';

const MACHINE = ['job=~"$job"', 'instance=~"$instance"'];
const SERVER = [...MACHINE, 'server=~"$server"'];

/** Restarts that tell something about the server: the others were requested or are the watchdog's own. */
export const UNPLANNED = 'reason!~"requested|update|config|unobserved"';

/** A metric about the selected servers. */
export function server(name: MetricName, ...more: string[]): string {
  return selector(fullMetricName(name), [...SERVER, ...more]);
}

/** The buckets of a histogram about the selected servers. */
export function serverBuckets(name: MetricName, ...more: string[]): string {
  return selector(`${fullMetricName(name)}_bucket`, [...SERVER, ...more]);
}

/** Number of observations of a histogram about the selected servers. */
export function serverCount(name: MetricName, ...more: string[]): string {
  return selector(`${fullMetricName(name)}_count`, [...SERVER, ...more]);
}

/** A metric about a machine or its watchdog, whichever servers are selected. */
export function machine(name: MetricName, ...more: string[]): string {
  return selector(fullMetricName(name), [...MACHINE, ...more]);
}

/** A metric about the watchdog's own process. */
export function ownProcess(name: ProcessMetric): string {
  return selector(name, MACHINE);
}

/** Whether the watchdog could be scraped. */
export const scraped = selector('up', MACHINE);

export function recorded(name: Recorded, ...more: string[]): string {
  return selector(name, [...SERVER, ...more]);
}

/** Alerts of Prometheus, without the heartbeat that always fires. */
export function alerts(state: 'firing' | 'pending', ...more: string[]): string {
  return selector('ALERTS', [...MACHINE, 'alertname!="Watchdog"', `alertstate="${state}"`, ...more]);
}

/** Alerts of Prometheus about the selected servers. */
export function serverAlerts(...more: string[]): string {
  return selector('ALERTS', [...SERVER, 'alertstate="firing"', ...more]);
}

/** Seconds since a timestamp, by the clock of the machine itself; without a value for 0, which means never. */
export function age(timestamp: string): string {
  return `timestamp(${timestamp}) - ${timestamp}`;
}

/** Whether each server that is meant to run is up. */
export const upWhereWanted = `${server('server_up')} and on (${EACH_SERVER}) ${server('server_desired_running')} == 1`;

/** Memory that limits apply to: the footprint that macOS reports, proportional memory on Linux, else resident memory. */
export const memoryUsed = `(${server('server_memory_footprint_bytes')} or ${server('server_proportional_memory_bytes')} or ${server('server_resident_memory_bytes')})`;

/** Memory as a share of the limit; 1 is at the limit. */
export const memoryShare = `${memoryUsed} / (${server('server_memory_limit_bytes')} > 0)`;

/** Share of probes that failed, 0 to 1; no value while there were none. */
export function failureShare(grouping: string): string {
  const sumOf = (counter: string): string => `sum${grouping} (rate(${counter}[$__rate_interval]))`;
  return `${sumOf(server('probe_failures_total'))} / (${sumOf(server('probes_total'))} > 0)`;
}

function selector(name: string, matchers: readonly string[]): string {
  return `${name}{${matchers.join(', ')}}`;
}
