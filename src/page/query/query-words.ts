// Words around queries: examples, units, labels, and where an error is.
import { cpu, size } from '../../core/base/format.ts';
import { number, rate, seconds } from '../model/words.ts';

export const EXAMPLES = [
  { title: 'memory', expression: 'mcp_watchdog_server_resident_memory_bytes' },
  { title: 'CPU', expression: 'rate(mcp_watchdog_server_cpu_seconds_total[5m])' },
  {
    title: 'probe p95',
    expression:
      'histogram_quantile(0.95, sum by (server, le) (rate(mcp_watchdog_probe_duration_seconds_bucket[5m])))',
  },
  {
    title: 'calls a minute',
    expression:
      'sum by (server) (rate(mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call"}[5m])) * 60',
  },
  { title: 'restarts', expression: 'sum by (server) (increase(mcp_watchdog_server_restarts_total[1h]))' },
  { title: 'memory of the watchdog', expression: 'process_resident_memory_bytes' },
] as const;

/** Chooses how values are written, by the unit in the name of the metric; what compares or counts has none. */
export function unitOf(expression: string): (value: number) => string {
  if (/[=!<>]=|[<>]|\/|count|absent|changes/u.test(expression.replaceAll(/\{[^}]*\}/gu, ''))) return number;
  if (/^rate\(.*cpu_seconds_total/u.test(expression)) return cpu;
  if (/\*\s*60$/u.test(expression)) return rate;
  if (/_bytes\b/u.test(expression)) return size;
  if (/duration_seconds|_seconds\b/u.test(expression) && !/timestamp|_total/u.test(expression))
    return seconds;
  return number;
}

/** `{server="files"}`, `up{server="files"}`; those of the scrape, which all series have, are left out. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', job: _job, instance: _instance, ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

/** The line of the error with a caret below the place that the message names; null where it names none. */
export function caretFor(message: string, expression: string): string | null {
  const [, row, column] = /\b(\d+):(\d+)(?:-\d+)?: parse error/u.exec(message) ?? [];
  if (row === undefined || column === undefined) return null;
  const line = expression.split('\n')[Number(row) - 1];
  return line === undefined ? null : `${line}\n${' '.repeat(Math.max(0, Number(column) - 1))}^`;
}
