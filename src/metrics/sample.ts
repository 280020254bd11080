// What one line of the exposition says, and how it is written in the text format 0.0.4.
import { METRIC_PREFIX, type MetricName } from '../core/metrics.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: MetricName;
  /** What a histogram's lines end in. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  readonly labels: Labels;
  readonly value: number;
}

/** A line without its value: `mcp_watchdog_server_up{server="files"}`. */
export function seriesOf({ metric, suffix, labels }: Omit<Sample, 'value'>): string {
  let text = METRIC_PREFIX + metric + (suffix ?? '');
  let before = '{';
  for (const label of Object.keys(labels)) {
    text += `${before}${label}="${escape(labels[label] ?? '')}"`;
    before = ',';
  }
  return before === '{' ? text : `${text}}`;
}

export function writeValue(value: number): string {
  return value === Infinity ? '+Inf' : String(value);
}

function escape(value: string): string {
  return /["\\\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}
