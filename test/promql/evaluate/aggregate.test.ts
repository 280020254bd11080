import { describe, expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({
  'x{job="a",server="1"}': '1',
  'x{job="a",server="2"}': '3',
  'x{job="b",server="1"}': '10',
  'odd{n="1"}': 'NaN',
  'odd{n="2"}': '-Inf',
  'odd{n="3"}': '2',
});
const of = (text: string, generation: 2 | 3 = 3): Record<string, number> => ask(text, store, { generation });

test.each([
  ['sum', 4, 10],
  ['avg', 2, 10],
  ['min', 1, 10],
  ['max', 3, 10],
  ['count', 2, 1],
  ['group', 1, 1],
  ['stddev', 1, 0],
  ['stdvar', 1, 0],
])('%s by (job)', (name, a, b) => {
  expect(of(`${name} by (job) (x)`)).toEqual({ '{job="a"}': a, '{job="b"}': b });
  expect(of(`${name} by (job) (x)`, 2)).toEqual({ '{job="a"}': a, '{job="b"}': b });
});

describe('groups', () => {
  test('are one without by and without', () => {
    expect(of('sum(x)')).toEqual({ '{}': 14 });
    expect(of('sum(nothing)')).toEqual({});
  });

  test('are by all labels but some, and the name', () => {
    expect(of('sum without (job) (x)')).toEqual({ '{server="1"}': 11, '{server="2"}': 3 });
    expect(of('count without () (x)')).toEqual({
      '{job="a", server="1"}': 1,
      '{job="a", server="2"}': 1,
      '{job="b", server="1"}': 1,
    });
  });

  test('may be by the name', () => {
    expect(of('sum by (__name__) (x)')).toEqual({ x: 14 });
  });
});

describe('what is no usual number', () => {
  test('spoils a sum, and not the least and the largest', () => {
    expect(of('sum(odd)')).toEqual({ '{}': Number.NaN });
    expect(of('max(odd)')).toEqual({ '{}': 2 });
    expect(of('min(odd)')).toEqual({ '{}': -Infinity });
  });

  test('alone in a group had no spread in Prometheus 2', () => {
    expect(of('stddev by (n) (odd{n="2"})', 2)).toEqual({ '{n="2"}': 0 });
    expect(of('stddev by (n) (odd{n="2"})', 3)).toEqual({ '{n="2"}': Number.NaN });
    expect(of('stddev(odd)', 2)).toEqual({ '{}': Number.NaN });
  });
});

describe('topk and bottomk', () => {
  test('keep elements as they are', () => {
    expect(of('topk(2, x)')).toEqual({ 'x{job="b", server="1"}': 10, 'x{job="a", server="2"}': 3 });
    expect(of('bottomk by (job) (1, x)')).toEqual({
      'x{job="a", server="1"}': 1,
      'x{job="b", server="1"}': 10,
    });
  });

  test('pick NaN last', () => {
    expect(of('topk(1, odd)')).toEqual({ 'odd{n="3"}': 2 });
    expect(of('bottomk(2, odd)')).toEqual({ 'odd{n="2"}': -Infinity, 'odd{n="3"}': 2 });
    expect(Object.keys(of('topk(3, odd)'))).toHaveLength(3);
  });

  test.each([['0'], ['-1'], ['0.9']])('pick none of %s', (count) =>
    expect(of(`topk(${count}, x)`)).toEqual({}),
  );

  test.each([['NaN'], ['Inf'], ['1e30']])('refuse %s, even of nothing', (count) =>
    expect(() => of(`topk(${count}, nothing)`)).toThrow('The number of elements to pick is'),
  );
});

test('quantile takes its share from an expression', () => {
  expect(of('quantile(scalar(x{job="a",server="1"}) / 2, x{job="a"})')).toEqual({ '{}': 2 });
  expect(of('quantile by (job) (2, x)')).toEqual({ '{job="a"}': Infinity, '{job="b"}': Infinity });
});

describe('count_values', () => {
  test('makes a label of the value', () => {
    expect(of('count_values("v", x > bool 2)')).toEqual({ '{v="0"}': 1, '{v="1"}': 2 });
    expect(of('count_values("v", odd * 1e22 + 1e21)')).toEqual({
      '{v="NaN"}': 1,
      '{v="-Inf"}': 1,
      '{v="21000000000000000000000"}': 1,
    });
    expect(of('count_values("v", vector(Inf))')).toEqual({ '{v="+Inf"}': 1 });
  });

  test('goes by it beside the other labels, whatever it is called', () => {
    expect(of('count_values by (job) ("v", x > bool 2)')).toEqual({
      '{job="a", v="0"}': 1,
      '{job="a", v="1"}': 1,
      '{job="b", v="1"}': 1,
    });
    expect(of('count_values by (job) ("job", x)')).toEqual({
      '{job="1"}': 1,
      '{job="3"}': 1,
      '{job="10"}': 1,
    });
    expect(of('count_values without (v, server) ("v", x)')).toEqual({ '{job="a"}': 2, '{job="b"}': 1 });
  });
});
