// How promtool writes the samples of a series: `1+2x3`, `_x5`, `stale`.

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
  const blank = /^_(?:x(\d+))?$/u.exec(item);
  if (blank !== null) return Array.from({ length: Number(blank[1] ?? 1) }, () => null);
  if (item === 'stale') return ['stale'];
  const parts = /^([-+]?[^-+xe]+(?:e[-+]?\d+)?)(?:([-+][^xe]+(?:e[-+]?\d+)?)?x(\d+))?$/iu.exec(item);
  const start = parts === null ? Number.NaN : toNumber(parts[1] ?? '');
  if (parts === null || (Number.isNaN(start) && !/nan$/iu.test(parts[1] ?? '')))
    throw new Error(`"${item}" is no value of a series`);
  const [, , step, times] = parts;
  const points: Point[] = [];
  let value = start;
  // One more than the times: the first, and then its repetitions.
  for (let index = 0; index <= Number(times ?? 0); index += 1) {
    points.push(value);
    value += step === undefined ? 0 : toNumber(step);
  }
  return points;
}

function toNumber(text: string): number {
  const [, sign = '', plain = ''] = /^([-+]?)([\s\S]*)$/u.exec(text) ?? [];
  const size = /^inf$/iu.test(plain)
    ? Infinity
    : /^(?:[\d.]+(?:e[-+]?\d+)?)$/iu.test(plain)
      ? Number(plain)
      : Number.NaN;
  return sign === '-' ? -size : size;
}
