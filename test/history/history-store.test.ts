// History store: changes only, ends, gaps, bounds in time and bytes, and what a snapshot brings back.
import { describe, expect, it, test } from 'vitest';
import { createHistoryFeed } from '../../src/history/store/history-feed.ts';
import { type HistoryBounds, HistoryStore } from '../../src/history/store/history-store.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/history/snapshot.ts';
import type { MetricSample } from '../../src/core/model/alert-rules.ts';
import { madeUpReadings, TARGET } from './support/made-up-readings.ts';
import { storeOf } from './support/history-api.ts';

const WIDE: HistoryBounds = { retention: 86_400_000, maxBytes: 1 << 30 };
type Values = readonly (number | null)[];

/** One reading each second from 1 s on; null is a reading without the series. */
function storeWith(values: Values): HistoryStore {
  const store = new HistoryStore();
  const feed = createHistoryFeed(store, TARGET);
  for (const [index, value] of values.entries()) {
    const samples: MetricSample[] = value === null ? [] : [{ name: 'm', labels: { server: 'a' }, value }];
    feed.ingest({ at: (index + 1) * 1000, samples, derived: [] });
  }
  return store;
}

function read(store: HistoryStore, name = 'm', from = 0, to = 1e15) {
  const times = store.times(store.ticksBetween(from, to));
  return store.find({ name, matchers: [] }).map((series) => {
    const one = store.read(series, times);
    return Array.from({ length: one.length }, (_, index) =>
      one.isStaleAt(index) ? `${one.timeAt(index)} end` : `${one.timeAt(index)} ${one.valueAt(index)}`,
    );
  });
}

describe('a series', () => {
  it.each<[string, Values, string[]]>([
    ['that never changes', [1, 1, 1], ['1000 1', '2000 1', '3000 1']],
    ['that changes', [1, 1, 2.5], ['1000 1', '2000 1', '3000 2.5']],
    ['that ends', [1, 2, null, null], ['1000 1', '2000 2', '3000 end']],
    ['that comes back', [1, null, null, 3], ['1000 1', '2000 end', '4000 3']],
    ['that comes late', [null, null, 3], ['3000 3']],
    ['that ends and comes back with its last value', [7, null, 7], ['1000 7', '2000 end', '3000 7']],
    [
      'of odd numbers',
      [-0, 0, Number.NaN, Infinity, -1e-300],
      ['1000 0', '2000 0', '3000 NaN', '4000 Infinity', '5000 -1e-300'],
    ],
    ['beyond 32 bits', [4_294_967_295, 4_294_967_296, 3], ['1000 4294967295', '2000 4294967296', '3000 3']],
  ])('%s', (_name, values, expected) => {
    expect(read(storeWith(values))).toEqual([expected]);
  });

  it('of NaN is stored once', () => {
    const many = storeWith(Array.from({ length: 1000 }, () => Number.NaN));
    const changing = storeWith(Array.from({ length: 1000 }, (_, index) => index));
    expect(many.size.bytes + 7000).toBeLessThan(changing.size.bytes);
  });

  it('is read in any part', () => {
    const store = storeWith([1, null, 2, 2, 3, null]);
    expect(read(store, 'm', 2000, 4000)).toEqual([['2000 end', '3000 2', '4000 2']]);
    expect(read(store, 'm', 4001, 5000)).toEqual([['5000 3']]);
    expect(read(store, 'm', 2500, 2600)).toEqual([[]]);
  });

  it('has many changes in any order of dropping', () => {
    const values = Array.from({ length: 500 }, (_, index) => (index % 37 === 0 ? null : index % 11));
    const store = storeWith(values);
    for (const kept of [499, 300, 123, 2, 1]) {
      store.prune(500_000, { retention: kept * 1000, maxBytes: 1 << 30 });
      const [own = []] = read(store);
      expect(own.filter((line) => !line.endsWith('end'))).toEqual(
        values.flatMap((value, index) =>
          value === null || 499 - index > kept ? [] : [`${(index + 1) * 1000} ${value}`],
        ),
      );
    }
  });
});

test('readings that are not newer are ignored', () => {
  const store = storeWith([1, 2]);
  expect([store.beginTick(2000), store.beginTick(1500)]).toEqual([null, null]);
});

