// Samples that the history leaves out: half of the buckets of the histogram that has a series for every tool.
import type { MetricSample } from '../../core/model/alert-rules.ts';

/** One label set for every method, tool, error and transport: by far the most series. */
const TOOL_BUCKETS = 'mcp_server_operation_duration_seconds_bucket';

/** Seconds. Buckets count everything below, so that leaving others out makes quantiles coarser and nothing wrong. */
const KEPT: ReadonlySet<number> = new Set([0.01, 0.05, 0.2, 1, 5, 30, 300, Infinity]);

/** Whether a sample is left out. */
export function isThinned(name: string, labels: MetricSample['labels']): boolean {
  if (name !== TOOL_BUCKETS) return false;
  const bound = labels['le'] ?? '';
  return !KEPT.has(bound === '+Inf' ? Infinity : Number(bound));
}
