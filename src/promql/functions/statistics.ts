// Sums, spreads and quantiles of numbers, shared by window functions and aggregations.
import type { Numbers } from '../model/value.ts';

/** Sum with compensation of rounding errors (Kahan, in Neumaier's form). */
export class KahanSum {
  #total = 0;
  #lost = 0;

  add(value: number): void {
    const next = this.#total + value;
    if (Number.isFinite(next))
      this.#lost +=
        Math.abs(this.#total) >= Math.abs(value) ? this.#total - next + value : value - next + this.#total;
    this.#total = next;
  }

  get total(): number {
    return this.#total + this.#lost;
  }

  /** Without the compensation. */
  get uncompensated(): number {
    return this.#total;
  }
}

/** Kahan sum, inlined for speed: windows of hours are summed in each evaluation. */
export function sum(values: Numbers): number {
  let total = 0;
  let lost = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    const next = total + value;
    // An infinity has lost nothing; a NaN stays one.
    if (Math.abs(next) === Infinity) lost = 0;
    else lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return Math.abs(total) === Infinity ? total : total + lost;
}

/** Sum without compensation, as Prometheus 2 adds up a group. */
export function plainSum(values: Numbers): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Mean of sums with compensation; from where the sum would overflow, of means. As in Prometheus 3. */
export function average(values: Numbers): number {
  let [total, lost] = [values[0] ?? Number.NaN, 0];
  // As `kahan`, inlined for speed.
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    const next = total + value;
    if (next === Infinity || next === -Infinity) return averageBeyond(values, index, { total, lost });
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total / values.length + lost / values.length;
}

/** Goes on with the mean of the first `from` values, whose sum is `before`. */
function averageBeyond(values: Numbers, from: number, before: Compensated): number {
  let mean = { total: before.total / from, lost: before.lost / from };
  for (let index = from; index < values.length; index += 1) {
    const count = index + 1;
    const share = (count - 1) / count;
    mean = kahan((values[index] ?? 0) / count, share * mean.total, share * mean.lost);
  }
  return mean.total + mean.lost;
}

/** A sum, and what its rounding lost. */
interface Compensated {
  readonly total: number;
  readonly lost: number;
}

function kahan(value: number, total: number, lost: number): Compensated {
  const next = total + value;
  if (Math.abs(next) === Infinity) return { total: next, lost: 0 };
  const rounded = Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
  return { total: next, lost: lost + rounded };
}

/** Mean without a sum that could overflow, as in Prometheus 2. `isCompensated` corrects rounding errors. */
export function incrementalMean(values: Numbers, { isCompensated = true } = {}): number {
  const kahan = new KahanSum();
  let count = 0;
  for (const value of values) {
    const mean = kahan.uncompensated;
    count += 1;
    // Only the other infinity changes a mean that is infinite.
    if (Math.abs(mean) !== Infinity || (value !== mean && !Number.isFinite(value)))
      kahan.add(value / count - mean / count);
  }
  return isCompensated ? kahan.total : kahan.uncompensated;
}

/** Prefers a number to NaN, as Prometheus does. */
export function largest(values: Numbers): number {
  let most = Number.NaN;
  for (const value of values) if (value > most || Number.isNaN(most)) most = value;
  return most;
}

export function smallest(values: Numbers): number {
  let least = Number.NaN;
  for (const value of values) if (value < least || Number.isNaN(least)) least = value;
  return least;
}

/** Population variance in one pass (Welford), which stays exact for large numbers close together. */
export function variance(values: Numbers): number {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const value of values) {
    count += 1;
    const away = value - mean;
    mean += away / count;
    squares += away * (value - mean);
  }
  return squares / count;
}

/** As `variance`, with compensation: of the values of one series. */
export function compensatedVariance(values: Numbers): number {
  let mean: Compensated = { total: 0, lost: 0 };
  let squares: Compensated = { total: 0, lost: 0 };
  let count = 0;
  for (const value of values) {
    count += 1;
    const away = value - (mean.total + mean.lost);
    mean = kahan(away / count, mean.total, mean.lost);
    squares = kahan(away * (value - (mean.total + mean.lost)), squares.total, squares.lost);
  }
  return (squares.total + squares.lost) / count;
}

/** Prefers infinity to NaN, as C and Go do; JavaScript prefers NaN. */
export function higher(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function lower(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** Interpolates linearly between the two nearest values; NaN sorts first. An infinity unless `share` is from 0 to 1. */
export function quantile(share: number, values: Numbers): number {
  if (values.length === 0 || Number.isNaN(share)) return Number.NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const sorted = [...values].sort(ascending);
  const rank = share * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank));
  const high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[low] ?? 0) * (1 - weight) + (sorted[high] ?? 0) * weight;
}

/** Compares for an ascending sort, NaN first. */
export function ascending(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) ? 1 : a - b || 0;
}
