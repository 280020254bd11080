import { expect, test } from 'vitest';
import { SampleMemo } from '../../../src/promql/series/sample-memo.ts';

interface Given {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly id?: number;
}

function open() {
  let made = 0;
  const memo = new SampleMemo(({ name }) => `${name}${(made += 1)}`);
  return (...samples: readonly Given[]) => {
    memo.beginRound();
    const found = samples.map((sample) => memo.find(sample));
    return { found, ended: memo.endRound() };
  };
}

test('a series is known by its number with the same labels, else by name and labels', () => {
  const round = open();
  const labels = { k: 'a' };
  expect(round({ name: 'm', labels, id: 0 }).found).toEqual(['m1']);
  expect(round({ name: 'm', labels, id: 0 }, { name: 'n', labels }).found).toEqual(['m1', 'n2']);
  expect(round({ name: 'm', labels, id: 0 }, { name: 'n', labels: { k: 'a' } }).found).toEqual(['m1', 'n2']);
  expect(round({ name: 'm', labels: { k: 'b' }, id: 0 })).toEqual({ found: ['m3'], ended: ['m1', 'n2'] });
  expect(round({ name: 'n', labels, id: 0 })).toEqual({ found: ['n4'], ended: ['m3'] });
});

test('a series that ended is another one when it comes back, with its very labels and number too', () => {
  const round = open();
  const one = { name: 'm', labels: { k: 'a' }, id: 3 };
  const other = { name: 'm', labels: { k: 'b' }, id: 4 };
  expect(round(one, other).found).toEqual(['m1', 'm2']);
  expect(round(other)).toEqual({ found: ['m2'], ended: ['m1'] });
  expect(round(other)).toEqual({ found: ['m2'], ended: [] });
  expect(round(other, one)).toEqual({ found: ['m2', 'm3'], ended: [] });
  expect(round(other, one)).toEqual({ found: ['m2', 'm3'], ended: [] });
});

test('a sample that is there twice in a round is one series', () => {
  const round = open();
  const labels = { k: 'a' };
  expect(round({ name: 'm', labels }, { name: 'm', labels })).toEqual({ found: ['m1', 'm1'], ended: [] });
  expect(round()).toEqual({ found: [], ended: ['m1'] });
});

test('what is known is made again where it is over', () => {
  let made = 0;
  const memo = new SampleMemo(() => (made += 1));
  const labels = { k: 'a' };
  for (const sample of [
    { name: 'm', labels, id: 2 },
    { name: 'm', labels },
  ]) {
    memo.beginRound();
    const first = memo.find(sample);
    expect(memo.find(sample, (known) => known !== first)).toBe(first);
    expect(memo.find(sample, (known) => known === first)).toBe(first + 1);
    expect(memo.find(sample)).toBe(first + 1);
  }
  expect(memo.endRound()).toEqual([2]);
});
