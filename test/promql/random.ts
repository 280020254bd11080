// Series and expressions by chance, the same for the same seed.
import type { Sample } from '../fakes/prometheus.ts';

export interface Random {
  /** From 0 up to 1. */
  next(): number;
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  chance(share: number): boolean;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (count: number): number => Math.floor(next() * count);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick(list) {
      const chosen = list[below(list.length)];
      if (chosen === undefined) throw new Error('Nothing to pick from');
      return chosen;
    },
  };
}

const JOBS = ['a', 'b'];
const SERVERS = ['files', 'web', 'db'];
const INTERVAL = 15_000;
const BOUNDS = ['0.1', '0.5', '1.5', '5.5', '+Inf'];

/** Counters with resets, gauges with NaN and infinities, histograms; gaps longer than the look-back, and ends. In order of time. */
export function randomSeries(random: Random, { start, end }: { start: number; end: number }): Sample[] {
  const samples: Sample[] = [];
  for (const job of JOBS)
    for (const server of SERVERS) {
      const labels = { job, server };
      const times = () => randomTimes(random, { start, end });
      for (const reason of ['exit', 'probe'])
        samples.push(
          ...walk(random, {
            labels: { ...labels, __name__: 'restarts_total', reason },
            times: times(),
            step: counterStep,
          }),
        );
      samples.push(
        ...walk(random, { labels: { ...labels, __name__: 'memory_bytes' }, times: times(), step: gaugeStep }),
      );
      samples.push(
        ...walk(random, { labels: { ...labels, __name__: 'up' }, times: times(), step: flagStep }),
      );
      if (random.chance(0.7))
        samples.push(
          ...walk(random, {
            labels: { __name__: 'limit_bytes', ...labels, zone: random.pick(['x', 'y']) },
            times: times(),
            step: () => 1000,
          }),
        );
      samples.push(...histogram(random, labels, times()));
    }
  return samples.sort((a, b) => a.time - b.time);
}

interface Step {
  readonly time: number;
  readonly isEnd: boolean;
}

function randomTimes(random: Random, { start, end }: { start: number; end: number }): Step[] {
  const steps: Step[] = [];
  let time = start + random.below(INTERVAL);
  while (time < end) {
    const isGap = random.chance(0.01);
    steps.push({ time, isEnd: isGap && random.chance(0.5) });
    time += isGap
      ? random.below(12 * 60_000) + INTERVAL
      : INTERVAL + (random.chance(0.3) ? random.below(400) - 200 : 0);
  }
  return steps;
}

interface Walk {
  readonly labels: Sample['labels'];
  readonly times: readonly Step[];
  readonly step: (value: number, random: Random) => number;
}

function walk(random: Random, { labels, times, step }: Walk): Sample[] {
  let value = random.below(50);
  return times.map(({ time, isEnd }) => {
    if (isEnd) return { labels, time, value: 0, isStale: true };
    value = step(value, random);
    return { labels, time, value };
  });
}

function counterStep(value: number, random: Random): number {
  if (random.chance(0.01)) return random.below(3);
  return random.chance(0.3) ? value + random.below(10) / 4 : value;
}

function gaugeStep(value: number, random: Random): number {
  if (random.chance(0.005)) return random.pick([Number.NaN, Infinity, -Infinity]);
  const from = Number.isFinite(value) ? value : 500;
  return from + (random.next() - 0.45) * 20;
}

function flagStep(value: number, random: Random): number {
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
    return BOUNDS.map((le, index) => ({
      labels: { ...labels, __name__: 'duration_bucket', le },
      time,
      value: counts[index] ?? 0,
      ...(isEnd ? { isStale: true } : {}),
    }));
  });
}

const RANGES = ['1m', '5m', '17m', '1h'];
const METRICS = ['restarts_total', 'memory_bytes', 'up', 'limit_bytes', 'duration_bucket', 'nothing'];
const LABELS = ['job', 'server', 'reason', 'zone', 'le'];

/** Any construct that rules may use, nested a few levels deep. */
export function randomExpression(random: Random, depth = 3): string {
  if (depth <= 0 || random.chance(0.1)) return selector(random);
  return random.pick(FORMS)(random, depth - 1);
}

type Form = (random: Random, depth: number) => string;

