import { describe, expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({ 'x{a="foo",b="1"}': '1', 'x{a="bar",b="2"}': '2' });
const of = (text: string): string[] => Object.keys(ask(text, store));

describe('label_replace()', () => {
  test.each([
    [
      'takes over what was caught',
      '"c", "$1-$2", "a", "(.)(.*)"',
      ['x{a="foo", b="1", c="f-oo"}', 'x{a="bar", b="2", c="b-ar"}'],
    ],
    [
      'knows groups by name',
      '"c", "${who}$none", "a", "(?P<who>.).*"',
      ['x{a="foo", b="1", c="f"}', 'x{a="bar", b="2", c="b"}'],
    ],
    ['takes the longest name', '"c", "$1x", "a", "(.).*"', ['x{a="foo", b="1"}', 'x{a="bar", b="2"}']],
    [
      'writes a dollar',
      '"c", "$$1$", "a", ".*"',
      ['x{a="foo", b="1", c="$1$"}', 'x{a="bar", b="2", c="$1$"}'],
    ],
    ['leaves alone what does not match', '"a", "new", "a", "fo"', ['x{a="foo", b="1"}', 'x{a="bar", b="2"}']],
    [
      'matches a label that is not there',
      '"c", "new", "nothing", ""',
      ['x{a="foo", b="1", c="new"}', 'x{a="bar", b="2", c="new"}'],
    ],
    ['takes a label away', '"a", "", "a", ".*"', ['x{b="1"}', 'x{b="2"}']],
    ['renames', '"__name__", "y", "a", ".*"', ['y{a="foo", b="1"}', 'y{a="bar", b="2"}']],
  ])('%s', (_, args, labels) => expect(of(`label_replace(x, ${args})`)).toEqual(labels));

  test('refuses to make two series the same', () => {
    expect(() => of('label_replace(label_replace(x, "a", "", "", ""), "b", "", "", "")')).toThrow(
      'Several series have the same labels after the change',
    );
  });
});

describe('label_join()', () => {
  test('puts labels together, with what is not there empty', () => {
    expect(of('label_join(x, "c", "-", "a", "nothing", "b")')).toEqual([
      'x{a="foo", b="1", c="foo--1"}',
      'x{a="bar", b="2", c="bar--2"}',
    ]);
  });

  test('of nothing takes the label away', () => {
    expect(of('label_join(x, "a", "-")')).toEqual(['x{b="1"}', 'x{b="2"}']);
  });

  test('refuses to make two series the same', () => {
    expect(() => of('label_join(label_join(x, "a", ""), "b", "")')).toThrow(
      'Several series have the same labels',
    );
  });
});
