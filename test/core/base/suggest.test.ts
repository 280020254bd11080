import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggestSpelling } from '../../../src/core/base/suggest.ts';

describe('nearest()', () => {
  const KEYS = ['interval', 'timeout', 'failures', 'deepEvery', 'url', 'args', 'env', 'envFile'];

  it.each([
    ['intervall', 'interval'],
    ['itnerval', 'interval'],
    ['Timeout', 'timeout'],
    ['failure', 'failures'],
    ['deep_every', 'deepEvery'],
    ['arg', 'args'],
  ])('takes %s for %s', (word, meant) => {
    expect(suggestSpelling(word, KEYS)).toBe(meant);
  });

  it.each(['memory', 'x', '', 'colour'])('has no guess for %j', (word) => {
    expect(suggestSpelling(word, ['interval', 'timeout'])).toBeNull();
  });
});

describe('editDistance()', () => {
  const words = fc.string({ maxLength: 12 });

  it('is 0 for the same word, 1 for one slip, and the same both ways', () => {
    expect([
      editDistance('abcd', 'abcd'),
      editDistance('abcd', 'abdc'),
      editDistance('abcd', 'abc'),
      editDistance('', 'abc'),
    ]).toEqual([0, 1, 1, 3]);
    fc.assert(fc.property(words, words, (a, b) => editDistance(a, b) === editDistance(b, a)));
  });

  it('is never more than the longer word, and 0 only for equal words', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance === 0).toBe(a === b);
      }),
    );
  });
});
