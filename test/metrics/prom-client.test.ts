// The client library as judge: what is written here must be what it would have written.
import * as fc from 'fast-check';
import prometheus from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import Registry from 'prom-client/lib/registry.js';
import { describe, expect, test } from 'vitest';
import { METRIC_PREFIX, METRICS, PROBE_BUCKETS } from '../../src/core/metrics.ts';
import { createBoard } from '../../src/metrics/board.ts';
import { durationSamples, NO_DURATIONS, observe } from '../../src/metrics/durations.ts';
import { createProcessRegistry } from '../../src/metrics/process-metrics.ts';
import { parse } from '../fakes/stage.ts';

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a"b', 'a\\b', 'a\nb', '\\n', '"'));
const value = fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.nat());

/** The lines of one family. */
function linesOf(exposition: string, name: string): string[] {
  return exposition
    .split('\n')
    .filter(
      (line) =>
        line.startsWith(name) || line.startsWith(`# TYPE ${name} `) || line.startsWith(`# HELP ${name} `),
    );
}

describe('the exposition is that of prom-client', () => {
  test('for gauges and counters, with any text in a label and any value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text), text, value, async (servers, version, number) => {
        const registry = new prometheus.Registry();
        const board = createBoard();
        for (const metric of ['server_start_failures_total', 'server_tools', 'build_info'] as const) {
          const { type, help, labels } = METRICS[metric];
          const options = {
            name: METRIC_PREFIX + metric,
            help,
            labelNames: Object.keys(labels),
            registers: [registry],
          };
          const sets =
            metric === 'build_info' ? [{ version, node_version: '' }] : servers.map((server) => ({ server }));
          if (type === 'gauge')
            for (const set of sets.slice(0, 1)) new prometheus.Gauge(options).set(set, number);
          else for (const set of sets.slice(0, 1)) new prometheus.Counter(options).inc(set, number);
          board.show(
            metric,
            sets.slice(0, 1).map((set) => ({ metric, labels: set, value: number })),
          );
        }
        for (const line of (await registry.metrics()).split('\n'))
          expect(board.text().split('\n')).toContain(line);
      }),
    );
  });

  test('for the histogram, with any durations', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.double({ min: 0, max: 30, noNaN: true }), fc.constantFrom(...PROBE_BUCKETS))),
        async (seconds) => {
          const name = `${METRIC_PREFIX}probe_duration_seconds`;
          const { help, labels } = METRICS.probe_duration_seconds;
          const registry = new prometheus.Registry();
          const buckets = [...PROBE_BUCKETS];
          const histogram = new prometheus.Histogram({
            name,
            help,
            labelNames: Object.keys(labels),
            buckets,
            registers: [registry],
          });
          const set = { server: 'files', probe: 'ping' } as const;
          histogram.zero(set);
          for (const each of seconds) histogram.observe(set, each);
          const board = createBoard();
          board.show('files', durationSamples(seconds.reduce(observe, NO_DURATIONS), set));
          expect(linesOf(board.text(), name)).toEqual(linesOf(await registry.metrics(), name));
        },
      ),
    );
  });
});

describe('the process metrics', () => {
  test('are those of the library, without the nodejs ones', async () => {
    const registry = new prometheus.Registry();
    prometheus.collectDefaultMetrics({ register: registry });
    const [theirs, ours] = [await registry.metrics(), await createProcessRegistry().metrics()];
    const names = (exposition: string) =>
      [...parse(exposition).keys()].filter((name) => name.startsWith('process_')).sort();
    expect(names(ours)).toEqual(names(theirs));
    expect(ours).not.toContain('nodejs_');
    const headers = (exposition: string) =>
      exposition
        .toLowerCase()
        .match(/^# (help|type) process_.*$/gm)
        ?.sort();
    expect(headers(ours)).toEqual(headers(theirs)?.filter((line) => !/active|handles|requests/.test(line)));
  });

  test('come from parts of the library that are those of its entry point', () => {
    expect([Counter, Registry]).toEqual([prometheus.Counter, prometheus.Registry]);
  });

  test('leave the global registry alone, which others may use', () => {
    createProcessRegistry();
    expect(prometheus.register.getMetricsAsArray()).toEqual([]);
  });
});
