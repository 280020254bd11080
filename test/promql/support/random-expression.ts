// PromQL by chance: every construct that rules may use, on the series of random-series.ts.
import type { Random } from './random.ts';
import { JOBS, SERVERS } from './random-series.ts';

const RANGES = ['1m', '5m', '17m', '1h'];
const METRICS = ['restarts_total', 'memory_bytes', 'up', 'limit_bytes', 'duration_bucket', 'nothing'];
const LABELS = ['job', 'server', 'reason', 'zone', 'le'];

/** Any construct that rules may use, nested a few levels deep. */
export function randomExpression(random: Random): string {
  for (;;) {
    const text = nested(random, 3);
    if (!isOnEdge(text) && !isForgotten(text)) return text;
  }
}

/** Prometheus reads other samples than it asked its storage for: `timestamp()` forgets the offset beside an `@`, and finds nothing. */
function isForgotten(text: string): boolean {
  return /timestamp\(\(*\w+(?:\{[^}]*\})? offset \S+ @/u.test(text);
}

/** The last digit of such a result is not the same everywhere, and what is asked of it turns that into a whole step. */
function isOnEdge(text: string): boolean {
  return (
    /\b(?:exp|ln|log2|log10|stddev|stdvar|stddev_over_time|stdvar_over_time|atan|sinh|deg|rad|deriv|predict_linear|avg)\b|\^/u.test(
      text,
    ) && /\b(?:ceil|floor|round|sgn)\b|[=!]=|%/u.test(text.replaceAll(/\{[^}]*\}/gu, ''))
  );
}

function nested(random: Random, depth: number): string {
  if (depth <= 0 || random.chance(0.1)) return selector(random);
  return random.pick(FORMS)(random, depth - 1);
}

type Form = (random: Random, depth: number) => string;

const FORMS: readonly Form[] = [
  (random) => overTime(random),
  (random) => overTime(random),
  (random, depth) => subquery(random, depth),
  (random, depth) => aggregation(random, depth),
  (random, depth) => aggregation(random, depth),
  (random, depth) => between(random, depth),
  (random, depth) => between(random, depth),
  (random, depth) =>
    `${wrapped(random, depth)} ${random.pick(['+', '-', '*', '/', '%', '^', '>', '<', '>=', '<=', '==', '!=', '> bool', '<= bool', '== bool'])} ${number(random)}`,
  (random, depth) =>
    `${number(random)} ${random.pick(['+', '-', '*', '/', '<', '>', '>= bool'])} ${wrapped(random, depth)}`,
  (random, depth) =>
    `${random.pick(['abs', 'ceil', 'floor', 'sgn', 'sqrt', 'exp', 'ln', 'log2', 'log10', 'round', 'atan', 'sinh', 'deg', 'rad'])}(${nested(random, depth)})`,
  (random, depth) => `clamp(${nested(random, depth)}, ${number(random)}, ${number(random)})`,
  (random, depth) =>
    `${random.pick(['clamp_min', 'clamp_max', 'round'])}(${nested(random, depth)}, ${random.pick(['0.1', '2', '5', '10'])})`,
  (random, depth) => `absent(${nested(random, depth)})`,
  (random) => flat(random),
  (random) => `absent_over_time(${range(random)})`,
  (random, depth) => `vector(scalar(${nested(random, depth)}))`,
  (random, depth) => `-${wrapped(random, depth)}`,
  (random) => `time() - timestamp(${selector(random)})`,
  (random, depth) => `time() - timestamp(${nested(random, depth)})`,
  (random) =>
    `${random.pick(['hour', 'minute', 'month', 'year', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month'])}()`,
  (random, depth) =>
    `histogram_quantile(${random.pick(['0.5', '0.9', '0.95', '0.99', '1', '0', '1.1', '-1'])}, sum by (${random.pick(['le', 'le, server', 'le, job'])}) (rate(duration_bucket[${random.pick(RANGES)}])))${depth > 1 ? ' > 0.2' : ''}`,
  (random, depth) =>
    `label_replace(${nested(random, depth)}, "${random.pick(['zone', 'other', 'job'])}", "$1-${random.pick(['x', '$2'])}", "server", "${random.pick(['(.*)', '(f)(.*)', 'w.*', '([a-z]+)'])}")`,
  (random, depth) => `label_join(${nested(random, depth)}, "both", "-", "job", "server")`,
];

function selector(random: Random): string {
  return `${named(random)}${timing(random)}`;
}

function timing(random: Random): string {
  const offset = random.chance(0.15) ? ` offset ${random.pick(['5m', '1h', '30s', '-2m'])}` : '';
  return `${offset}${random.chance(0.05) ? ` @ ${random.pick(['start()', 'end()'])}` : ''}`;
}

/** The steps of a subquery within one would be too many. */
function subquery(random: Random, depth: number): string {
  const name = random.pick(OVER_TIME.filter((one) => !/quantile|predict/u.test(one)));
  const [range, step] = [random.pick(['5m', '20m', '1h']), random.pick(['', '1m', '90s', '7m'])];
  const inside = random.chance(0.5) ? named(random) : wrapped(random, Math.min(depth, 1));
  return `${name}(${inside.includes(':') ? named(random) : inside}[${range}:${step}]${timing(random)})`;
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

const OVER_TIME = [
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
  'avg_over_time',
  'sum_over_time',
  'min_over_time',
  'max_over_time',
  'count_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'predict_linear',
];

function overTime(random: Random): string {
  const taken = range(random);
  const name = random.pick(OVER_TIME);
  if (name === 'quantile_over_time')
    return `quantile_over_time(${random.pick(['0', '0.5', '0.9', '1'])}, ${taken})`;
  if (name === 'predict_linear') return `predict_linear(${taken}, ${random.pick(['600', '3600', '-60'])})`;
  return `${name}(${taken})`;
}

function grouping(random: Random): string {
  return `${random.pick(['by', 'without'])} (${LABELS.filter(() => random.chance(0.4)).join(', ')})`;
}

function aggregation(random: Random, depth: number): string {
  const inner = nested(random, depth);
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
  // Never left out: a bracket behind group_left would be taken for its labels.
  const include = LABELS.filter((label) => !labels.includes(label) && random.chance(0.15));
  const side = random.pick(['group_left', 'group_right']);
  const group = matching !== '' && random.chance(0.5) ? ` ${side} (${include.join(', ')})` : '';
  const operator = random.pick(['+', '-', '*', '/', '>', '<', '>=', '==', '!=', '> bool', '== bool']);
  return `${left} ${operator}${matching}${group} ${right}`;
}

/** Without brackets: which operator is stronger decides. */
function flat(random: Random): string {
  let text = random.chance(0.3) ? `-${selector(random)}` : selector(random);
  const count = 1 + random.below(3);
  for (let index = 0; index < count; index += 1) {
    const operator = random.pick(['+', '-', '*', '/', '%', '>', '<=', '==', 'and', 'or', 'unless']);
    const isSet = /^[aou]/u.test(operator);
    text += ` ${operator} ${isSet || random.chance(0.7) ? selector(random) : number(random)}`;
  }
  return text;
}

function wrapped(random: Random, depth: number): string {
  return `(${nested(random, depth)})`;
}

function number(random: Random): string {
  return random.pick(['0', '1', '2', '0.5', '100', '-3', '1e3', 'Inf', 'NaN']);
}
