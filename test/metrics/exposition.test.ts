// The text that we write, with the client library as the judge: any series and values, in any order of changes.
import * as fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { createFamily, type Line, type TakenFamily } from '../../src/metrics/exposition.ts';
import { createHistogram } from '../../src/metrics/histogram.ts';

const NAME = 'mcp_watchdog_thing';
const HELP = 'A thing, with \\ and\nmore than one line.';

const text = fc.oneof(fc.constantFrom('a', 'b', '\\', '"', '\n', '\\n"'), fc.string({ maxLength: 8 }));
const value = fc.oneof(
  fc.nat(5),
  fc.double({ noNaN: true }),
  fc.constantFrom(Infinity, -Infinity, 0.1 + 0.2, 1e21),
);

/** What was taken, without the empty line at its end. */
function written({ pieces }: TakenFamily): string {
  return [...pieces()].join('').slice(0, -1);
}

describe('a family of gauges', () => {
  test('is written as the library writes it', async () => {
    const changes = fc.array(fc.record({ server: text, kind: text, value: fc.option(value) }), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const registry = new Registry();
        const judge = new Gauge({
          name: NAME,
          help: HELP,
          labelNames: ['server', 'kind'],
          registers: [registry],
        });
        const family = createFamily({ name: NAME, help: HELP, type: 'gauge' });
        const lines = new Map<string, Line>();
        for (const { server, kind, value: to } of list) {
          const key = JSON.stringify([server, kind]);
          const known = lines.get(key);
          // The library joins names and values with colons and commas: it takes some label sets for others.
          if (/[:,]/.test(server + kind)) continue;
          if (to === null) {
            judge.remove({ server, kind });
            if (known !== undefined) family.remove(known);
            lines.delete(key);
          } else {
            judge.set({ server, kind }, to);
            if (known === undefined) lines.set(key, family.add({ server, kind }, to));
            else family.set(known, to);
          }
          expect(written(family.take())).toBe(await registry.metrics());
        }
      }),
    );
  });

  test('is put together as it was taken, whatever has changed since', () => {
    const family = createFamily({ name: NAME, help: '', type: 'gauge' });
    const line = family.add({ a: 'b' }, 1);
    const first = family.take();
    family.set(line, 2);
    const second = family.take();
    family.remove(line);
    const texts = [second, first, family.take()].map((taken) => written(taken).split('\n')[2]);
    expect(texts).toEqual([`${NAME}{a="b"} 2`, `${NAME}{a="b"} 1`, '']);
  });

  test('has its bytes kept until something changes, by whatever comes after it was taken', () => {
    const family = createFamily({ name: NAME, help: '', type: 'gauge' });
    const line = family.add({ a: 'b' }, 1);
    const first = family.take();
    family.take().keep(Buffer.from('kept'));
    expect(String(family.take().bytes)).toBe('kept');
    family.set(line, 2);
    first.keep(Buffer.from('too late'));
    expect(family.take().bytes).toBeNull();
    expect(written(family.take())).toContain(' 2');
  });

  test('of many lines is written in pieces that are not long', () => {
    const family = createFamily({ name: NAME, help: '', type: 'gauge' });
    for (let index = 0; index < 5000; index += 1) family.add({ a: `${index}` }, index);
    const pieces = [...family.take().pieces()];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(32 * 1024);
    expect(pieces.join('').match(/[}] \d+$/gmu)).toHaveLength(5000);
  });

  test.each(['gauge', 'counter'] as const)('without labels is 0 before its first value: %s', async (type) => {
    const registry = new Registry();
    const Instrument = { gauge: Gauge, counter: Counter }[type];
    const judge = new Instrument({ name: NAME, help: HELP, registers: [registry] });
    const family = createFamily({ name: NAME, help: HELP, type, startsAtZero: true });
    expect(written(family.take())).toBe(await registry.metrics());
    judge.inc(3);
    const line = family.add({}, 3);
    expect(written(family.take())).toBe(await registry.metrics());
    family.remove(line);
    expect(written(family.take()).trimEnd().split('\n')).toHaveLength(2);
  });
});

/** The library writes whole bounds without `.0`. */
const WHOLE_BOUND = /le="(\d+)\.0"/g;

describe('a histogram', () => {
  test('is written as the library writes it', async () => {
    const observed = fc.array(
      fc.record({ server: fc.constantFrom('a', 'b"\\'), value: fc.double({ min: 0, max: 20, noNaN: true }) }),
    );
    await fc.assert(
      fc.asyncProperty(observed, async (list) => {
        const registry = new Registry();
        const buckets = [0.005, 0.1, 1, 10];
        const judge = new Histogram({
          name: NAME,
          help: HELP,
          labelNames: ['server'],
          buckets,
          registers: [registry],
        });
        const own = createHistogram({ name: NAME, help: HELP, labels: ['server'], buckets });
        judge.zero({ server: 'a' });
        own.open({ server: 'a' });
        for (const { server, value: seconds } of list) {
          judge.observe({ server }, seconds);
          own.observe({ server }, seconds);
        }
        expect(written(own.take()).replaceAll(WHOLE_BOUND, 'le="$1"')).toBe(await registry.metrics());
        judge.remove({ server: 'a' });
        own.remove({ server: 'a' });
        expect(written(own.take()).replaceAll(WHOLE_BOUND, 'le="$1"')).toBe(await registry.metrics());
      }),
    );
  });

  test('leaves out what is no number', () => {
    const own = createHistogram({ name: NAME, help: HELP, labels: [], buckets: [1] });
    own.observe({}, Number.NaN);
    own.observe({}, Infinity);
    expect(own.samples(() => true)).toEqual([]);
  });
});
