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

/** Writes series one after the other; many of them have values at the same moments, whose text is made once. */
export function createSeriesWriter(): (series: ResultSeries) => string {
  const moments = new Map<number, string>();

  function begin(time: number): string {
    const known = moments.get(time);
    if (known !== undefined) return known;
    const made = `[${writeTime(time)},"`;
    moments.set(time, made);
    return made;
  }

  return ({ labels, times, values }) => {
    // Joined at once: a text that grows piece by piece is a chain of pieces, which the garbage collector walks.
    const points: string[] = [];
    for (let index = 0; index < times.length; index += 1)
      points.push(begin(times[index] ?? 0) + writeValue(values[index] ?? Number.NaN));
    const list = points.length === 0 ? '' : `${points.join('"],')}"]`;
    return `{"metric":${writeLabels(labels)},"values":[${list}]}`;
  };
}
