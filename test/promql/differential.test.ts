// Our engine beside Prometheus 2 (the program) and Prometheus 3 (the Go module): random series in both, every expression asked
// of both.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { EvaluationError } from '../../src/promql/model/value.ts';
import { evaluate } from '../../src/promql/evaluate/evaluate.ts';
import { writeKey } from '../../src/promql/model/labels.ts';
import { parse } from '../../src/promql/parse/parse.ts';
import { readRuleFile } from '../../src/promql/rules/rule-file.ts';
import { createSeriesStore } from '../../src/promql/series/series-store.ts';
import { PromqlError } from '../../src/promql/model/syntax-tree.ts';
import type { PrometheusMajor } from '../../src/promql/model/series-source.ts';
import { type Oracle, oracleProgram, startOracle } from '../fakes/oracle.ts';
import { type Answer, startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { PRECEDENCE, REFUSED, REFUSED_BY, SPECIAL, SPECIAL_OF } from './support/chosen-expressions.ts';
import { createRandom } from './support/random.ts';
import { randomExpression } from './support/random-expression.ts';
import { randomSeries } from './support/random-series.ts';
import { ruleSeries } from './support/rule-series.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? 2026);
const EXPRESSIONS = Number(process.env['PROMQL_EXPRESSIONS'] ?? 300);
const INSTANTS = 6;
const AT_ONCE = 8;
const HOUR = 3_600_000;
/** Fixed, as the seed is: where steps and windows fall depends on it. Ms since the epoch. */
const END = Number(process.env['PROMQL_END'] ?? Date.UTC(2026, 5, 1, 12));
const START = END - 2 * HOUR;

const EVERYTHING = [{ selector: { name: null, matchers: [] }, reach: Infinity }];
const ALERTING = fileURLToPath(new URL('../../alerting', import.meta.url));
const GROUPS = [
  ...readdirSync(join(ALERTING, 'rules')).map((name) => join(ALERTING, 'rules', name)),
  join(ALERTING, 'prometheus', 'fleet.rules.yml'),
].flatMap((path) => readRuleFile(parseYaml(readFileSync(path, 'utf8'))));

type Judge = Pick<Oracle, 'version' | 'write' | 'query' | 'stop'>;

const program = oracleProgram();
const JUDGES: readonly [PrometheusMajor, isThere: boolean, start: () => Promise<Judge>][] = [
  [2, requireProgram('prometheus'), startPrometheus],
  [3, program !== null, () => startOracle(program ?? '')],
];

describe.each(JUDGES)(`the same samples in Prometheus %d (PROMQL_SEED=${SEED})`, (major, isThere, start) => {
  if (!isThere) {
    test.skip('is not here');
    return;
  }
  const random = createRandom(SEED);
  const store = createSeriesStore(EVERYTHING);
  let prometheus: Judge;
  let generation: PrometheusMajor = major;

  beforeAll(async () => {
    const samples = [
      ...randomSeries(random, { start: START, end: END }),
      // The rules look further back, and the head of a Prometheus takes three hours.
      ...ruleSeries(random, { start: END - 3 * HOUR, end: END }, GROUPS),
    ].sort((a, b) => a.time - b.time);
    for (const { labels, time, value, isStale } of samples) {
      if (isStale === true) store.markStale(labels, time);
      else store.append(labels, time, value);
    }
    prometheus = await start();
    generation = prometheus.version.startsWith('2.') ? 2 : 3;
    for (let from = 0; from < samples.length; from += 10_000)
      await prometheus.write(samples.slice(from, from + 10_000));
  }, 300_000);
  afterAll(() => prometheus.stop());

  test(`give the same values for ${EXPRESSIONS} expressions by chance`, { timeout: 300_000 }, async () => {
    const texts = Array.from({ length: EXPRESSIONS }, () => randomExpression(random));
    expect(await compareAll(texts)).toBeGreaterThan(EXPRESSIONS * 3);
  });

  test('give the same values for every rule', { timeout: 240_000 }, async () => {
    const rules = GROUPS.flatMap(({ rules }) => rules);
    expect(await compareAll(rules.map(({ query }) => query))).toBeGreaterThan(rules.length * 3);
  });

  test('give the same values where operators compete, and in corners', { timeout: 240_000 }, async () => {
    expect(await compareAll([...PRECEDENCE, ...SPECIAL, ...SPECIAL_OF[generation]])).toBeGreaterThan(
      PRECEDENCE.length * 3,
    );
  });

  test('are refused to the same expressions', { timeout: 120_000 }, async () => {
    const at = END - HOUR;
    const refused = [...REFUSED, ...REFUSED_BY[generation]];
    const theirs = await Promise.all(refused.map((text) => prometheus.query(text, at)));
    expect(refused.filter((_, index) => !('error' in (theirs[index] ?? {})))).toEqual([]);
    expect(refused.filter((text) => !('error' in own(text, at)))).toEqual([]);
  });

  /** Fails with what differs; how many values were the same. */
  async function compareAll(texts: readonly string[]): Promise<number> {
    const questions = texts.flatMap((text) =>
      Array.from({ length: INSTANTS }, () => ({
        text,
        at: START + Math.floor(random.next() * (END + 600_000 - START)),
      })),
    );
    const differences: string[] = [];
    let compared = 0;
    for (let from = 0; from < questions.length && differences.length < 20; from += AT_ONCE) {
      const batch = questions.slice(from, from + AT_ONCE);
      const answers = await Promise.all(batch.map(({ text, at }) => prometheus.query(text, at)));
      for (const [index, { text, at }] of batch.entries()) {
        const [ours, theirs] = [own(text, at), answers[index] ?? { error: 'no answer' }];
        compared += 'elements' in ours ? ours.elements.length : 0;
        const difference = compare(ours, theirs);
        if (difference !== null) differences.push(`${text} @ ${at}: ${difference}`);
      }
    }
    expect(differences, `PROMQL_SEED=${SEED}`).toEqual([]);
    process.stdout.write(
      `Prometheus ${prometheus.version}: ${questions.length} answers alike, ${compared} values (PROMQL_SEED=${SEED})\n`,
    );
    return compared;
  }

  function own(text: string, at: number): Answer {
    try {
      return { elements: evaluate(parse(text, { generation }), at, store, { generation }) };
    } catch (error) {
      if (error instanceof PromqlError || error instanceof EvaluationError) return { error: error.message };
      throw error;
    }
  }
});

function compare(ours: Answer, theirs: Answer): string | null {
  if ('error' in ours) return 'error' in theirs ? null : `only we refuse: ${ours.error}`;
  if ('error' in theirs) return `only they refuse: ${theirs.error}`;
  const wanted = new Map(theirs.elements.map(({ labels, value }) => [writeKey(labels), value]));
  for (const { labels, value } of ours.elements) {
    const other = wanted.get(writeKey(labels));
    if (other === undefined) return `only we have ${JSON.stringify(labels)} = ${value}`;
    if (!isSame(value, other)) return `${JSON.stringify(labels)}: we say ${value}, they say ${other}`;
    wanted.delete(writeKey(labels));
  }
  return wanted.size === 0 ? null : `only they have ${[...wanted.keys()][0]} = ${[...wanted.values()][0]}`;
}

/** Sums are rounded in another order: the last digits may differ. */
function isSame(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-6);
}
