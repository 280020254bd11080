import { describe, expect, test } from 'vitest';
import {
  createLabelSelection,
  formatLabels,
  labelIn,
  withLabel,
  withoutName,
  writeKey,
} from '../../../src/promql/model/labels.ts';

describe('writeKey()', () => {
  test('is the same whatever the order, and without what is empty', () => {
    expect(writeKey({ b: '2', a: '1', c: '' })).toBe(writeKey({ a: '1', b: '2' }));
  });

  test.each([
    [{ a: '1' }, { a: '2' }],
    [{ a: '1' }, { b: '1' }],
    [
      { a: '1b', c: '' },
      { a: '1', b: '' },
    ],
    [{ ab: 'c' }, { a: 'bc' }],
    [{ a: 'x', b: 'y' }, { a: 'x\u0002b\u0001y' }],
  ])('tells %o from %o', (one, other) => expect(writeKey(one)).not.toBe(writeKey(other)));
});

test('labelIn() knows only what is a label, whatever objects bring along', () => {
  expect(labelIn({ a: '1' }, 'a')).toBe('1');
  expect(['b', 'constructor', '__proto__', 'toString'].map((name) => labelIn({ a: '1' }, name))).toEqual([
    '',
    '',
    '',
    '',
  ]);
});

test('withoutName() leaves what has none as it is', () => {
  const bare = { a: '1' };
  expect(withoutName(bare)).toBe(bare);
  expect(withoutName({ __name__: 'up', a: '1' })).toEqual({ a: '1' });
});

test('withLabel() sets, replaces and takes away', () => {
  expect(withLabel({ a: '1' }, 'b', '2')).toEqual({ a: '1', b: '2' });
  expect(withLabel({ a: '1' }, 'a', '2')).toEqual({ a: '2' });
  expect(withLabel({ a: '1', b: '2' }, 'a', '')).toEqual({ b: '2' });
  expect(withLabel({ a: '1' }, '__proto__', 'x')).toHaveProperty(['__proto__'], 'x');
});

describe('createLabelSelection()', () => {
  const labels = { __name__: 'up', a: '1', b: '2', c: '' };

  test('of only some labels keeps these, if they are there', () => {
    expect(createLabelSelection('only', ['a', 'c', 'd']).apply(labels)).toEqual({ a: '1' });
    expect(createLabelSelection('only', ['__name__']).apply(labels)).toEqual({ __name__: 'up' });
  });

  test('without some labels drops the name too', () => {
    expect(createLabelSelection('without', ['a']).apply(labels)).toEqual({ b: '2', c: '' });
  });
});

test.each([
  [{ __name__: 'up' }, 'up'],
  [{}, '{}'],
  [{ b: 'x"y', __name__: 'up', a: '1' }, String.raw`up{a="1", b="x\"y"}`],
  [{ a: '1' }, '{a="1"}'],
])('formatLabels() writes %o as %s', (labels, text) => expect(formatLabels(labels)).toBe(text));
