// Series by chance, the same for the same seed.
import type { Sample } from '../../fakes/prometheus.ts';
import type { Random } from './random.ts';

export const JOBS = ['a', 'b'];
export const SERVERS = ['files', 'web', 'db'];
const INTERVAL = 15_000;
const BOUNDS = ['0.1', '0.5', '1.5', '5.5', '+Inf'];

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Counters with resets, gauges with NaN and infinities, histograms; gaps longer than the look-back, and ends. */
export function randomSeries(random: Random, span: Span): Sample[] {
  return JOBS.flatMap((job) => SERVERS.flatMap((server) => seriesOf(random, { job, server }, span)));
}

function seriesOf(random: Random, labels: Sample['labels'], span: Span): Sample[] {
  const times = (): Step[] => randomTimes(random, { ...span, interval: INTERVAL });
  const of = (name: string, step: NextValue, more = {}): Sample[] =>
    walk(random, { labels: { __name__: name, ...labels, ...more }, times: times(), step });
  return [
    ...of('restarts_total', counterStep, { reason: 'exit' }),
    ...of('restarts_total', counterStep, { reason: 'probe' }),
    ...of('memory_bytes', gaugeStep),
    ...of('up', flagStep),
    ...(random.chance(0.7) ? of('limit_bytes', () => 1000, { zone: random.pick(['x', 'y']) }) : []),
    ...histogram(random, labels, times()),
  ];
}

export interface Step {
  readonly time: number;
  readonly isEnd: boolean;
}

/** Mostly regular, with jitter, gaps and ends. */
export function randomTimes(
  random: Random,
  { start, end, interval }: { start: number; end: number; interval: number },
): Step[] {
  const steps: Step[] = [];
  let time = start + random.below(interval);
  while (time < end) {
    const isGap = random.chance(0.01);
    steps.push({ time, isEnd: isGap && random.chance(0.5) });
    time += isGap
      ? random.below(12 * 60_000) + interval
      : interval + (random.chance(0.3) ? random.below(400) - 200 : 0);
  }
  return steps;
}

export type NextValue = (value: number, random: Random, time: number) => number;

interface Walk {
  readonly labels: Sample['labels'];
  readonly times: readonly Step[];
  readonly step: NextValue;
}

export function walk(random: Random, { labels, times, step }: Walk): Sample[] {
  let value = random.below(50);
  return times.map(({ time, isEnd }) => {
    if (isEnd) return { labels, time, value: 0, isStale: true };
    value = step(value, random, time);
    return { labels, time, value };
  });
}

export function counterStep(value: number, random: Random): number {
  if (random.chance(0.01)) return random.below(3);
  return random.chance(0.3) ? value + random.below(10) / 4 : value;
}

function gaugeStep(value: number, random: Random): number {
  if (random.chance(0.005)) return random.pick([Number.NaN, Infinity, -Infinity]);
  const from = Number.isFinite(value) ? value : 500;
  // In quarters, which can be added up in any order without a rounding.
  return from + (random.below(80) - 36) / 4;
}

export function flagStep(value: number, random: Random): number {
  const now = value > 0 ? 1 : 0;
  return random.chance(0.05) ? 1 - now : now;
}

function histogram(random: Random, labels: Sample['labels'], times: readonly Step[]): Sample[] {
  const counts = BOUNDS.map(() => 0);
  return times.flatMap(({ time, isEnd }) => {
    const hits = random.below(4);
    for (let hit = 0; hit < hits; hit += 1) {
      const bucket = random.below(BOUNDS.length);
      for (let index = bucket; index < BOUNDS.length; index += 1) counts[index] = (counts[index] ?? 0) + 1;
    }
    return BOUNDS.map((le, index) => {
      const series = { ...labels, __name__: 'duration_bucket', le };
      return { labels: series, time, value: counts[index] ?? 0, isStale: isEnd };
    });
  });
}
