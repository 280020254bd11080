// Curves and counts of the overview, by server, as the query API answers them.
import type { InstantResult, RangeResult, TimeRange } from '../wire.ts';

type Curves = ReadonlyMap<string, readonly (number | null)[]>;

export interface Sparks {
  readonly memory: Curves;
  readonly probe: Curves;
  /** Calls a minute. */
  readonly calls: ReadonlyMap<string, number>;
  readonly restarts: ReadonlyMap<string, number>;
}

export const NO_SPARKS: Sparks = {
  memory: new Map(),
  probe: new Map(),
  calls: new Map(),
  restarts: new Map(),
};

/** Six hours in points that a sparkline of 76 pixels can show, seconds. */
const SPAN = 6 * 3600;
const STEP = 300;

/** @param now ms since the epoch */
export function sparkRange(now: number): TimeRange {
  const end = Math.floor(now / 1000);
  return { start: end - SPAN, end, step: STEP };
}

/** Expressions of the columns; each answers for all servers at once. */
export const SPARK_QUERIES = {
  memory: 'mcp_watchdog_server_resident_memory_bytes > 0',
  probe:
    'histogram_quantile(0.95, sum by (server, le) (rate(mcp_watchdog_probe_duration_seconds_bucket[5m])))',
  calls:
    'sum by (server) (rate(mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call"}[5m])) * 60',
  restarts: 'sum by (server) (increase(mcp_watchdog_server_restarts_total[6h]))',
} as const;

export function curvesOf({ series }: RangeResult): Curves {
  return new Map(series.map(({ labels, values }) => [labels['server'] ?? '', values]));
}

export function countsOf({ series }: InstantResult): ReadonlyMap<string, number> {
  return new Map(series.map(({ labels, value }) => [labels['server'] ?? '', value]));
}

/** The last value of a curve, unless it is older than two steps: then the server has none now. */
export function lastOf(values: readonly (number | null)[] | undefined): number | null {
  return values?.slice(-2).findLast((value) => value !== null && Number.isFinite(value)) ?? null;
}
