import { expect, test } from 'vitest';
import { labelsIn, parsePoints } from './series-notation.ts';

test.each([
  ['1 2.5 -3', [1, 2.5, -3]],
  ['1x2', [1, 1, 1]],
  ['1+2x2', [1, 3, 5]],
  ['-1-0.5x1', [-1, -1.5]],
  ['0x5', [0, 0, 0, 0, 0, 0]],
  ['_ _x2 stale', [null, null, null, 'stale']],
  ['1e2 1.5e-2 2e1+1e1x1', [100, 0.015, 20, 30]],
  ['NaN Inf -Inf +Infx1', [Number.NaN, Infinity, -Infinity, Infinity, Infinity]],
  ['', []],
])('%s', (text, points) => expect(parsePoints(text)).toEqual(points));

test.each(['a', '1x', '1+x2', '0x1F', 'stalex2', '1..2+'])('%s is no value', (text) =>
  expect(() => parsePoints(text)).toThrow(),
);

test('labelsIn() reads what names a series', () => {
  expect([labelsIn(''), labelsIn('{}'), labelsIn('up'), labelsIn('{a="1"}'), labelsIn('up{a="1"}')]).toEqual([
    {},
    {},
    { __name__: 'up' },
    { a: '1' },
    { __name__: 'up', a: '1' },
  ]);
  expect(() => labelsIn('1')).toThrow('"1" is no series');
});
