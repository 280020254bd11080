// Robust and smoothed measures of the values of one series.
import { EvaluationError, type Numbers } from '../model/value.ts';
import { quantile } from './statistics.ts';

/** Median of the distances from the median; NaN when a value is. */
export function medianDeviation(values: Numbers): number {
  const all = [...values];
  if (all.some(Number.isNaN)) return Number.NaN;
  const median = quantile(0.5, all);
  return quantile(
    0.5,
    all.map((value) => Math.abs(value - median)),
  );
}

/** Smooths value and trend (Holt); null with fewer than two values. @throws EvaluationError for a factor that is not between 0 and 1 */
export function smoothed(
  values: Numbers,
  { smoothing, trend }: { smoothing: number; trend: number },
): number | null {
  for (const [name, factor] of Object.entries({ smoothing, trend }))
    if (!(factor > 0 && factor < 1))
      throw new EvaluationError(`The ${name} factor must be between 0 and 1, got ${factor}`);
  if (values.length < 2) return null;
  let before = 0;
  let level = values[0] ?? 0;
  let slope = (values[1] ?? 0) - level;
  for (let index = 1; index < values.length; index += 1) {
    if (index > 1) slope = trend * (level - before) + (1 - trend) * slope;
    const next = smoothing * (values[index] ?? 0) + (1 - smoothing) * (level + slope);
    [before, level] = [level, next];
  }
  return level;
}
