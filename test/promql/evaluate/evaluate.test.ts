import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import { createSeriesStore } from '../../../src/promql/series/series-store.ts';
import type { Expression } from '../../../src/promql/model/syntax-tree.ts';
import { EvaluationError } from '../../../src/promql/model/value.ts';
import { createRandom } from '../support/random.ts';
import { randomExpression } from '../support/random-expression.ts';
import { randomSeries } from '../support/random-series.ts';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({ 'up{job="a"}': '1', 'up{job="b"}': '0', 'down{job="a"}': '1' });

describe('evaluate()', () => {
  test('makes a number one element without labels', () => {
    expect(ask('1 + 1', store)).toEqual({ '{}': 2 });
  });

  test('takes the sign of what is left', () => {
    expect(ask('-up', store)).toEqual({ '{job="a"}': -1, '{job="b"}': -0 });
    expect(ask('+up', store)).toEqual({ 'up{job="a"}': 1, 'up{job="b"}': 0 });
    expect(ask('-(3)', store)).toEqual({ '{}': -3 });
  });

  test('keeps the name of what is only selected', () => {
    expect(ask('up{job="a"} and on (job) down', store)).toEqual({ 'up{job="a"}': 1 });
  });

  test.each([
    [
      'of a selector over several names',
      'abs({__name__=~"up|down"})',
      'Two results have the same labels: {job="a"}',
    ],
    ['of a set', 'up + 0 or ignoring (x) (up + 0 and on () up) or on (x, job) (-up * -1)', ''],
  ])('refuses results with the same labels %s', (_, text, message) => {
    if (message === '') expect(() => ask(text, store)).not.toThrow();
    else expect(() => ask(text, store)).toThrow(message);
  });

  test('asks a source that has nothing', () => {
    expect(ask('absent(up)', { select: () => [] })).toEqual({ '{}': 1 });
  });

  test.each<[what: string, tree: (parsed: Expression) => Expression]>([
    ['a function that there is not', () => ({ kind: 'call', name: 'none', args: [], from: 0, to: 0 })],
    ['arguments that are missing', () => ({ kind: 'call', name: 'abs', args: [], from: 0, to: 0 })],
    [
      'a text for a vector',
      (up) => ({
        kind: 'signed',
        isNegative: true,
        operand: { ...up, kind: 'string', value: '' },
        from: 0,
        to: 0,
      }),
    ],
    ['a text as the result', (up) => ({ ...up, kind: 'string', value: '' })],
    ['a vector for a number', (up) => ({ kind: 'call', name: 'vector', args: [up], from: 0, to: 0 })],
    ['a vector for a range', (up) => ({ kind: 'call', name: 'rate', args: [up], from: 0, to: 0 })],
  ])('refuses a tree that was not checked: %s', (_, tree) => {
    expect(() => evaluate(tree(parse('up')), 0, store)).toThrow(EvaluationError);
  });
});

test('whatever the expression and the samples, nothing but an EvaluationError comes out', () => {
  const end = 2 * 3_600_000;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = createRandom(seed);
      const full = createSeriesStore([{ selector: { name: null, matchers: [] }, reach: Infinity }]);
      for (const { labels, time, value, isStale } of randomSeries(random, { start: 0, end: end / 4 }))
        if (isStale === true) full.markStale(labels, time);
        else full.append(labels, time, value);
      for (let count = 0; count < 20; count += 1) {
        const text = randomExpression(random);
        const generation = random.pick([2, 3] as const);
        expect(faultOf(() => evaluate(parse(text), random.below(end), full, { generation }))).toBeNull();
      }
    }),
    { numRuns: 30 },
  );
});

/** What came out that should not have. */
function faultOf(act: () => readonly { value: number }[]): unknown {
  try {
    return act().find(({ value }) => typeof value !== 'number') ?? null;
  } catch (error) {
    return error instanceof EvaluationError ? null : error;
  }
}
