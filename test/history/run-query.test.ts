// Evaluation over the history beside the evaluator of rules: what is computed series by series, in blocks and from subqueries
// that were evaluated before, comes to the same as one moment after the other.
import { describe, expect, it } from 'vitest';
import { openQuerySource } from '../../src/history/query/query-source.ts';
import { evaluateAt, evaluateRange, type ResultSeries } from '../../src/history/query/run-query.ts';
import { QueryError } from '../../src/history/query/query-error.ts';
import { createWorkBudget } from '../../src/history/query/work-budget.ts';
import { HistoryStore } from '../../src/history/store/history-store.ts';
import { evaluateQuery } from '../../src/promql/evaluate/evaluate.ts';
import { writeKey } from '../../src/promql/model/labels.ts';
import { memoize } from '../../src/promql/model/memoize.ts';
import type { PrometheusMajor, Selection, SeriesSource } from '../../src/promql/model/series-source.ts';
import { EvaluationError } from '../../src/promql/model/value.ts';
import { parseQuery } from '../../src/promql/parse/parse.ts';
import { createRandom } from '../promql/support/random.ts';
import { randomExpression } from '../promql/support/random-expression.ts';
import { randomSeries } from '../promql/support/random-series.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const EXPRESSIONS = Number(process.env['PROMQL_EXPRESSIONS'] ?? 200);
const EVERY = 15_000;
const START = 1_800_000_000_000;
const END = START + 2 * 3_600_000;

/** The random series, as if all of them were read at the same times. */
function randomStore(): HistoryStore {
  const readings = new Map<number, Map<Record<string, string>, number>>();
  for (const { labels, time, value, isStale } of randomSeries(createRandom(SEED), {
    start: START,
    end: END,
  })) {
    const at = Math.ceil(time / EVERY) * EVERY;
    const reading = readings.get(at) ?? new Map();
    readings.set(at, reading);
    if (isStale !== true) reading.set(labels, value);
  }
  const store = new HistoryStore();
  for (const [at, reading] of [...readings].sort(([a], [b]) => a - b)) {
    const tick = store.beginTick(at);
    if (tick === null) continue;
    const seen = new Set(
      [...reading].map(([labels, value]) => {
        const series = store.series(labels);
        store.set(series, tick, value);
        return series;
      }),
    );
    for (const series of store.live()) if (!seen.has(series)) store.end(series, tick);
  }
  return store;
}

const store = randomStore();
const times = store.times(store.ticksBetween(START, END + 60_000));
/** Everything, and no subquery. */
const source: SeriesSource = {
  select: memoize((selection: Selection) => store.find(selection).map((series) => store.read(series, times))),
};

const budget = createWorkBudget({
  now: () => 0,
  cpu: () => 0,
  turn: () => Promise.resolve(),
  mostWork: Infinity,
  signal: new AbortController().signal,
});

type Values = Map<string, number>;

interface Query {
  readonly text: string;
  readonly moments: readonly number[];
  readonly generation: PrometheusMajor;
}

function optionsOf({ moments, generation }: Query) {
  return { generation, rangeQuery: { start: moments[0] ?? 0, end: moments.at(-1) ?? 0 } };
}

async function inBlocks(query: Query): Promise<Values | string> {
  const { expression } = parseQuery(query.text, query);
  const options = optionsOf(query);
  try {
    const opened = await openQuerySource(store, expression, { moments: query.moments, budget, options });
    const run = { source: opened, budget, options };
    return valuesOf(await evaluateRange(expression, query.moments, run));
  } catch (error) {
    if (error instanceof QueryError) return 'refused';
    throw error;
  }
}

function valuesOf(all: readonly ResultSeries[]): Values {
  const values = all.flatMap(({ labels, times: own, values: numbers }) =>
    Array.from(own, (at, index): [string, number] => [`${writeKey(labels)} at ${at}`, numbers[index] ?? 0]),
  );
  return new Map(values);
}

function oneByOne(query: Query): Values | string {
  const { expression } = parseQuery(query.text, query);
  const values: Values = new Map();
  try {
    for (const at of query.moments) {
      const value = evaluateQuery(expression, at, source, optionsOf(query));
      if (value.type === 'scalar') values.set(` at ${at}`, value.value);
      if (value.type === 'vector')
        for (const { labels, value: number } of value.elements)
          values.set(`${writeKey(labels)} at ${at}`, number);
    }
  } catch (error) {
    if (error instanceof EvaluationError) return 'refused';
    throw error;
  }
  return values;
}

