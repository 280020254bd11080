import { describe, expect, test } from 'vitest';
import { requiredSeriesOf } from '../../../src/promql/rules/required-series.ts';
import { readRuleFile } from '../../../src/promql/rules/rule-file.ts';

const MINUTE = 60_000;

function reaches(expr: string, lookback?: number): Record<string, number> {
  const groups = readRuleFile({ groups: [{ name: 'g', rules: [{ record: 'x', expr }] }] });
  return Object.fromEntries(
    requiredSeriesOf(groups, lookback).map(({ selector, reach }) => [selector.name ?? 'any', reach / MINUTE]),
  );
}

describe('requiredSeriesOf()', () => {
  test.each([
    ['1 + time()', {}],
    ['a', { a: 5 }],
    ['a offset 1h', { a: 65 }],
    ['a offset -1h', { a: 5 }],
    ['rate(a[10m])', { a: 10 }],
    ['rate(a[10m] offset 1h)', { a: 70 }],
    ['{job="x"}', { any: 5 }],
    ['{__name__="a"}', { a: 5 }],
    ['-a + b > on () (c and d)', { a: 5, b: 5, c: 5, d: 5 }],
    ['topk(scalar(a), b)', { a: 5, b: 5 }],
    ['label_replace(sum(rate(a[1m])), "x", "", "y", "")', { a: 1 }],
  ])('of %s', (expr, expected) => expect(reaches(expr)).toEqual(expected));

  test('go by the look-back that is in use', () => {
    expect(reaches('a + rate(b[10m])', MINUTE)).toEqual({ a: 1, b: 10 });
  });

  test('are those of all rules', () => {
    const rules = [
      { record: 'x', expr: 'a' },
      { alert: 'Y', expr: 'a > 1' },
    ];
    expect(
      requiredSeriesOf(
        readRuleFile({
          groups: [
            { name: 'g', rules },
            { name: 'h', rules },
          ],
        }),
      ),
    ).toHaveLength(4);
  });
});
