import { describe, expect, test } from 'vitest';
import { anchored, createMatcher, matchesAll, excludesEmpty } from '../../../src/promql/model/matcher.ts';

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

describe('anchored()', () => {
  test.each([
    ['(?i)ab|c', 'C', true],
    ['(?is)a.', 'A\n', true],
    ['(?P<who>a)b', 'ab', true],
    [String.raw`\(?P`, 'P', true],
    ['[[:]', ':', true],
  ])('understands %s', (pattern, text, isMatch) => expect(anchored(pattern).test(text)).toBe(isMatch));

  test('refuses a pattern that is too large at once, not with the first sample', () => {
    expect(() => anchored('(?i)' + 'a'.repeat(400_000))).toThrow(SyntaxError);
  });

  test.each([
    '(',
    '(?=a)b',
    '(?!a)b',
    '(?<=a)b',
    '(?<!a)b',
    String.raw`(a)\1`,
    String.raw`(?<n>a)\k<n>`,
    String.raw`\cA`,
    String.raw`\u0041`,
    String.raw`\Qa\E`,
    '[]a]',
    '[^]',
    '[[:alpha:]]',
    'a(?i)b',
  ])('refuses %s, which is not the same for JavaScript and Prometheus', (pattern) =>
    expect(() => anchored(pattern)).toThrow(SyntaxError),
  );
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
