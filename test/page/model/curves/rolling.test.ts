import { describe, expect, test } from 'vitest';
import { createLiveRange } from '../../../../src/page/common/live-range.ts';
import { goesOn, goOn } from '../../../../src/page/model/curves/rolling.ts';
import type { Answer, InstantResult, RangeResult, TimeRange, Wire } from '../../../../src/page/model/wire.ts';

const STEP = 10;
const rangeTo = (end: number): TimeRange => ({ start: end - 30, end, step: STEP });
const known: RangeResult = {
  times: [70, 80, 90, 100],
  series: [{ labels: { server: 'a' }, values: [1, 2, 3, 4] }],
  warnings: [],
};
const now = (values: Record<string, number>): InstantResult => ({
  series: Object.entries(values).map(([server, value]) => ({ labels: { server }, value })),
  warnings: [],
});

describe('a range goes on', () => {
  test('with a last value that floats until it is a step away', () => {
    const first = goOn(known, rangeTo(104), now({ a: 5 }));
    expect(first.times).toEqual([70, 80, 90, 100, 104]);
    const second = goOn(first, rangeTo(105), now({ a: 6 }));
    expect(second.times).toEqual([70, 80, 90, 100, 105]);
    const third = goOn(second, rangeTo(111), now({ a: 7 }));
    expect(third.times).toEqual([80, 90, 100, 111]);
    const fourth = goOn(third, rangeTo(113), now({ a: 8 }));
    expect(fourth.times).toEqual([80, 90, 100, 111, 113]);
    expect(fourth.series).toEqual([{ labels: { server: 'a' }, values: [2, 3, 4, 7, 8] }]);
  });

  test('never with more points than it has steps, however long', () => {
    let result = known;
    for (let end = 101; end < 1000; end += 7) result = goOn(result, rangeTo(end), now({ a: end }));
    expect(result.times.length).toBeLessThanOrEqual(5);
    expect(result.series[0]?.values).toHaveLength(result.times.length);
    expect(result.series[0]?.values.at(-1)).toBe(result.times.at(-1));
  });

  test('with series that come, and without those that nothing is known of any more', () => {
    const both = goOn(known, rangeTo(104), now({ a: 5, b: 1 }));
    expect(both.series[1]).toEqual({ labels: { server: 'b' }, values: [null, null, null, null, 1] });
    let alone = both;
    for (let end = 114; end < 160; end += 10) alone = goOn(alone, rangeTo(end), now({ b: 2 }));
    expect(alone.series.map(({ labels }) => labels['server'])).toEqual(['b']);
  });

  test('with what is no number as unknown, and with the same values where nothing differs', () => {
    const unknown = goOn(known, rangeTo(104), now({ a: Number.NaN }));
    expect(unknown.series[0]?.values).toEqual([1, 2, 3, 4, null]);
    const calm = goOn(unknown, rangeTo(105), now({}));
    expect(calm.series[0]?.values).toBe(unknown.series[0]?.values);
  });

  test('only while it is of the same length, and not after a gap', () => {
    expect(goesOn(known, rangeTo(100), rangeTo(105))).toBe(true);
    expect(goesOn(known, rangeTo(100), rangeTo(190))).toBe(true);
    expect(goesOn(known, rangeTo(100), rangeTo(191))).toBe(false);
    expect(goesOn(known, rangeTo(100), rangeTo(99))).toBe(false);
    expect(goesOn(known, rangeTo(100), { ...rangeTo(105), step: 15 })).toBe(false);
    expect(goesOn(known, rangeTo(100), { ...rangeTo(105), start: 0 })).toBe(false);
    expect(goesOn({ ...known, times: [], series: [] }, rangeTo(100), rangeTo(105))).toBe(false);
  });
});

describe('an expression over a range that ends now', () => {
  function open(): { readonly asked: string[]; readonly live: ReturnType<typeof createLiveRange> } {
    const asked: string[] = [];
    const ok = <T>(value: T): Promise<Answer<T>> => Promise.resolve({ ok: true, value });
    const wire: Pick<Wire, 'range' | 'query'> = {
      range(_expression, { end }) {
        asked.push(`range ${end}`);
        return ok({ ...known, times: known.times.map((time) => time - 100 + end) });
      },
      query() {
        asked.push('now');
        return ok(now({ a: 9 }));
      },
    };
    return { asked, live: createLiveRange(wire, 'x') };
  }

  test('is read as a whole once, then value by value; as a whole after a gap, for another range and another daemon', async () => {
    const { asked, live } = open();
    await live.read(rangeTo(100));
    await live.read(rangeTo(115));
    const third = await live.read(rangeTo(130));
    expect(third).toMatchObject({ ok: true, value: { times: [100, 115, 130] } });
    await live.read(rangeTo(1000));
    await live.read({ ...rangeTo(1010), start: 0 });
    live.forget();
    await live.read({ ...rangeTo(1020), start: 10 });
    expect(asked).toEqual(['range 100', 'now', 'now', 'range 1000', 'range 1010', 'range 1020']);
  });

  test('drops an answer that a later question has overtaken', async () => {
    const { live } = open();
    const [first, second] = await Promise.all([live.read(rangeTo(100)), live.read(rangeTo(200))]);
    expect(first).toBeNull();
    expect(second).toMatchObject({ ok: true, value: { times: [170, 180, 190, 200] } });
  });
});
