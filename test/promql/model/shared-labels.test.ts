import { expect, test } from 'vitest';
import { createLabelSelection, withoutName } from '../../../src/promql/model/labels.ts';
import { sharedLabels } from '../../../src/promql/model/shared-labels.ts';

test('equal label sets become one object', () => {
  const first = sharedLabels({ server: 'shared', job: 'j' });
  expect(sharedLabels({ server: 'shared', job: 'j' })).toBe(first);
  expect(sharedLabels({ server: 'shared', job: 'k' })).toEqual({ server: 'shared', job: 'k' });
});

test('an empty label and another order are kept as they were given', () => {
  const first = sharedLabels({ a: 'kept', b: '1' });
  expect(Object.keys(sharedLabels({ b: '1', a: 'kept' }))).toEqual(['b', 'a']);
  expect(sharedLabels({ a: 'kept', b: '1', c: '' })).toEqual({ a: 'kept', b: '1', c: '' });
  expect(first).toEqual({ a: 'kept', b: '1' });
});

test('many sets stay themselves, whatever was forgotten', () => {
  const all = Array.from({ length: 3000 }, (_, index) => sharedLabels({ server: `many-${index}` }));
  expect(new Set(all).size).toBe(3000);
  expect(all.every((labels, index) => labels['server'] === `many-${index}`)).toBe(true);
  expect(sharedLabels({ server: 'many-2999' })).toBe(all[2999]);
});

test('different metrics of a server share what is left of their labels', () => {
  const [one, other] = ['up', 'down'].map((name) => ({ __name__: name, server: 'both', probe: name }));
  const byServer = createLabelSelection('only', ['server']);
  expect(byServer.apply(one ?? {})).toBe(byServer.apply(other ?? {}));
  expect(withoutName({ __name__: 'up', server: 'both' })).toBe(byServer.apply(one ?? {}));
});
