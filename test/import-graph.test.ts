import { expect, test } from 'vitest';
import { circlesIn } from './import-graph.ts';

test.each<[name: string, edges: Record<string, string[]>, circles: string[][]]>([
  ['a chain', { a: ['b'], b: ['c'] }, []],
  ['a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
  ['a pair', { a: ['b'], b: ['a'], c: ['a'] }, [['a', 'b']]],
  ['a node that imports itself', { a: ['a'] }, [['a']]],
  ['a longer way round', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, [['b', 'c', 'd']]],
  ['two circles that share a node', { a: ['b', 'c'], b: ['a'], c: ['a'] }, [['a', 'b', 'c']]],
  [
    'two apart',
    { d: ['c'], c: ['d'], b: ['a'], a: ['b', 'c'] },
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
])('circlesIn() finds what is in %s', (_name, edges, circles) => {
  expect(circlesIn(new Map(Object.entries(edges)))).toEqual(circles);
});