function differences(ours: Values | string, wanted: Values | string): string[] {
  if (typeof ours === 'string' || typeof wanted === 'string')
    return ours === wanted ? [] : [`${typeof ours} instead of ${typeof wanted}`];
  return [...new Set([...ours.keys(), ...wanted.keys()])]
    .filter((key) => !isSame(ours.get(key), wanted.get(key)))
    .map((key) => `${key}: ${ours.get(key)} instead of ${wanted.get(key)}`);
}

/** Sums may be added up in another order. */
function isSame(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-6);
}

async function compare(query: Query): Promise<number> {
  const wanted = oneByOne(query);
  const found = differences(await inBlocks(query), wanted);
  expect(found.slice(0, 3), `${query.text} (PROMQL_SEED=${SEED}, generation ${query.generation})`).toEqual(
    [],
  );
  return typeof wanted === 'string' ? 0 : wanted.size;
}

function momentsFrom(start: number, step: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index * step);
}

const SPECIAL = [
  'rate(restarts_total[5m])',
  'increase(restarts_total[1h])',
  'delta(memory_bytes[17m])',
  'sum by (job) (rate(restarts_total[5m]))',
  'histogram_quantile(0.9, sum by (le, job) (rate(duration_bucket[5m])))',
  'histogram_fraction(0, 0.5, duration_bucket)',
  'memory_bytes / on (job, server) limit_bytes',
  'restarts_total * on (job, server) group_left up',
  'memory_bytes > 500',
  '500 < bool memory_bytes',
  'up == 0 or up == 1',
  'clamp(memory_bytes, scalar(up{job="a", server="db"}) * 100, 500)',
  'round(memory_bytes, 10)',
  'clamp(memory_bytes - on (zone) memory_bytes, 2, -3)',
  'quantile_over_time(0.5, memory_bytes[10m])',
  'predict_linear(memory_bytes[10m], 60)',
  'last_over_time(up[10m])',
  'absent_over_time(up{job="a"}[1m])',
  'quantile by (job) (0.5, memory_bytes)',
  'topk(2, restarts_total)',
  'count_values("value", up)',
  'stddev(memory_bytes)',
  'max_over_time(sum(rate(restarts_total[5m]))[30m:1m])',
  'rate(sum_over_time(up[5m:30s])[20m:1m] offset 5m)',
  'max_over_time(up[10m:] @ end())',
  'sum_over_time(up @ start() [10m:2m])',
  'timestamp(up) - time()',
  '-up',
  'label_replace(up, "job", "one", "", "")',
  'label_replace(restarts_total, "server", "$1-$2", "job", "(.)(.*)")',
  'label_join(memory_bytes, "both", "/", "job", "server")',
  'sum by (both) (rate(label_join(restarts_total, "both", "/", "job", "server")[10m:1m]))',
  'count(label_replace(duration_bucket, "le", "", "", ".*"))',
  '{__name__=~"up|memory_bytes"} * 2',
  'time() % 60',
  'vector(time())',
];

describe(`evaluateRange() (PROMQL_SEED=${SEED})`, () => {
  it.each(SPECIAL)('%s comes to the same', async (text) => {
    for (const generation of [2, 3] as const) {
      await compare({ text, generation, moments: momentsFrom(START + 600_000, 20_000, 270) });
      await compare({ text, generation, moments: momentsFrom(START, 600_000, 15) });
    }
  });

  it(`${EXPRESSIONS} expressions by chance come to the same`, { timeout: 120_000 }, async () => {
    const random = createRandom(SEED);
    let compared = 0;
    for (let index = 0; index < EXPRESSIONS; index += 1) {
      const [start, step] = [START + random.below(END - START), random.pick([15_000, 60_000, 37_000])];
      compared += await compare({
        text: randomExpression(random),
        generation: random.pick([2, 3]),
        moments: momentsFrom(start, step, 12),
      });
    }
    expect(compared).toBeGreaterThan(EXPRESSIONS * 10);
  });
});

describe('evaluateAt()', () => {
  it.each(['1 + 1', 'sort_desc(memory_bytes)', 'sum(up)', 'up[5m]', '"text"'])(
    '%s comes to the same as for a rule',
    async (text) => {
      const at = START + 3_600_000;
      const query = parseQuery(text);
      const options = { rangeQuery: { start: at, end: at } };
      const opened = await openQuerySource(store, query.expression, { moments: [at], budget, options });
      const value = await evaluateAt(query, at, { source: opened, budget, options });
      expect(comparable(value)).toEqual(comparable(evaluateQuery(query.expression, at, source, options)));
    },
  );
});

function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (one instanceof Float64Array ? [...one] : one)),
  );
}