const FORMS: readonly Form[] = [
  (random) => overTime(random),
  (random) => overTime(random),
  (random, depth) => aggregation(random, depth),
  (random, depth) => aggregation(random, depth),
  (random, depth) => between(random, depth),
  (random, depth) => between(random, depth),
  (random, depth) =>
    `${wrapped(random, depth)} ${random.pick(['+', '-', '*', '/', '%', '^', '>', '<', '>=', '<=', '==', '!=', '> bool', '<= bool', '== bool'])} ${number(random)}`,
  (random, depth) =>
    `${number(random)} ${random.pick(['+', '-', '*', '/', '<', '>', '>= bool'])} ${wrapped(random, depth)}`,
  (random, depth) =>
    `${random.pick(['abs', 'ceil', 'floor', 'sgn', 'sqrt', 'exp', 'ln', 'log2', 'log10', 'round'])}(${randomExpression(random, depth)})`,
  (random, depth) => `clamp(${randomExpression(random, depth)}, ${number(random)}, ${number(random)})`,
  (random, depth) =>
    `${random.pick(['clamp_min', 'clamp_max', 'round'])}(${randomExpression(random, depth)}, ${random.pick(['0.1', '2', '5', '10'])})`,
  (random, depth) => `absent(${randomExpression(random, depth)})`,
  (random) => `absent_over_time(${range(random)})`,
  (random, depth) => `vector(scalar(${randomExpression(random, depth)}))`,
  (random, depth) => `-${wrapped(random, depth)}`,
  (random) => `time() - timestamp(${selector(random)})`,
  (random, depth) => `time() - timestamp(${randomExpression(random, depth)})`,
  (random) =>
    `${random.pick(['hour', 'minute', 'month', 'year', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month'])}()`,
  (random, depth) =>
    `histogram_quantile(${random.pick(['0.5', '0.9', '0.95', '0.99', '1', '0', '1.1', '-1'])}, sum by (${random.pick(['le', 'le, server', 'le, job'])}) (rate(duration_bucket[${random.pick(RANGES)}])))${depth > 1 ? ' > 0.2' : ''}`,
  (random, depth) =>
    `label_replace(${randomExpression(random, depth)}, "${random.pick(['zone', 'other', 'job'])}", "$1-${random.pick(['x', '$2'])}", "server", "${random.pick(['(.*)', '(f)(.*)', 'w.*', '([a-z]+)'])}")`,
  (random, depth) => `label_join(${randomExpression(random, depth)}, "both", "-", "job", "server")`,
];

function selector(random: Random): string {
  const offset = random.chance(0.15) ? ` offset ${random.pick(['5m', '1h', '30s', '-2m'])}` : '';
  return `${named(random)}${offset}`;
}

function named(random: Random): string {
  const matchers = LABELS.filter(() => random.chance(0.15)).map((label) =>
    random.pick([
      `${label}="${value(random, label)}"`,
      `${label}!="${value(random, label)}"`,
      `${label}=~"${value(random, label)}|x.*"`,
      `${label}!~"${value(random, label)}.*"`,
    ]),
  );
  return `${random.pick(METRICS)}${matchers.length === 0 ? '' : `{${matchers.join(',')}}`}`;
}

function value(random: Random, label: string): string {
  return (
    { job: random.pick(JOBS), server: random.pick(SERVERS), reason: 'exit', zone: 'x', le: '0.5' }[label] ??
    ''
  );
}

function range(random: Random): string {
  const offset = random.chance(0.1) ? ` offset ${random.pick(['5m', '30m'])}` : '';
  return `${named(random)}[${random.pick(RANGES)}]${offset}`;
}

function overTime(random: Random): string {
  const taken = range(random);
  const name = random.pick([
    ...[
      'rate',
      'irate',
      'increase',
      'delta',
      'idelta',
      'deriv',
      'changes',
      'resets',
      'last_over_time',
      'present_over_time',
    ],
    ...[
      'avg_over_time',
      'sum_over_time',
      'min_over_time',
      'max_over_time',
      'count_over_time',
      'stddev_over_time',
      'stdvar_over_time',
    ],
    'quantile_over_time',
    'predict_linear',
  ]);
  if (name === 'quantile_over_time')
    return `quantile_over_time(${random.pick(['0', '0.5', '0.9', '1'])}, ${taken})`;
  if (name === 'predict_linear') return `predict_linear(${taken}, ${random.pick(['600', '3600', '-60'])})`;
  return `${name}(${taken})`;
}

function grouping(random: Random): string {
  return `${random.pick(['by', 'without'])} (${LABELS.filter(() => random.chance(0.4)).join(', ')})`;
}

function aggregation(random: Random, depth: number): string {
  const inner = randomExpression(random, depth);
  const name = random.pick([
    'sum',
    'avg',
    'min',
    'max',
    'count',
    'group',
    'stddev',
    'stdvar',
    'quantile',
    'topk',
    'bottomk',
  ]);
  const where = random.chance(0.8) ? ` ${grouping(random)} ` : '';
  if (name === 'quantile') return `quantile${where}(${random.pick(['0', '0.3', '0.5', '1'])}, ${inner})`;
  // Of equals either may be picked: only how many are.
  if (name === 'topk' || name === 'bottomk')
    return `count${where}(${name}${where}(${random.pick(['1', '2', '100'])}, ${inner}))`;
  return `${name}${where}(${inner})`;
}

function between(random: Random, depth: number): string {
  const [left, right] = [wrapped(random, depth), wrapped(random, depth)];
  const labels = LABELS.filter(() => random.chance(0.4));
  const matching = random.chance(0.8) ? ` ${random.pick(['on', 'ignoring'])} (${labels.join(', ')})` : '';
  if (random.chance(0.35)) return `${left} ${random.pick(['and', 'or', 'unless'])}${matching} ${right}`;
  const include = random.chance(0.5)
    ? `(${LABELS.filter((label) => !labels.includes(label) && random.chance(0.3)).join(', ')})`
    : '';
  const group =
    matching !== '' && random.chance(0.5) ? ` ${random.pick(['group_left', 'group_right'])} ${include}` : '';
  const operator = random.pick(['+', '-', '*', '/', '>', '<', '>=', '==', '!=', '> bool', '== bool']);
  return `${left} ${operator}${matching}${group} ${right}`;
}

function wrapped(random: Random, depth: number): string {
  return `(${randomExpression(random, depth)})`;
}

function number(random: Random): string {
  return random.pick(['0', '1', '2', '0.5', '100', '-3', '1e3', 'Inf', 'NaN']);
}
