import { expect, test } from 'vitest';
import { createMatcher, matchesAll, excludesEmpty } from '../../../src/promql/model/matcher.ts';

const matcher = (operator: string, value: string) => createMatcher({ label: 'job', operator, value });

test.each([
  ['=', 'a', 'a', true],
  ['=', 'a', 'ab', false],
  ['!=', 'a', 'a', false],
  ['!=', 'a', '', true],
  ['=~', 'a.', 'ab', true],
  ['=~', 'a', 'ab', false],
  ['=~', 'a|b', 'ab', false],
  ['=~', 'a|b', 'b', true],
  ['=~', 'a.b', 'a\nb', true],
  ['=~', '', '', true],
  ['!~', 'a.*', 'abc', false],
  ['!~', 'a.*', 'b', true],
])('%s"%s" on "%s" is %s', (operator, value, label, isMatch) =>
  expect(matcher(operator, value).matches(label)).toBe(isMatch),
);

test('`.` takes a line break in Prometheus 3 only', () => {
  const at = (generation: 2 | 3) =>
    createMatcher({ label: 'job', operator: '=~', value: 'a.b' }, generation).matches('a\nb');
  expect([at(2), at(3)]).toEqual([false, true]);
});

test('an operator that there is not is refused', () => {
  expect(() => matcher('~', 'a')).toThrow('There is no matcher ~');
});

test('excludesEmpty() is false for what also takes a series without the label', () => {
  expect([matcher('=', ''), matcher('=~', '.*'), matcher('!=', 'a')].map(excludesEmpty)).toEqual([
    false,
    false,
    false,
  ]);
  expect([matcher('=', 'a'), matcher('=~', '.+'), matcher('!=', '')].map(excludesEmpty)).toEqual([
    true,
    true,
    true,
  ]);
});

test('matchesAll() takes a label that is not there for empty', () => {
  const both = [matcher('=', 'a'), createMatcher({ label: 'constructor', operator: '=', value: '' })];
  expect(matchesAll(both, { job: 'a' })).toBe(true);
  expect(matchesAll(both, { job: 'a', constructor: 'x' })).toBe(false);
});
