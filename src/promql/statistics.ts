// Sums, spreads and quantiles of lists of numbers, for windows and for groups alike.

/** What rounding loses is carried along (Kahan, in Neumaier's form). */
export function sum(values: readonly number[]): number {
  const { total, lost } = values.reduce(addCarefully, { total: 0, lost: 0 });
  return total + lost;
}

interface CarefulSum {
  readonly total: number;
  readonly lost: number;
}

function addCarefully({ total, lost }: CarefulSum, value: number): CarefulSum {
  const next = total + value;
  if (!Number.isFinite(next)) return { total: next, lost: 0 };
  return {
    total: next,
    lost: lost + (Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total),
  };
}

export function average(values: readonly number[]): number {
  const total = sum(values);
  if (Number.isFinite(total) || values.some((value) => !Number.isFinite(value))) return total / values.length;
  // The sum is too large for a number, the mean is not.
  return meanSoFar(values);
}

/** Without a sum that could become too large: how Prometheus 2 averages. `isCareful` carries along what rounding loses. */
export function meanSoFar(values: readonly number[], { isCareful = true } = {}): number {
  let mean: CarefulSum = { total: 0, lost: 0 };
  for (const [index, value] of values.entries()) {
    const count = index + 1;
    const isSettled =
      !Number.isFinite(mean.total) &&
      !Number.isNaN(mean.total) &&
      (value === mean.total || Number.isFinite(value));
    if (isSettled) continue;
    const step = value / count - mean.total / count;
    mean = isCareful ? addCarefully(mean, step) : { total: mean.total + step, lost: 0 };
  }
  return mean.total + mean.lost;
}

/** Of NaN and a number the number wins, as in Prometheus. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most), Number.NaN);
}

export function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least), Number.NaN);
}

/** Of the population, not of a sample of it; in one pass (Welford), which is right for large numbers close together. */
export function variance(values: readonly number[]): number {
  let mean = 0;
  let squares = 0;
  for (const [index, value] of values.entries()) {
    const away = value - mean;
    mean += away / (index + 1);
    squares += away * (value - mean);
  }
  return squares / values.length;
}

/** Infinity wins over NaN, as in C and Go; in JavaScript NaN does. */
export function higher(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function lower(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** Linear between the two nearest; NaN sorts first. `share` from 0 to 1, else an infinity. */
export function quantile(share: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(share)) return Number.NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const sorted = values.toSorted(upwards);
  const rank = share * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank));
  const high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[low] ?? 0) * (1 - weight) + (sorted[high] ?? 0) * weight;
}

export function upwards(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) ? 1 : a - b || 0;
}
