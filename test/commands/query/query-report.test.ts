// Results of queries as text: table, chart and small lines, in any width.
import { describe, expect, it, test } from 'vitest';
import { drawChart, drawSpark, shortNumber } from '../../../src/commands/query/chart.ts';
import { plainRows, queryLines } from '../../../src/commands/query/query-report.ts';
import { widthOf } from '../../../src/commands/views/style.ts';
import type { MatrixElement, Point } from '../../../src/core/metrics/query-result.ts';

const OPTIONS = { width: 80, colour: false, now: 0 };

function seriesOf(server: string, values: readonly number[]): MatrixElement {
  const points = values.map((value, index): Point => [1000 + index * 15, String(value)]);
  return { metric: { __name__: 'up', job: 'j', instance: 'i', server }, values: points };
}

describe('a chart', () => {
  const values = seriesOf('a', [0, 1, 2, 3, 4, 5, 6, 7]).values;

  it('has its scale on the left, and columns that rise', () => {
    const lines = drawChart(values, { width: 27, colour: false });
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatch(/^ {8}7 │ +█+$/u);
    expect(lines[7]).toMatch(/^ {8}0 │▁+█+$/u);
    expect(Math.max(...lines.map(widthOf))).toBe(27);
  });

  it('leaves out what was not measured', () => {
    const late: Point = [values[7]?.[0] ?? 0, '1'];
    const gap = [...values.slice(0, 2), late];
    expect(drawSpark(gap, { start: 1000, end: 1105 }, 8)).toMatch(/^\S\S\s+\S$/u);
  });

  it('draws what never changes in the middle', () => {
    expect(new Set(drawSpark(seriesOf('a', [5, 5, 5]).values, { start: 1000, end: 1030 }, 6))).toEqual(
      new Set('▅'),
    );
  });
});

test('several series are a line each, with last, least and greatest value', () => {
  const data = {
    resultType: 'matrix',
    result: [seriesOf('a', [3, 1, 2]), seriesOf('b', [1500, 2e6, 0])],
  } as const;
  const lines = queryLines(data, OPTIONS);
  expect(lines[0]).toMatch(/^SERIES +LAST +MIN +MAX$/u);
  expect(lines[1]).toMatch(/^up\{server="a"\} +\S+ +2 +1 +3$/u);
  expect(lines[2]).toMatch(/^up\{server="b"\} +\S+ +0 +0 +2M$/u);
  expect(Math.max(...queryLines(data, { ...OPTIONS, width: 40 }).map(widthOf))).toBeLessThanOrEqual(40);
});

test('what all series have is said once, where the whole would not fit', () => {
  const result = ['0.1', '0.5'].map((le) => ({
    metric: {
      __name__: 'mcp_watchdog_probe_duration_seconds_bucket',
      job: 'j',
      instance: 'i',
      le,
      server: 'a',
    },
    value: [1, le] as Point,
  }));
  const data = { resultType: 'vector', result } as const;
  const heading = 'mcp_watchdog_probe_duration_seconds_bucket{server="a"}';
  expect(queryLines(data, { ...OPTIONS, width: 60 })).toEqual([
    heading,
    expect.stringMatching(/^SERIES +VALUE$/u),
    expect.stringMatching(/^\{le="0\.1"\} +0\.1$/u),
    expect.stringMatching(/^\{le="0\.5"\} +0\.5$/u),
  ]);
  expect(queryLines(data, { ...OPTIONS, width: 120 })[1]).toContain(heading.replace('{', '{le="0.1", '));
});

test('a metric of bytes has units of bytes', () => {
  const { values } = seriesOf('a', [50_000_000, 52_428_800]);
  const one = { metric: { __name__: 'mcp_watchdog_server_resident_memory_bytes' }, values };
  const chart = queryLines({ resultType: 'matrix', result: [one] }, OPTIONS);
  expect([chart[1], chart[8]]).toEqual([
    expect.stringMatching(/^ +50MiB │/u),
    expect.stringMatching(/^ 47\.68MiB │/u),
  ]);
  const rate = { ...one, metric: {} };
  expect(queryLines({ resultType: 'matrix', result: [rate] }, OPTIONS)[1]).toMatch(/^ +52\.43M │/u);
});

test('more than twenty series are counted', () => {
  const result = Array.from({ length: 25 }, (_, index) => seriesOf(`s${index}`, [index]));
  expect(queryLines({ resultType: 'matrix', result }, OPTIONS).at(-1)).toContain('5 more series');
});

test('nothing is said in words, and is no row', () => {
  for (const resultType of ['vector', 'matrix'] as const) {
    expect(queryLines({ resultType, result: [] }, OPTIONS)).toEqual([expect.stringMatching(/^No series/u)]);
    expect(plainRows({ resultType, result: [] })).toEqual([]);
  }
});

test('labels of servers do not control the terminal', () => {
  const metric = { __name__: 'info', version: '1\u001B[2J' };
  const data = { resultType: 'vector', result: [{ metric, value: [1, '1'] as Point }] } as const;
  expect([...queryLines(data, OPTIONS), ...plainRows(data)].join('')).not.toContain('\u001B');
});

test.each([
  [0, '0'],
  [1.23456, '1.235'],
  [12_345, '12.35k'],
  [123_456_789, '123.5M'],
  [-2048, '-2.048k'],
  [0.000012, '1.2e-5'],
  [Infinity, '+Inf'],
  [Number.NaN, '–'],
])('%d is written as %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});
