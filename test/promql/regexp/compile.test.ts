import { describe, expect, test } from 'vitest';
import { compile, compileAnchored } from '../../../src/promql/regexp/compile.ts';

const anchored = (pattern: string) => compileAnchored(pattern, { dotMatchesNewline: true });

describe('compileAnchored()', () => {
  // Each row was asked of Go's regexp package.
  test.each([
    ['(?i)ab|c', 'C', true],
    ['(?is)a.', 'A\n', true],
    ['(?P<who>a)b', 'ab', true],
    ['(?<who>a)b', 'ab', true],
    [String.raw`\(?P`, 'P', true],
    ['[[:]', ':', true],
    ['[]a]+', ']a', true],
    ['[^]a]', 'b', true],
    ['[^]a]', ']', false],
    ['a(?i)b', 'aB', true],
    ['a(?i)b', 'AB', false],
    ['a(?i:b)c', 'aBc', true],
    ['a(?i:b)c', 'aBC', false],
    ['(?i:a|k)|b', 'B', false],
    ['(?i:k)', '\u212a', true],
    ['(?i)straße', 'STRAẞE', true],
    ['(?i)[a-c]+', 'AbC', true],
    ['(?i)[^k]', 'K', false],
    ['(?i:(?-i)a)', 'A', false],
    ['(?i)(?-i:a)b', 'aB', true],
    ['(?i)ı', 'I', false],
    ['[[:alpha:][:digit:]]+', 'a1', true],
    ['[[:^alpha:]]', 'a', false],
    ['[[:word:]-]+', 'a_-', true],
    [String.raw`\pL\p{Lu}\p{Greek}\PL`, 'aAβ1', true],
    [String.raw`\p{^Lu}`, 'A', false],
    [String.raw`(?i)\p{Lu}`, 'a', true],
    [String.raw`[\pL\d]+`, 'é5', true],
    [String.raw`\Qa.b\E+`, 'a.bb', true],
    [String.raw`\x41\x{42}\103`, 'ABC', true],
    [String.raw`\a\t\n\_\-\"`, '\u0007\t\n_-"', true],
    [String.raw`\s`, '\u000b', false],
    [String.raw`\S`, '\u00a0', true],
    [String.raw`[\s]`, '\u2028', false],
    [String.raw`[\D]`, '1', false],
    [String.raw`\Aa\z`, 'a', true],
    [String.raw`a\b.b`, 'a b', true],
    ['a{2,3}', 'aaa', true],
    ['a{,3}', 'a{,3}', true],
    ['a{', 'a{', true],
    ['a}', 'a}', true],
    ['a]', 'a]', true],
    ['a??b*?c+?', 'abbc', true],
    ['(?U)a+', 'aa', true],
    ['^*a$', 'a', true],
    ['|a', '', true],
    ['(|a)b', 'b', true],
    ['a)|(b', 'b', true],
    ['(?m)a$\n^b', 'a\nb', true],
    ['a$\n^b', 'a\nb', false],
    ['(?-s)a.b', 'a\nb', false],
    ['(?-s).', '\r', true],
    ['[a-]+', 'a-', true],
    ['[-a]+', 'a-', true],
    ['[+--]', ',', true],
    ['😀.', '😀😀', true],
  ])('understands %j on %j: %s', (pattern, text, isMatch) =>
    expect(anchored(pattern).test(text)).toBe(isMatch),
  );

  test('refuses a pattern that is too large at once, not with the first sample', () => {
    expect(() => anchored('(?i)' + 'a'.repeat(400_000))).toThrow(SyntaxError);
  });

  test.each([
    '(',
    ')',
    '(?=a)b',
    '(?!a)b',
    '(?<=a)b',
    '(?<!a)b',
    '(?>a)',
    '(?#a)',
    '(?i',
    '(?)',
    '(?P<0a>b)',
    '(?P<a>b)(?P<a>c)',
    '(?P=a)',
    String.raw`(a)\1`,
    String.raw`(?<n>a)\k<n>`,
    String.raw`\cA`,
    String.raw`\u0041`,
    String.raw`\C`,
    String.raw`\8`,
    String.raw`\x{110000}`,
    String.raw`\xg1`,
    String.raw`[\b]`,
    String.raw`[a-\d]`,
    String.raw`\p{Nonsense}`,
    String.raw`\p{lu}`,
    'a\\',
    String.raw`\Qa.b`,
    '[^]',
    '[]',
    '[b-a]',
    '[a-b-c]',
    '[[:nonsense:]]',
    '*a',
    '(*a)',
    'a**',
    'a+*',
    'a???',
    'a{2}{3}',
    'a{1001}',
    'a{3,2}',
    '(a{100}){100}',
  ])('refuses %s, as Go does', (pattern) => expect(() => anchored(pattern)).toThrow(SyntaxError));

  test('`.` takes no line break in Prometheus 2', () => {
    const pattern = compileAnchored('a.b', { dotMatchesNewline: false });
    expect([pattern.test('a\nb'), pattern.test('axb'), pattern.test('a\rb')]).toEqual([false, true, true]);
  });
});

test('compile() finds a part of a text', () => {
  expect('one two'.replaceAll(compile('(?P<first>[a-z])o', 'g'), '-')).toBe('one t-');
});
