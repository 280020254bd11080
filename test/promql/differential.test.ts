// Does our engine say what Prometheus says? Random series in both, and every expression asked of both.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/promql/evaluate.ts';
import { keyOf } from '../../src/promql/labels.ts';
import { parse } from '../../src/promql/parse.ts';
import { createStore } from '../../src/promql/store.ts';
import { type Prometheus, startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { createRandom, randomExpression, randomSeries } from './random.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const EXPRESSIONS = Number(process.env['PROMQL_EXPRESSIONS'] ?? 300);
const INSTANTS = 12;
const END = Math.floor(Date.now() / 60_000) * 60_000;
const START = END - 2 * 3_600_000;

const EVERYTHING = [{ selector: { name: null, matchers: [] }, reach: Infinity }];

describe.skipIf(!requireProgram('prometheus'))('the same samples', () => {
  const random = createRandom(SEED);
  const samples = randomSeries(random, { start: START, end: END });
  const store = createStore(EVERYTHING);
  let prometheus: Prometheus;

  beforeAll(async () => {
    prometheus = await startPrometheus();
    for (const { labels, time, value, isStale } of samples) {
      if (isStale === true) store.markStale(labels, time);
      else store.append(labels, time, value);
    }
    for (let from = 0; from < samples.length; from += 5000)
      await prometheus.write(samples.slice(from, from + 5000));
  }, 60_000);
  afterAll(() => prometheus.stop());

  test(
    `give the same values for ${EXPRESSIONS} expressions (seed ${SEED})`,
    { timeout: 300_000 },
    async () => {
      const generation = prometheus.version.startsWith('2.') ? 2 : 3;
      const differences: string[] = [];
      let compared = 0;
      for (let index = 0; index < EXPRESSIONS; index += 1) {
        const text = randomExpression(random);
        for (let instant = 0; instant < INSTANTS; instant += 1) {
          const at = START + Math.floor(random.next() * (END + 600_000 - START));
          const [ours, theirs] = [own(text, at, generation), await prometheus.query(text, at)];
          const difference = compare(ours, theirs);
          compared += 'elements' in ours ? ours.elements.length : 0;
          if (difference !== null) differences.push(`${text} @ ${at}: ${difference}`);
          if (differences.length > 20) break;
        }
      }
      expect(differences, `seed ${SEED}`).toEqual([]);
      expect(compared).toBeGreaterThan(EXPRESSIONS * 3);
      console.log(`${compared} values compared`);
    },
  );

  type Answer = Awaited<ReturnType<Prometheus['query']>>;

  function own(text: string, at: number, generation: 2 | 3): Answer {
    try {
      return { elements: evaluate(parse(text), at, store, { generation }) };
    } catch (error) {
      return { error: String(error) };
    }
  }

  function compare(ours: Answer, theirs: Answer): string | null {
    if ('error' in ours || 'error' in theirs) {
      if ('error' in ours && 'error' in theirs) return null;
      return 'error' in ours
        ? `only we refuse: ${ours.error}`
        : `only they refuse: ${'error' in theirs ? theirs.error : ''}`;
    }
    const wanted = new Map(theirs.elements.map(({ labels, value }) => [keyOf(labels), value]));
    for (const { labels, value } of ours.elements) {
      const other = wanted.get(keyOf(labels));
      if (other === undefined) return `only we have ${JSON.stringify(labels)} = ${value}`;
      if (!isSame(value, other)) return `${JSON.stringify(labels)}: we say ${value}, they say ${other}`;
      wanted.delete(keyOf(labels));
    }
    return wanted.size === 0 ? null : `only they have ${[...wanted.keys()][0]} = ${[...wanted.values()][0]}`;
  }
});

/** Sums are rounded in another order: the last digits may differ. */
function isSame(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-6);
}
