import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeKey } from '../../../src/promql/model/labels.ts';
import { LabelIndex } from '../../../src/promql/series/label-index.ts';

const labels = fc.dictionary(fc.constantFrom('a', 'b', 'job'), fc.constantFrom('', 'x', 'y', 'xy'), {
  maxKeys: 3,
});

describe('an index of labels', () => {
  test('finds what a map by sorted text would find, whatever is added and removed', () => {
    const steps = fc.array(fc.record({ labels, isRemoved: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const index = new LabelIndex<{ labels: Record<string, string> }>();
        const map = new Map<string, { labels: Record<string, string> }>();
        for (const { labels: own, isRemoved } of all) {
          const key = writeKey(own);
          const known = map.get(key);
          expect(index.get({ ...own, empty: '' })).toBe(known);
          if (known === undefined) {
            const entry = { labels: own };
            index.add(entry);
            map.set(key, entry);
          } else if (isRemoved) {
            index.delete(known);
            map.delete(key);
          }
          expect(new Set(index.values())).toEqual(new Set(map.values()));
          expect(index.isEmpty).toBe(map.size === 0);
        }
      }),
    );
  });

  test('tells apart what has the same number', () => {
    // Tens of thousands of label sets: by the birthday paradox some share a number of 30 bits.
    const index = new LabelIndex<{ labels: Record<string, string> }>();
    const entries = Array.from({ length: 100_000 }, (_, at) => ({ labels: { server: `s${at}` } }));
    for (const entry of entries) index.add(entry);
    expect(entries.every((entry) => index.get({ ...entry.labels }) === entry)).toBe(true);
    expect([...index.values()]).toHaveLength(entries.length);
    for (const entry of entries) index.delete(entry);
    expect(index.isEmpty).toBe(true);
  });
});
