import { describe, expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({
  'use{server="a"}': '6',
  'use{server="b"}': '8',
  'use{server="c"}': 'NaN',
  'limit{server="a"}': '3',
  'limit{server="b"}': '16',
  'zone{server="a",zone="x"}': '1',
  'zone{server="b",zone="y"}': '1',
  'reason{server="a",reason="exit"}': '2',
  'reason{server="a",reason="probe"}': '4',
  'reason{server="d",reason="exit"}': '8',
  'other{server="a",zone="z"}': '5',
});
const of = (text: string): Record<string, number> => ask(text, store);

test.each([
  ['7 + 2', 9],
  ['7 - 2', 5],
  ['7 * 2', 14],
  ['7 / 2', 3.5],
  ['-7 % 4', -3],
  ['2 ^ 3', 8],
  ['1 ^ NaN', 1],
  ['(-1) ^ Inf', 1],
  ['(-1) ^ NaN', Number.NaN],
  ['1 atan2 1', Math.PI / 4],
  ['7 / 0', Infinity],
  ['0 / 0', Number.NaN],
  ['2 == bool 2', 1],
  ['2 != bool 2', 0],
  ['NaN == bool NaN', 0],
  ['3 > bool 2', 1],
  ['3 < bool 2', 0],
  ['2 >= bool 2', 1],
  ['3 <= bool 2', 0],
])('%s is %d', (text, value) => expect(of(text)).toEqual({ '{}': value }));

describe('a vector and a number', () => {
  test('compute element by element, without the name', () => {
    expect(of('use{server!="c"} * 2')).toEqual({ '{server="a"}': 12, '{server="b"}': 16 });
    expect(of('24 / use{server="a"}')).toEqual({ '{server="a"}': 4 });
  });

  test('compare as a filter, with the name and the value of the vector', () => {
    expect(of('use > 7')).toEqual({ 'use{server="b"}': 8 });
    expect(of('7 < use')).toEqual({ 'use{server="b"}': 8 });
    expect(of('use != 6')).toEqual({ 'use{server="b"}': 8, 'use{server="c"}': Number.NaN });
  });

  test('compare to 0 and 1 with bool', () => {
    expect(of('use > bool 7')).toEqual({ '{server="a"}': 0, '{server="b"}': 1, '{server="c"}': 0 });
  });
});

describe('two vectors', () => {
  test('match where all labels but the name are equal', () => {
    expect(of('use / limit')).toEqual({ '{server="a"}': 2, '{server="b"}': 0.5 });
    expect(of('use > limit')).toEqual({ 'use{server="a"}': 6 });
    expect(of('use > bool limit')).toEqual({ '{server="a"}': 1, '{server="b"}': 0 });
    expect(of('use / nothing')).toEqual({});
  });

  test('match on some labels, and keep only these', () => {
    expect(of('zone * on (server) use')).toEqual({ '{server="a"}': 6, '{server="b"}': 8 });
    expect(of('zone < on (server) use')).toEqual({ '{server="a"}': 1, '{server="b"}': 1 });
  });

  test('match ignoring some labels, and drop these', () => {
    expect(of('zone * ignoring (zone) use')).toEqual({ '{server="a"}': 6, '{server="b"}': 8 });
    expect(of('zone < ignoring (zone) use')).toEqual({ 'zone{server="a"}': 1, 'zone{server="b"}': 1 });
  });

  test('match many to one, with labels of the one', () => {
    expect(of('reason * on (server) group_left () use')).toEqual({
      '{reason="exit", server="a"}': 12,
      '{reason="probe", server="a"}': 24,
    });
    expect(of('use * on (server) group_left (zone) zone')).toEqual({
      '{server="a", zone="x"}': 6,
      '{server="b", zone="y"}': 8,
    });
    expect(of('zone{server="a"} * on (server) group_right (zone) use')).toEqual({
      '{server="a", zone="x"}': 6,
    });
  });

  test('keep the order of the sides with group_right', () => {
    expect(of('use - on (server) group_right () reason')).toEqual({
      '{reason="exit", server="a"}': 4,
      '{reason="probe", server="a"}': 2,
    });
    expect(of('use > on (server) group_right () reason{reason="probe"}')).toEqual({
      'reason{reason="probe", server="a"}': 6,
    });
  });

  test('replace a label by that of the one, and take it away where that has none', () => {
    expect(of('other * on (server) group_left (zone) zone')).toEqual({ '{server="a", zone="x"}': 5 });
    expect(of('other * on (server) group_left (zone) use')).toEqual({ '{server="a"}': 30 });
  });

  test.each([
    [
      'several for one',
      'reason * on (server) use',
      'Several elements on the left side match one on the right',
    ],
    [
      'one for several',
      'use * on (server) reason',
      'Several elements on the right side match: say group_left',
    ],
    [
      'several for several',
      'reason * on (server) group_left () reason',
      'Several elements on the right side match',
    ],
    [
      'several on the one side of group_right',
      'reason * on (server) group_right () reason',
      'Several elements on the left side match',
    ],
    [
      'results that are the same',
      'reason * on (server) group_left (reason) use',
      'Several results have the same labels',
    ],
  ])('are refused: %s', (_, text, message) => expect(() => of(text)).toThrow(message));

  test('may be several for one where the comparison leaves one, in Prometheus 2 only', () => {
    expect(ask('reason > on (server) limit', store, { generation: 2 })).toEqual({ '{server="a"}': 4 });
    expect(() => of('reason > on (server) limit')).toThrow('Several elements on the left side match one');
  });

  test('keep the name under atan2 in Prometheus 2 only', () => {
    expect(Object.keys(ask('limit atan2 0', store, { generation: 2 }))[0]).toMatch(/^limit/u);
    expect(Object.keys(of('limit atan2 0'))[0]).not.toMatch(/^limit/u);
  });
});

describe('and, or, unless', () => {
  test('take elements of the left side by whether the right side has them', () => {
    expect(of('use and limit')).toEqual({ 'use{server="a"}': 6, 'use{server="b"}': 8 });
    expect(of('use unless limit')).toEqual({ 'use{server="c"}': Number.NaN });
    expect(of('reason and on (server) use')).toEqual({
      'reason{reason="exit", server="a"}': 2,
      'reason{reason="probe", server="a"}': 4,
    });
    expect(of('use and on () vector(1)')).toHaveProperty('use{server="a"}');
  });

  test('or adds what the left side has not', () => {
    expect(of('limit or use')).toEqual({
      'limit{server="a"}': 3,
      'limit{server="b"}': 16,
      'use{server="c"}': Number.NaN,
    });
    expect(of('zone or ignoring (zone, reason) reason')).toHaveProperty(
      'reason{reason="exit", server="d"}',
      8,
    );
  });
});
