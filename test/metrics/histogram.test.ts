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

function written(histogram: ReturnType<typeof open>): string {
  return [...histogram.take().pieces()].join('');
}

test('createHistogram() takes any name and any buckets, and gives the samples that it writes', () => {
  const histogram = open();
  expect(written(histogram)).not.toContain('ping');
  histogram.open({ method: 'ping' });
  expect(written(histogram)).toContain('_count{method="ping"} 0');
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
  const text = written(histogram);
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
  expect(written(histogram)).not.toContain('ping');
});

test('many series are written in pieces that are not long, as they were taken', () => {
  const histogram = open();
  for (let index = 0; index < 1000; index += 1) histogram.observe({ method: `m${index}` }, 0.1);
  const taken = histogram.take();
  histogram.observe({ method: 'm1' }, 0.2);
  histogram.remove({ method: 'm2' });
  const pieces = [...taken.pieces()];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(32 * 1024);
  const counts = pieces
    .join('')
    .split('\n')
    .filter((line) => line.includes('_count'));
  expect(counts).toHaveLength(1000);
  expect(counts.every((line) => line.endsWith('} 1'))).toBe(true);
  expect(written(histogram)).toContain('_count{method="m1"} 2');
  expect(written(histogram)).not.toContain('"m2"');
});
