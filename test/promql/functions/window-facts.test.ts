// Results of functions must not depend on what a source knows of its windows: the same to the last bit without it.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/promql/evaluate/evaluate.ts';
import type { Series } from '../../../src/promql/model/series-source.ts';
import { parse } from '../../../src/promql/parse/parse.ts';
import { SampleBuffer } from '../../../src/promql/series/sample-buffer.ts';
import { TimeColumn } from '../../../src/promql/series/time-column.ts';

const EXPRESSIONS = [
  'rate(x[10s])',
  'increase(x[10s])',
  'delta(x[10s])',
  'avg_over_time(x[10s])',
  'last_over_time(x[10s])',
  'predict_linear(x[10s], 60)',
  'deriv(x[10s])',
  'resets(x[10s])',
].flatMap((text) => ([2, 3] as const).map((generation) => [text, generation] as const));

/** Counters that begin again, gauges that stay, ends, and numbers that are none. */
const samples = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 4 }),
    value: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(0, 1, 1, 1, 2, 3) },
      { weight: 2, arbitrary: fc.double({ min: -1e6, max: 1e6 }) },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -0, Infinity, 1e300) },
    ),
    isStale: fc.constantFrom(false, false, false, false, false, false, false, true),
  }),
  { maxLength: 30 },
);

/** The same series from a source that knows nothing. */
function ignorant(series: Series): Series {
  return {
    labels: series.labels,
    length: series.length,
    timeAt: (index) => series.timeAt(index),
    valueAt: (index) => series.valueAt(index),
    isStaleAt: (index) => series.isStaleAt(index),
    windowOf(from, to) {
      const { labels, times, values } = series.windowOf(from, to);
      return { labels, times: [...times], values: [...values] };
    },
  };
}

describe.each(EXPRESSIONS)('%s of Prometheus %i', (text, generation) => {
  it('is the same with and without what the series knows', () => {
    const expression = parse(text, { generation });
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 20 }), (all, dropped) => {
        const series = new SampleBuffer({ __name__: 'x' });
        let time = 0;
        for (const { after, value, isStale } of all) series.push((time += after * 1000), value, isStale);
        series.dropBefore(dropped * 1000);
        for (let at = 0; at <= time + 5000; at += 1000) {
          const knowing = evaluate(expression, at, { select: () => [series] }, { generation });
          const plain = evaluate(expression, at, { select: () => [ignorant(series)] }, { generation });
          expect(knowing).toEqual(plain);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Series that are read at the same times, of which each may have none at some of them. */
const readings = fc.array(
  fc.array(
    fc.record({
      value: fc.constantFrom(0, 1, 1, 2, 3, -0, Number.NaN, Infinity, 1e300),
      kind: fc.constantFrom('sample', 'sample', 'sample', 'sample', 'sample', 'stale', 'none'),
    }),
    { minLength: 3, maxLength: 3 },
  ),
  { maxLength: 30 },
);

describe.each([['x', 3] as const, ['timestamp(x)', 2] as const, ...EXPRESSIONS])(
  '%s of Prometheus %i over series with common times',
  (text, generation) => {
    it('is the same with and without what they know', () => {
      const expression = parse(text, { generation });
      fc.assert(
        fc.property(readings, fc.integer({ min: 0, max: 20 }), (all, dropped) => {
          const column = new TimeColumn();
          const series = ['a', 'b', 'c'].map((server) => new SampleBuffer({ __name__: 'x', server }, column));
          for (const [tick, row] of all.entries())
            for (const [index, { value, kind }] of row.entries())
              if (kind !== 'none') series[index]?.push(tick * 1000, value, kind === 'stale');
          for (const one of series.slice(0, 2)) one.dropBefore(dropped * 1000);
          for (let at = 0; at <= all.length * 1000 + 3000; at += 1000) {
            const options = { generation, lookback: 2000 };
            const knowing = evaluate(expression, at, { select: () => series }, options);
            const plain = evaluate(expression, at, { select: () => series.map(ignorant) }, options);
            expect(knowing).toEqual(plain);
          }
        }),
        { numRuns: 200 },
      );
    });
  },
);

describe('the mean of a series that never changed', () => {
  it.each([0, 1, -7, 2 ** 40, 0.1, -0, 1e300, Infinity, Number.NaN])('is exact for %d', (value) => {
    const series = new SampleBuffer({ __name__: 'x' });
    for (let time = 1; time <= 1440; time += 1) series.push(time * 1000, value, false);
    for (const generation of [2, 3] as const) {
      const expression = parse('avg_over_time(x[1h])', { generation });
      const of = (one: Series): unknown =>
        evaluate(expression, 1_440_000, { select: () => [one] }, { generation });
      expect(of(series)).toEqual(of(ignorant(series)));
    }
  });
});
