import { describe, expect, test } from 'vitest';
import { evaluate, evaluateQuery } from '../../../src/promql/evaluate/evaluate.ts';
import { parse, parseQuery } from '../../../src/promql/parse/parse.ts';
import { ask, storeOf } from '../support/series-store.ts';

const MINUTE = 60_000;
/** A sample each minute: 0, 1, 2 … up to 20. */
const store = storeOf({ up: '0+1x20', 'late{a="1"}': '_x10 5x10' }, { interval: MINUTE });

describe('a subquery', () => {
  test.each([
    ['sum_over_time(up[4m:2m])', { generation: 3 }, 8 + 10],
    // The start of the window counts in version 2.
    ['sum_over_time(up[4m:2m])', { generation: 2 }, 6 + 8 + 10],
    ['count_over_time(up[5m:3m])', {}, 2],
    ['max_over_time(up[5m:1m] offset 3m)', {}, 7],
    ['max_over_time(up[5m:1m] offset -3m)', {}, 13],
    ['max_over_time(up[5m:1m] @ 240)', {}, 4],
    ['max_over_time(rate(up[2m])[5m:1m])', {}, 1 / 60],
    ['max_over_time(max_over_time(up[3m:1m])[3m:1m] offset 1m)', {}, 9],
    ['count_over_time(up[4m:])', { subqueryStep: 30_000 }, 8],
    ['count_over_time(up[4m:])', {}, 4],
  ] as const)('%s %o is %d', (text, options, value) => {
    expect(Object.values(ask(text, store, { at: 10 * MINUTE, ...options }))).toEqual([value]);
  });

  test('may have series that come and go', () => {
    expect(ask('count_over_time({__name__=~"up|late"}[3m:1m])', store, { at: 12 * MINUTE })).toEqual({
      '{}': 3,
      '{a="1"}': 3,
    });
  });

  test('with more steps than 50,000 is refused', () => {
    expect(() => evaluate(parse('max_over_time(up[1y:1s])'), 0, store)).toThrow('more than 50000 steps');
  });
});

describe('@', () => {
  test.each([
    ['up @ 120', 2],
    ['up @ 120 offset 1m', 1],
    ['sum_over_time(up[2m] @ 120)', 3],
    ['up @ start()', 5],
    ['up @ end()', 15],
    ['up', 10],
  ])('%s is %d', (text, value) => {
    const rangeQuery = { start: 5 * MINUTE, end: 15 * MINUTE };
    expect(Object.values(ask(text, store, { at: 10 * MINUTE, rangeQuery }))).toEqual([value]);
  });

  test('start() and end() are the moment without a range query', () => {
    expect(ask('up @ start() + up @ end()', store, { at: 3 * MINUTE })).toEqual({ '{}': 6 });
  });
});

describe('evaluateQuery()', () => {
  const query = (text: string) => evaluateQuery(parseQuery(text).expression, 2 * MINUTE, store);

  test('gives values of every type', () => {
    expect(query('1 + 1')).toEqual({ type: 'scalar', value: 2 });
    expect(query('"text"')).toEqual({ type: 'string', value: 'text' });
    expect(query('up')).toEqual({ type: 'vector', elements: [{ labels: { __name__: 'up' }, value: 2 }] });
    const range = query('up[2m]');
    expect(
      range.type === 'range' && range.windows.map(({ times, values }) => [[...times], [...values]]),
    ).toEqual([
      [
        [MINUTE, 2 * MINUTE],
        [1, 2],
      ],
    ]);
    expect(query('up[2m:1m]')).toMatchObject({ type: 'range', windows: [{ values: [1, 2] }] });
  });

  test('refuses two results with the same labels', () => {
    const twice = storeOf({ 'a{x="1"}': '1', 'b{x="1"}': '1' });
    const expression = parse('-{x="1"}');
    expect(() => evaluateQuery(expression, 0, twice)).toThrow('Two results have the same labels');
  });
});
