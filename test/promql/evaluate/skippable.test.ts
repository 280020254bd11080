// A side of an operator is left out only where nobody can see it: what may fail still does.
import { describe, expect, it, test } from 'vitest';
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import { neverFails } from '../../../src/promql/evaluate/skippable.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import type { Selection, SeriesSource } from '../../../src/promql/model/series-source.ts';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({ 'x{job="a",le="1"}': '1', 'x{job="a",le="2"}': '2', 'y{job="a",le="1"}': '1' });

describe('neverFails()', () => {
  test.each([
    ['a number', '1'],
    ['a metric', 'x'],
    ['growth of one metric', 'rate(x[5m])'],
    ['a prediction', 'predict_linear(x[2h], 4 * 3600)'],
    ['an age', 'timestamp(x) - x'],
    ['a sum of it', 'sum without (le) (rate(x[5m])) > 0'],
    ['a part of a set', 'x > 1 and on (job) (y == 1) unless on (job) x'],
    ['what stands in place of another', 'x or y'],
    ['a bound', 'clamp_min(1 - x, 0)'],
  ])('is true of %s', (_, text) => {
    expect(neverFails(parse(text))).toBe(true);
  });

  test.each([
    ['of several metrics', 'rate({job="a"}[5m])'],
    ['of which only the names differ', '(x or y) * 2'],
    ['grouped by their names', 'abs(sum by (__name__) ({job="a"}))'],
    ['that match several', 'x / on (job) y'],
    ['that match several, compared', 'x > on (job) group_left () y'],
    ['with labels that are changed', 'label_replace(x, "le", "", "job", ".*")'],
    ['smoothed', 'double_exponential_smoothing(x[5m], 0.5, 0.5)'],
    ['ranked', 'topk(1e300, x)'],
    ['evaluated at many moments', 'max_over_time(x[5m:1m])'],
    ['with the other sign', '-x'],
  ])('is false of elements %s', (_, text) => {
    expect(neverFails(parse(text))).toBe(false);
  });
});

describe('an operator with an empty side', () => {
  /** Names of what is read. */
  function readsOf(text: string): (string | null)[] {
    const read: (string | null)[] = [];
    const source: SeriesSource = {
      select(selection: Selection) {
        read.push(selection.name);
        return store.select(selection);
      },
    };
    expect(evaluate(parse(text), 0, source)).toEqual([]);
    return read;
  }

  it.each([
    ['x > 5 and y', ['x']],
    ['none unless rate(x[5m])', ['none']],
    ['predict_linear(x[2h], 60) > (y > 5)', ['y']],
    ['rate(x[5m]) and on (job) none', ['none']],
    ['none / on (job) (x + on (le) y)', ['x', 'y', 'none']],
  ])('reads of %s only %j', (text, names) => {
    expect(readsOf(text)).toEqual(names);
  });

  it('takes nothing away', () => {
    expect(ask('x unless none', store)).toEqual(ask('x', store));
    expect(ask('x or none', store)).toEqual(ask('none or x', store));
  });

  it('fails where the other one does', () => {
    const fault = 'abs({job="a"})';
    for (const text of [`none and ${fault}`, `${fault} and none`, `none > ${fault}`, `none unless ${fault}`])
      expect(() => ask(text, store)).toThrow('Two results have the same labels');
  });
});
