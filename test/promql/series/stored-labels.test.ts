import { expect, test } from 'vitest';
import { storedLabels } from '../../../src/promql/series/stored-labels.ts';

test.each([
  ['a_bucket', { le: '1' }, { le: '1.0' }],
  ['a_bucket', { le: '0' }, { le: '0.0' }],
  ['a_bucket', { le: '-5', x: '1' }, { le: '-5.0', x: '1' }],
  ['a_bucket', { le: '0.5' }, { le: '0.5' }],
  ['a_bucket', { le: '2.50' }, { le: '2.5' }],
  ['a_bucket', { le: '1000000' }, { le: '1e+06' }],
  ['a_bucket', { le: '+Inf' }, { le: '+Inf' }],
  ['a_bucket', { le: 'text' }, { le: 'text' }],
  ['a', { quantile: '1' }, { quantile: '1.0' }],
  ['a', { le: '1' }, { le: '1' }],
  ['a', {}, {}],
])('%s%o is stored as %o', (name, labels, stored) => {
  expect(storedLabels(name, labels, 3)).toEqual(stored);
  expect(storedLabels(name, labels, 2)).toBe(labels);
});

test('labels that need no change stay the same object', () => {
  const labels = { le: '0.5' };
  expect(storedLabels('a_bucket', labels, 3)).toBe(labels);
});
