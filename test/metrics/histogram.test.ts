import { expect, test } from 'vitest';
import { createHistogram } from '../../src/metrics/histogram.ts';

function open() {
  return createHistogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Duration of an operation.',
    labels: ['method'],
    buckets: [0.5, 1],
  });
}

const all = (): boolean => true;

test('createHistogram() takes any name and any buckets, and gives the samples that it writes', () => {
  const histogram = open();
  expect(histogram.take()()).not.toContain('ping');
  histogram.open({ method: 'ping' });
  expect(histogram.take()()).toContain('_count{method="ping"} 0');
  for (const seconds of [0.5, 0.6, 3]) histogram.observe({ method: 'ping' }, seconds);
  const lines = histogram.samples(all).map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}{${pairs.sort().join(',')}} ${value}`;
  });
  expect(lines).toEqual([
    'mcp_server_operation_duration_seconds_bucket{le="0.5",method="ping"} 1',
    'mcp_server_operation_duration_seconds_bucket{le="1.0",method="ping"} 2',
    'mcp_server_operation_duration_seconds_bucket{le="+Inf",method="ping"} 3',
    'mcp_server_operation_duration_seconds_sum{method="ping"} 4.1',
    'mcp_server_operation_duration_seconds_count{method="ping"} 3',
  ]);
  const text = histogram.take()();
  for (const line of lines) expect(text).toContain(line);
});

test('a removed series is neither written nor read, and a series keeps its labels object', () => {
  const histogram = open();
  histogram.open({ method: 'ping' });
  const [first] = histogram.samples((name) => name.endsWith('_count'));
  const [again] = histogram.samples((name) => name.endsWith('_count'));
  expect(again?.labels).toBe(first?.labels);
  histogram.remove({ method: 'ping' });
  expect(histogram.samples(all)).toEqual([]);
  expect(histogram.take()()).not.toContain('ping');
});

test('series that have changed are written a few at a time, and what changes afterwards is taken too', () => {
  const histogram = open();
  for (const method of ['a', 'b', 'c']) histogram.observe({ method }, 0.1);
  expect([histogram.write(2), histogram.write(2), histogram.write(2)]).toEqual([true, false, false]);
  histogram.observe({ method: 'b' }, 0.2);
  histogram.open({ method: 'c' });
  histogram.observe({ method: 'd' }, 3);
  histogram.remove({ method: 'd' });
  const counts = histogram
    .take()()
    .split('\n')
    .filter((line) => line.includes('_count'));
  const name = 'mcp_server_operation_duration_seconds_count';
  expect(counts).toEqual([`${name}{method="a"} 1`, `${name}{method="b"} 2`, `${name}{method="c"} 0`]);
  expect(histogram.write(1)).toBe(false);
});
