// Results of queries as JSON text, in pieces, with numbers as Prometheus writes them.
import type { Labels } from '../../promql/model/labels.ts';
import type { ResultSeries } from '../query/run-query.ts';

/** Seconds with milliseconds, as a JSON number. */
export function writeTime(milliseconds: number): string {
  return String(milliseconds / 1000);
}

/** As Go writes a float in its shortest form: `1e-07`, `+Inf`. */
function writeValue(value: number): string {
  if (Number.isFinite(value)) {
    if (value === 0) return Object.is(value, -0) ? '-0' : '0';
    const text = String(value);
    return text.includes('e-') ? text.replace(/e-(\d)$/u, 'e-0$1') : text;
  }
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** By name, as Go writes a map. */
export function writeLabels(labels: Labels): string {
  const pairs = Object.keys(labels)
    .sort()
    .filter((name) => labels[name] !== '')
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(labels[name])}`);
  return `{${pairs.join(',')}}`;
}

export function writePoint(time: number, value: number): string {
  return `[${writeTime(time)},"${writeValue(value)}"]`;
}

export function writeSeries({ labels, times, values }: ResultSeries): string {
  let points = '';
  for (let index = 0; index < times.length; index += 1)
    points += `${index === 0 ? '' : ','}${writePoint(times[index] ?? 0, values[index] ?? Number.NaN)}`;
  return `{"metric":${writeLabels(labels)},"values":[${points}]}`;
}
