import { expect, test } from 'vitest';
import { createScrapeIngest } from '../../src/alerting/scrape-ingest.ts';
import { parse } from '../../src/promql/parse/parse.ts';
import { createSeriesStore } from '../../src/promql/series/series-store.ts';
import { reading } from '../fakes/rules.ts';

const TARGET = { job: 'mcp-watchdog', instance: '127.0.0.1:9638' };

function open(...texts: readonly string[]) {
  return openFor(3, texts);
}

function openFor(generation: 2 | 3, texts: readonly string[]) {
  const interests = texts.map((text) => {
    const selector = parse(text);
    if (selector.kind !== 'selector') throw new Error(`${text} is no selector`);
    return { selector, reach: 1000 };
  });
  const store = createSeriesStore(interests);
  const all = () => store.select({ name: null, matchers: [] });
  return { feed: createScrapeIngest(store, interests, { target: TARGET, generation }), all };
}

test('a scrape adds the labels of the target, and up', () => {
  const { feed, all } = open('up', 'm{k="a"}');
  feed.ingest([reading('m', 1, { k: 'a' }), reading('m', 1, { k: 'b' }), reading('n', 1)], 10);
  expect(all().map(({ labels }) => labels)).toEqual([
    { __name__: 'm', k: 'a', ...TARGET },
    { __name__: 'up', ...TARGET },
  ]);
});

test('a series is the same by the object of its labels or by their words, and ends when it is not shown', () => {
  const { feed, all } = open('m');
  const labels = { k: 'a' };
  feed.ingest([reading('m', 1, labels)], 10);
  feed.ingest([reading('m', 2, labels)], 20);
  feed.ingest([reading('m', 3, { k: 'a' })], 30);
  feed.ingest([], 40);
  // The very object that was known before its series ended.
  feed.ingest([reading('m', 4, labels)], 50);
  feed.ingest([], 60);
  const [series, ...others] = all();
  expect(others).toEqual([]);
  expect(Array.from({ length: series?.length ?? 0 }, (_, at) => series?.isStaleAt(at))).toEqual([
    false,
    false,
    false,
    true,
    false,
    true,
  ]);
});

test('two metrics may share an object of labels', () => {
  const { feed, all } = open('m', 'n');
  const labels = { k: 'a' };
  for (const at of [10, 20]) feed.ingest([reading('m', 1, labels), reading('n', 2, labels)], at);
  expect(all().map((series) => [series.labels['__name__'], series.length, series.valueAt(0)])).toEqual([
    ['m', 2, 1],
    ['n', 2, 2],
  ]);
});

test('bounds of buckets are stored as the version of Prometheus writes them', () => {
  const bounds = (generation: 2 | 3) => {
    const { feed, all } = openFor(generation, ['m_bucket']);
    feed.ingest([reading('m_bucket', 1, { le: '1' }), reading('m_bucket', 2, { le: '+Inf' })], 10);
    return all().map(({ labels }) => labels['le']);
  };
  expect(bounds(2)).toEqual(['1', '+Inf']);
  expect(bounds(3)).toEqual(['1.0', '+Inf']);
});
