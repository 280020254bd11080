// Upstream's own test data: how many of its evaluations come to the same here. Give its folder as PROMQL_TESTDATA, and
// PROMQL_GENERATION=2 for that of Prometheus 2.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluateQuery } from '../../src/promql/evaluate/evaluate.ts';
import { formatLabels, writeKey } from '../../src/promql/model/labels.ts';
import { PromqlError } from '../../src/promql/model/syntax-tree.ts';
import { EvaluationError, type QueryValue } from '../../src/promql/model/value.ts';
import { parseQuery } from '../../src/promql/parse/parse.ts';
import { createSeriesStore, type SeriesStore } from '../../src/promql/series/series-store.ts';
import { type Evaluation, type LoadedSeries, readCommands } from './support/promqltest-file.ts';

const FOLDER = process.env['PROMQL_TESTDATA'] ?? '';
const GENERATION = process.env['PROMQL_GENERATION'] === '2' ? 2 : 3;
/** As upstream compares. */
const TOLERANCE = 1e-6;

type Outcome =
  | { readonly kind: 'same' }
  | { readonly kind: 'refused' | 'wrong' | 'native' | 'flagged'; readonly what: string };

/** Files that upstream evaluates with features of Prometheus 3 that are off unless a flag sets them. */
const FLAGGED = ['name_label_dropping.test', 'start_timestamps.test', 'type_and_unit.test'];

describe.skipIf(FOLDER === '')(`the test data in ${FOLDER}`, () => {
  test('come to the same, or are refused in words', { timeout: 600_000 }, () => {
    const outcomes = readdirSync(FOLDER)
      .filter((name) => name.endsWith('.test'))
      .sort()
      .flatMap((name) => runFile(name, readFileSync(join(FOLDER, name), 'utf8')));
    const count = (kind: Outcome['kind']): number => outcomes.filter((one) => one.kind === kind).length;
    const lines = outcomes.flatMap((one) =>
      one.kind === 'refused' || one.kind === 'wrong' ? [`${one.kind}: ${one.what}`] : [],
    );
    process.stdout.write(
      `${count('same')} of ${outcomes.length} evaluations alike, ${count('refused')} refused, ${count('native')} of native histograms, ${count('flagged')} of features behind flags, ${count('wrong')} differ\n${lines.join('\n')}\n`,
    );
    expect(outcomes).not.toEqual([]);
    expect(count('wrong')).toBe(0);
  });
});

function runFile(name: string, text: string): Outcome[] {
  let loaded: LoadedSeries[] = [];
  let native: string[] = [];
  const outcomes: Outcome[] = [];
  for (const command of readCommands(text)) {
    if (command.kind === 'clear') [loaded, native] = [[], []];
    if (command.kind === 'load') {
      loaded = [...loaded, ...command.series];
      native = [...native, ...command.skipped.map((one) => one.replace(/\{[\s\S]*/u, ''))];
    }
    if (command.kind === 'skip')
      outcomes.push({
        kind: command.reason === 'native histograms' ? 'native' : 'refused',
        what: `${name}:${command.line}: this runner cannot read ${command.reason}`,
      });
    if (command.kind !== 'eval') continue;
    const { evaluation } = command;
    // A selector without a name may find any of them.
    const isNative =
      native.some((one) => evaluation.expression.includes(one === '' ? '{' : one)) ||
      (native.length > 0 && /\{[^}]*__name__|(?:^|[(\s])\{/u.test(evaluation.expression));
    const outcome = judge(evaluation, storeOf(loaded));
    const what =
      'what' in outcome ? `${name}:${evaluation.line}: ${evaluation.expression}: ${outcome.what}` : '';
    if (outcome.kind === 'same') outcomes.push(outcome);
    else if (isNative) outcomes.push({ kind: 'native', what });
    else if (outcome.kind === 'wrong' && FLAGGED.includes(name)) outcomes.push({ kind: 'flagged', what });
    else outcomes.push({ kind: outcome.kind, what });
  }
  return outcomes;
}

/** Of two samples at one moment the later one counts. */
function storeOf(given: readonly LoadedSeries[]): SeriesStore {
  const loaded = [...new Map(given.map((one) => [`${writeKey(one.labels)} ${one.step}`, one])).values()];
  const store = createSeriesStore([{ selector: { name: null, matchers: [] }, reach: Infinity }]);
  for (const { labels, points, step } of loaded)
    for (const [index, point] of points.entries()) {
      if (point === 'stale') store.markStale(labels, index * step);
      else if (point !== null) store.append(labels, index * step, point);
    }
  return store;
}

function judge(evaluation: Evaluation, store: SeriesStore): Outcome {
  const { expression: text, at, mustFail } = evaluation;
  try {
    const spans = typeof at === 'number' ? {} : { step: at.step, range: at.end - at.start };
    const { expression } = parseQuery(text, { generation: GENERATION, ...spans });
    const differences: string[] = [];
    const times = typeof at === 'number' ? [at] : stepsOf(at);
    const rangeQuery = typeof at === 'number' ? { start: at, end: at } : at;
    for (const [step, time] of times.entries()) {
      const value = evaluateQuery(expression, time, store, { generation: GENERATION, rangeQuery });
      differences.push(...differencesAt(value, evaluation, typeof at === 'number' ? 0 : step));
    }
    if (mustFail) return { kind: 'wrong', what: 'must fail' };
    return differences.length === 0 ? { kind: 'same' } : { kind: 'wrong', what: differences[0] ?? '' };
  } catch (error) {
    if (!(error instanceof PromqlError || error instanceof EvaluationError)) throw error;
    return mustFail ? { kind: 'same' } : { kind: 'refused', what: error.message };
  }
}

function stepsOf({ start, end, step }: { start: number; end: number; step: number }): number[] {
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

function differencesAt(value: QueryValue, { expected, mustFail }: Evaluation, step: number): string[] {
  if (mustFail) return [];
  const got = new Map(
    elementsOf(value).map(({ labels, value: number }) => [writeKey(labels), { labels, number }]),
  );
  const differences: string[] = [];
  for (const { labels, points } of expected) {
    const point = points[step] ?? null;
    const own = got.get(writeKey(labels));
    got.delete(writeKey(labels));
    if (typeof point !== 'number') {
      if (own !== undefined) differences.push(`${formatLabels(labels)} is ${own.number}, wanted nothing`);
    } else if (own === undefined || !isAlmost(own.number, point))
      differences.push(`${formatLabels(labels)} is ${own?.number ?? 'missing'}, wanted ${point}`);
  }
  for (const { labels, number } of got.values())
    differences.push(`${formatLabels(labels)} = ${number} is not wanted`);
  return differences;
}

function elementsOf(value: QueryValue): { labels: Readonly<Record<string, string>>; value: number }[] {
  if (value.type === 'scalar') return [{ labels: {}, value: value.value }];
  return value.type === 'vector' ? [...value.elements] : [];
}

function isAlmost(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < TOLERANCE;
}
