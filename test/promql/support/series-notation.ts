// How promtool writes series: `up{job="a"}` and `1+2x3 _x5 stale`.
import { type Labels, NAME } from '../../../src/promql/model/labels.ts';
import { parse } from '../../../src/promql/parse/parse.ts';

/** Null where there is no sample. */
export type Point = number | 'stale' | null;

export function parsePoints(text: string): Point[] {
  return text
    .trim()
    .split(/\s+/u)
    .filter((item) => item !== '')
    .flatMap(parseItem);
}

function parseItem(item: string): Point[] {
  if (item === 'stale') return ['stale'];
  const [, written = item, times] = /^([^x]*)x(\d+)$/u.exec(item) ?? [];
  if (written === '_') return Array.from({ length: Number(times ?? 1) }, () => null);
  const [, start, step] =
    /^([-+]?(?:[\d.]+(?:e[-+]?\d+)?|inf|nan))([-+][\d.]+(?:e[-+]?\d+)?)?$/iu.exec(written) ?? [];
  if (start === undefined) throw new Error(`"${item}" is no value of a series`);
  const points: Point[] = [];
  let value = toNumber(start);
  // One more than the times: the first, and then its repetitions.
  for (let index = 0; index <= Number(times ?? 0); index += 1) {
    points.push(value);
    value += Number(step ?? 0);
  }
  return points;
}

function toNumber(text: string): number {
  if (/nan$/iu.test(text)) return Number.NaN;
  return /inf$/iu.test(text) ? Number(`${text.replace(/inf$/iu, '')}Infinity`) : Number(text);
}

/** Of `up{job="a"}`. */
export function labelsIn(text: string): Labels {
  if (/^\s*(?:\{\s*\})?\s*$/u.test(text)) return {};
  const selector = parse(text);
  if (selector.kind !== 'selector') throw new Error(`"${text}" is no series`);
  const named = selector.name === null ? {} : { [NAME]: selector.name };
  return { ...named, ...Object.fromEntries(selector.matchers.map(({ label, value }) => [label, value])) };
}
