import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/promql/parse/parse.ts';
import { createSeriesStore, type RequiredSeries } from '../../../src/promql/series/series-store.ts';

function interest(text: string, reach: number): RequiredSeries {
  const selector = parse(text);
  if (selector.kind !== 'selector') throw new Error(`${text} is no selector`);
  return { selector, reach };
}

const up = interest('up{job="a"}', 100);
const all = { name: null, matchers: [] };
const names = (store: ReturnType<typeof createSeriesStore>): string[] =>
  store.select(all).map(({ labels }) => Object.values(labels).join(' '));

describe('a store', () => {
  test('keeps only series that some rule reads', () => {
    const store = createSeriesStore([up, interest('{__name__=~"down.*",job!=""}', 10)]);
    store.append({ __name__: 'up', job: 'a', server: 'x' }, 1, 1);
    store.append({ __name__: 'up', job: 'b' }, 1, 1);
    store.append({ __name__: 'down_too', job: 'b' }, 1, 1);
    store.append({ __name__: 'down_too' }, 1, 1);
    store.append({ __name__: 'other', job: 'a' }, 1, 1);
    expect(names(store)).toEqual(['up a x', 'down_too b']);
    expect(store.size).toMatchObject({ series: 2, samples: 2 });
  });

  test('keeps nothing of a name that nobody asks for', () => {
    const store = createSeriesStore([up]);
    store.append({ __name__: 'down', job: 'a' }, 1, 1);
    store.append({ job: 'a' }, 1, 1);
    expect(store.size).toEqual({ series: 0, samples: 0, bytes: 0 });
  });

  test('knows a series by its labels, whatever object tells them', () => {
    const store = createSeriesStore([up]);
    const labels = { __name__: 'up', job: 'a' };
    store.append(labels, 1, 1);
    store.append(labels, 2, 2);
    store.append({ job: 'a', __name__: 'up', empty: '' }, 3, 3);
    expect(store.size).toMatchObject({ series: 1, samples: 3 });
  });

  test('keeps a series as far back as the furthest look at it', () => {
    const store = createSeriesStore([up, interest('up', 50), interest('up{server="x"}', 500)]);
    const series = [{ job: 'b' }, { job: 'a' }, { job: 'b', server: 'x' }];
    for (const labels of series)
      for (let time = 0; time <= 1000; time += 50) store.append({ __name__: 'up', ...labels }, time, 1);
    store.prune(1000);
    expect(store.select(all).map(({ length }) => length)).toEqual([2, 3, 11]);
  });

  test('forgets a series of which nothing is left, and takes it in again', () => {
    const store = createSeriesStore([up]);
    const labels = { __name__: 'up', job: 'a' };
    store.append(labels, 0, 1);
    expect(store.select(up.selector)).toHaveLength(1);
    store.prune(101);
    expect(store.select(up.selector)).toEqual([]);
    expect(store.size.series).toBe(0);
    store.append(labels, 200, 1);
    expect(store.select(up.selector).map(({ length }) => length)).toEqual([1]);
  });

  test('answers with series that came after the first answer', () => {
    const store = createSeriesStore([up]);
    store.append({ __name__: 'up', job: 'a', server: 'x' }, 0, 1);
    expect(store.select(up.selector)).toHaveLength(1);
    store.append({ __name__: 'up', job: 'a', server: 'y' }, 0, 1);
    expect(store.select(up.selector)).toHaveLength(2);
  });

  test('marks the end of what it has, and begins nothing by it', () => {
    const store = createSeriesStore([up]);
    store.markStale({ __name__: 'up', job: 'a' }, 0);
    expect(store.size.series).toBe(0);
    store.append({ __name__: 'up', job: 'a' }, 1, 1);
    store.markStale({ __name__: 'up', job: 'a' }, 2);
    const [series] = store.select(all);
    expect([series?.isStaleAt(0), series?.isStaleAt(1), series?.length]).toEqual([false, true, 2]);
  });

  test('says how much memory its samples take: a value that stays is one number, and times are shared', () => {
    const bytesOf = (series: number, valueAt: (time: number) => number): number => {
      const store = createSeriesStore([{ selector: all, reach: Infinity }]);
      const labels = Array.from({ length: series }, (_, index) => ({ __name__: 'up', index: `${index}` }));
      for (let time = 0; time < 1440; time += 1)
        for (const own of labels) store.append(own, time, valueAt(time));
      return store.size.bytes;
    };
    const changing = (time: number): number => time % 7;
    const times = 1440 * 8;
    expect(bytesOf(1, changing)).toBeGreaterThanOrEqual(times + 1440 * 8);
    expect(bytesOf(1, changing)).toBeLessThan(1.6 * (times + 1440 * 8));
    expect(bytesOf(10, changing)).toBeLessThan(1.6 * (times + 10 * 1440 * 8));
    expect(bytesOf(10, () => 1)).toBeGreaterThanOrEqual(times);
    expect(bytesOf(10, () => 1)).toBeLessThan(1.6 * times);
  });

  test('series of other times do not take shared times from the rest', () => {
    const store = createSeriesStore([{ selector: all, reach: Infinity }]);
    const regular = { __name__: 'regular' };
    const odd = { __name__: 'odd' };
    for (let time = 0; time < 1000; time += 10) {
      store.append(regular, time, 1);
      store.append(odd, time + 3, time);
    }
    const bySeries = Object.fromEntries(
      store.select(all).map((series) => [series.labels['__name__'], series]),
    );
    expect(bySeries['odd']?.timeAt(50)).toBe(503);
    expect(bySeries['regular']?.windowOf(50, 52)).toMatchObject({
      times: Float64Array.of(500, 510),
      values: Float64Array.of(1, 1),
    });
    const bytes = store.size.bytes;
    expect(bytes).toBeLessThan(100 * 8 * 1.6 + 2 * 256 * 8);
    store.prune(0);
    expect(store.size.bytes).toBe(bytes);
  });

  test('a series that is opened takes samples until nothing is left of it', () => {
    const store = createSeriesStore([up]);
    expect(store.open({ __name__: 'down' }, 0)).toBeNull();
    const series = store.open({ __name__: 'up', job: 'a' }, 0);
    series?.push(0, 1, false);
    series?.push(5, Number.NaN, true);
    expect(store.select(all).map(({ length }) => length)).toEqual([2]);
    expect(store.open({ job: 'a', __name__: 'up' }, 7)).toBe(series);
    store.prune(200);
    expect(series?.isGone).toBe(true);
    expect(store.open({ __name__: 'up', job: 'a' }, 200)).not.toBe(series);
  });
});
