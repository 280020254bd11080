// The parts of the client library that are loaded one by one must be the ones that it offers.
import prometheus from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import Registry from 'prom-client/lib/registry.js';
import { expect, test } from 'vitest';
import { createMetricRegistry } from '../../src/metrics/metric-registry.ts';
import { parse } from '../fakes/stage.ts';

test('the parts of prom-client are those of its entry point', () => {
  expect([Counter, Registry]).toEqual([prometheus.Counter, prometheus.Registry]);
});

test('nothing is put into the global registry, which others may use', () => {
  createMetricRegistry();
  expect(prometheus.register.getMetricsAsArray()).toEqual([]);
});

test('the process metrics are those of the library, without the nodejs ones', async () => {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const [theirs, ours] = [await registry.metrics(), String(await createMetricRegistry().text())];
  const names = (text: string) =>
    [...parse(text).keys()].filter((name) => name.startsWith('process_')).sort();
  expect(names(ours)).toEqual(names(theirs));
  expect(ours).not.toContain('nodejs_');
  const headers = (text: string) =>
    text
      .toLowerCase()
      .match(/^# (help|type) process_.*$/gm)
      ?.sort();
  expect(headers(ours)).toEqual(headers(theirs));
});