test('a series that ended before the oldest reading is forgotten', () => {
  const store = storeWith([1, null, null, null]);
  store.prune(4000, { retention: 1000, maxBytes: 1 << 30 });
  expect(store.find({ name: 'm', matchers: [] })).toEqual([]);
  expect(store.find({ name: 'up', matchers: [] })).toHaveLength(1);
});

test('when the bytes are full the oldest goes, and what is left is right', () => {
  const readings = madeUpReadings(0, 200);
  const store = storeOf(readings);
  const all = store.size;
  store.prune(3_000_000, { ...WIDE, maxBytes: all.bytes * 0.8 });
  expect(store.size.bytes).toBeLessThanOrEqual(all.bytes * 0.8);
  expect(store.size.seconds).toBeLessThan(all.seconds);
  expect(store.size.seconds).toBeGreaterThan(all.seconds / 5);
  expect(store.droppedUntil).not.toBeNull();
  const whole = storeOf(readings);
  const from = store.span?.oldest ?? 0;
  for (const name of ['mcp_watchdog_server_up', 'mcp_watchdog_probes_total'])
    expect(read(store, name, from)).toEqual(read(whole, name, from));
});

test('memory stays bounded over a long time', () => {
  const store = new HistoryStore();
  const feed = createHistoryFeed(store, TARGET);
  const bounds = { retention: 100_000, maxBytes: 1 << 30 };
  const sizes: number[] = [];
  for (let tick = 1; tick <= 3000; tick += 1) {
    const at = tick * 1000;
    // Servers come and go with new names.
    const samples = [tick % 7, Math.floor(tick / 50)].map((value, index) => ({
      name: 'm',
      labels: { server: index === 0 ? 'a' : `s${Math.floor(tick / 10)}` },
      value,
    }));
    feed.ingest({ at, samples, derived: [] });
    store.prune(at, bounds);
    if (tick % 500 === 0) sizes.push(store.size.bytes);
  }
  expect(Math.max(...sizes.slice(2))).toBeLessThan((sizes[1] ?? 0) * 1.2);
});

describe('a snapshot', () => {
  const store = storeOf(madeUpReadings(1_000_000, 120));
  store.prune(1_000_000 + 119 * 15_000, { retention: 1_200_000, maxBytes: 1 << 30 });
  const bytes = encodeSnapshot(store.dump());

  it('brings back every sample', () => {
    const content = decodeSnapshot(bytes);
    if (typeof content === 'string') throw new Error(content);
    const again = new HistoryStore();
    again.load(content);
    expect([again.size.series, again.size.seconds]).toEqual([store.size.series, store.size.seconds]);
    expect([again.span, again.droppedUntil]).toEqual([store.span, store.droppedUntil]);
    for (const series of store.all()) {
      const name = series.labels['__name__'];
      expect(read(again, name)).toEqual(read(store, name));
    }
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['one bit is another', (all) => changed(all, all.length - 9, 1), /checksum/u],
    ['its end is missing', (all) => all.subarray(0, all.length - 100), /checksum/u],
    ['it is empty', () => Buffer.alloc(0), /no snapshot/u],
    ['it is of another format', (all) => changed(all, 8, 2), /format/u],
    [
      'it is something else',
      () => Buffer.from('{"not":"a snapshot, although it is long enough"}'),
      /no snapshot/u,
    ],
  ])('is refused when %s', (_name, spoil, words) => {
    expect(decodeSnapshot(spoil(Buffer.from(bytes)))).toMatch(words);
  });

  it('is refused when its content cannot be', () => {
    const content = decodeSnapshot(bytes);
    if (typeof content === 'string') throw new Error(content);
    const backwards = { ...content, times: content.times.toReversed() };
    const twice = { ...content, series: [...content.series, ...content.series] };
    const far = { ...content, ticks: content.ticks.map((tick) => tick + 1_000_000) };
    for (const one of [backwards, twice, far]) expect(() => new HistoryStore().load(one)).toThrow(RangeError);
  });
});

function changed(bytes: Buffer, at: number, by: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ by;
  return bytes;
}
