import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SampleBuffer } from '../../../src/promql/series/sample-buffer.ts';
import { TimeColumn } from '../../../src/promql/series/time-column.ts';

function contents(history: SampleBuffer): [time: number, value: number][] {
  return Array.from({ length: history.length }, (_, index) => [
    history.timeAt(index),
    history.valueAt(index),
  ]);
}

describe('History', () => {
  test('keeps samples in the order of time, and ignores what comes too late', () => {
    const history = new SampleBuffer({ a: '1' });
    for (const time of [10, 20, 20, 15, 30]) history.push(time, time / 10, false);
    expect(contents(history)).toEqual([
      [10, 1],
      [20, 2],
      [30, 3],
    ]);
    expect(history.labels).toEqual({ a: '1' });
  });

  test('drops what is older, and not what is of that time', () => {
    const history = new SampleBuffer({});
    for (const time of [10, 20, 30]) history.push(time, time, false);
    history.dropBefore(20);
    expect(contents(history).map(([time]) => time)).toEqual([20, 30]);
    history.dropBefore(31);
    expect(history.length).toBe(0);
    history.push(5, 1, false);
    expect(history.length).toBe(1);
  });

  test('stays small while old samples leave as new ones come', () => {
    const history = new SampleBuffer({});
    for (let time = 0; time < 10_000; time += 1) {
      history.push(time, time, false);
      history.dropBefore(time - 99);
    }
    expect(history.length).toBe(100);
    expect(history.bytes).toBeLessThan(200 * 16);
    expect(contents(history).at(0)).toEqual([9900, 9900]);
    expect(contents(history).at(-1)).toEqual([9999, 9999]);
  });

  test('gives room back when little is left', () => {
    const history = new SampleBuffer({});
    for (let time = 0; time < 1000; time += 1) history.push(time, time, false);
    const most = history.bytes;
    for (let time = 990; time < 1000; time += 1) history.dropBefore(time);
    expect(history.bytes).toBeLessThan(most / 4);
    expect(contents(history)).toEqual([[999, 999]]);
  });

  test('hands out windows without the marks of an end', () => {
    const history = new SampleBuffer({ a: '1' });
    history.push(10, 1, false);
    history.push(20, Number.NaN, true);
    history.push(30, 3, false);
    history.push(40, Number.NaN, false);
    const window = history.windowOf(0, 4);
    expect([...window.times]).toEqual([10, 30, 40]);
    expect([...window.values]).toEqual([1, 3, NaN]);
    expect(window.labels).toBe(history.labels);
    expect([...history.windowOf(2, 2).times]).toEqual([]);
    expect([1, 2].map((index) => history.isStaleAt(index))).toEqual([true, false]);
    history.dropBefore(30);
    expect([...history.windowOf(0, 1).times]).toEqual([30]);
  });

  test('is like a list, whatever is appended and dropped', () => {
    const step = fc.record({ time: fc.nat(50), isEnd: fc.boolean(), drop: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const history = new SampleBuffer({});
        let list: { time: number; isEnd: boolean }[] = [];
        let now = 0;
        for (const { time, isEnd, drop } of steps) {
          now += time;
          history.push(now, now, isEnd);
          if (now > (list.at(-1)?.time ?? -1)) list.push({ time: now, isEnd });
          history.dropBefore(now - drop * 20);
          list = list.filter((one) => one.time >= now - drop * 20);
          if (list.length === 0) now += 1;
        }
        expect(contents(history).map(([time]) => time)).toEqual(list.map(({ time }) => time));
        expect([...history.windowOf(0, history.length).times]).toEqual(
          list.filter(({ isEnd }) => !isEnd).map(({ time }) => time),
        );
      }),
    );
  });

  test('is like a list, whatever others that share its times have', () => {
    const present = fc.array(fc.constantFrom('nothing', 'same', 'other', 'zero', 'end'), {
      minLength: 3,
      maxLength: 3,
    });
    const step = fc.record({ present, drop: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const column = new TimeColumn();
        const buffers = [0, 1, 2].map(() => new SampleBuffer({}, column));
        const lists: { time: number; value: number | null }[][] = [[], [], []];
        for (const [time, { present: what, drop }] of steps.entries())
          for (const [index, buffer] of buffers.entries()) {
            const kind = what[index];
            const value = kind === 'same' ? 7 : kind === 'other' ? time : kind === 'zero' ? -0 : null;
            const list = lists[index] ?? [];
            if (kind !== 'nothing') {
              buffer.push(time, value ?? Number.NaN, value === null);
              list.push({ time, value });
            }
            buffer.dropBefore(time - drop);
            while (list.length > 0 && (list[0]?.time ?? 0) < time - drop) list.shift();
            const samples = list.filter((one) => one.value !== null);
            const window = buffer.windowOf(0, buffer.length);
            expect(contents(buffer)).toEqual(list.map((one) => [one.time, one.value ?? Number.NaN]));
            expect([...window.times]).toEqual(samples.map((one) => one.time));
            expect([...window.values]).toEqual(samples.map((one) => one.value));
          }
      }),
    );
  });
});
