// Limits of the query API: size, time, concurrency, and slices that leave the event loop to others.
import { describe, expect, it } from 'vitest';
import { createQueryQueue } from '../../src/history/query/query-queue.ts';
import { createHistoryFeed } from '../../src/history/store/history-feed.ts';
import { HistoryStore } from '../../src/history/store/history-store.ts';
import { FakeClock } from '../fakes/clock.ts';
import { startWeb } from '../fakes/web.ts';
import { apiOf, ask, storeOf } from './support/history-api.ts';
import { madeUpReadings, TARGET } from './support/made-up-readings.ts';

const END = 100 * 15_000;

function wideStore(series: number, readings: number): HistoryStore {
  const store = new HistoryStore();
  const feed = createHistoryFeed(store, TARGET);
  const labels = Array.from({ length: series }, (_, index) => ({ server: `s${index}` }));
  for (let at = 1; at <= readings; at += 1)
    feed.ingest({
      at: at * 1000,
      samples: labels.map((own) => ({ name: 'm', labels: own, value: at })),
      derived: [],
    });
  return store;
}

const range = (query: string, end: number, step: string) => ({ query, start: '0', end: String(end), step });

describe('refused', () => {
  it.each<[string, string, Record<string, string>, number, string]>([
    ['a long expression', 'query', { query: `${'up + '.repeat(1000)}up` }, 400, 'bad_data'],
    ['more than 11,000 steps', 'query_range', range('up', 11_002, '1'), 400, 'bad_data'],
    ['more than 10,000 series', 'query', { query: 'm', time: '2' }, 422, 'execution'],
    ['more than 500,000 samples', 'query_range', range('m{server=~"s.{1,4}"}', 1000, '1'), 422, 'execution'],
    ['more than 10,000 series by name', 'series', { 'match[]': 'm', start: '0', end: '2' }, 422, 'execution'],
  ])('%s', async (_name, path, parameters, status, errorType) => {
    const api = apiOf(wideStore(10_001, 2), { now: 2000 });
    const answer = await ask(api, path, parameters);
    expect([answer.status, answer.body['errorType']]).toEqual([status, errorType]);
  });

  it('what reads more than 5 million samples', async () => {
    const sum = Array.from({ length: 30 }, () => 'sum(sum_over_time(m[2000s]))').join(' + ');
    const answer = await ask(apiOf(wideStore(100, 2000), { now: 2_000_000 }), 'query', {
      query: sum,
      time: '2000',
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining('too many samples') },
    });
  });

  it('what works longer than 2 s, or than its timeout', async () => {
    let now = 0;
    const monotonic = (): number => (now += 5);
    const slow = apiOf(wideStore(10, 100), { now: 100_000, monotonic, cpu: monotonic });
    expect(await ask(slow, 'query_range', range('sum(m)', 10_000, '1'))).toMatchObject({
      status: 503,
      body: { errorType: 'timeout' },
    });
    const parameters = { ...range('sum(m)', 100, '1'), timeout: '20ms' };
    expect(await ask(slow, 'query_range', parameters)).toMatchObject({ status: 503 });
    expect(await ask(slow, 'query_range', { ...parameters, timeout: '1s' })).toMatchObject({ status: 200 });
  });

  it('a subquery that works too long', async () => {
    let now = 0;
    const monotonic = (): number => (now += 5);
    const api = apiOf(wideStore(10, 100), { now: 100_000, monotonic, cpu: monotonic });
    const maximum = (range: string) =>
      ask(api, 'query', { query: `max_over_time(sum(m)[${range}:1s])`, time: '100' });
    expect(await maximum('10h')).toMatchObject({ status: 503, body: { errorType: 'timeout' } });
    expect(await maximum('30s')).toMatchObject({ status: 200 });
  });

  it('everything while no history is kept', async () => {
    expect(await ask(apiOf(null, { now: END }), 'query', { query: 'up' })).toMatchObject({
      status: 503,
      body: { errorType: 'unavailable', error: expect.stringContaining('history: false') },
    });
  });
});

it('a query gives the event loop its turns', async () => {
  let [now, turns] = [0, 0];
  const api = apiOf(storeOf(madeUpReadings(0, 100)), {
    now: END,
    monotonic: () => (now += 0.5),
    turn: async () => void (turns += 1),
  });
  const parameters = range('sum(rate(mcp_watchdog_probe_duration_seconds_bucket[5m]))', 1500, '5');
  expect((await ask(api, 'query_range', parameters)).status).toBe(200);
  expect(turns).toBeGreaterThan(10);
});

it.each<[path: string, parameters: Record<string, string>]>([
  ['query', { query: 'm', time: '10' }],
  ['query', { query: 'm[10s]', time: '10' }],
  ['query_range', range('count(m)', 10, '1')],
  ['query_range', range('topk(3, m)', 10, '1')],
  ['query_range', range('label_replace(m, "a", "$1", "server", "(.*)")', 10, '1')],
  ['series', { 'match[]': 'm', start: '0', end: '10' }],
])('an answer of many series is never written at a stretch: %s %o', async (path, parameters) => {
  const [count, most] = [2000, 20];
  const store = wideStore(count, 10);
  // Whatever is done for a series takes a millisecond: what does not look at the time stands out.
  let [now, looks, turns] = [0, 0, 0];
  const monotonic = (): number => {
    looks += 1;
    return (now += 1);
  };
  const api = apiOf(store, { now: 10_000, monotonic, turn: async () => void (turns += 1) });
  expect((await ask(api, path, parameters)).status).toBe(200);
  expect(looks).toBeGreaterThan(2 * count);
  expect(turns).toBeGreaterThan(count / most);
});

it('a client that went away is not worked for', async () => {
  const api = apiOf(storeOf(madeUpReadings(0, 100)), { now: END });
  const answer = await api.answer('query', new URLSearchParams({ query: 'up' }), AbortSignal.abort());
  expect(answer?.status).toBe(503);
});

it('an answer about more than is kept says so', async () => {
  const store = storeOf(madeUpReadings(0, 100));
  const young = await ask(apiOf(store, { now: END }), 'query_range', range('up', 1500, '15'));
  store.prune(END, { retention: 600_000, maxBytes: 1 << 30 });
  const old = await ask(apiOf(store, { now: END }), 'query_range', range('up', 1500, '15'));
  const within = await ask(apiOf(store, { now: END }), 'query', { query: 'up', time: '1400' });
  expect([young, old, within].map(({ body }) => body['warnings'])).toEqual([
    undefined,
    [expect.stringContaining('1970-01-01T00:15:00.000Z')],
    undefined,
  ]);
});

describe('the queue', () => {
  it('runs one query at a time, in their order, and goes on after one that failed', async () => {
    const queue = createQueryQueue(new FakeClock());
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (name === 'a') throw new Error('a failed');
    };
    const all = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.run(work(name))));
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('lets 64 wait, 10 s each', async () => {
    const clock = new FakeClock();
    const queue = createQueryQueue(clock);
    let finish = (): void => {};
    const first = queue.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const waiting = Array.from({ length: 64 }, () => queue.run(async () => 'done'));
    await expect(queue.run(async () => 'done')).rejects.toMatchObject({ type: 'unavailable', status: 503 });
    const [one, ...rest] = waiting;
    const ended = Promise.allSettled(rest);
    await Promise.all([expect(one).rejects.toMatchObject({ type: 'unavailable' }), clock.advance(10_000)]);
    expect((await ended).every(({ status }) => status === 'rejected')).toBe(true);
    finish();
    await first;
    expect(await queue.run(async () => 'done')).toBe('done');
    expect(clock.pending).toBe(0);
  });
});

describe('over HTTP', () => {
  const api = apiOf(storeOf(madeUpReadings(0, 100)), { now: END });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it('takes form bodies of up to 16 KiB, where Prometheus does', async () => {
    const web = await startWeb({ queries: (...given) => api.answer(...given) });
    const post = (path: string, body: string) =>
      web.ask(`/api/v1/${path}`, { method: 'POST', headers: form, body });
    expect(await post('query', 'query=up&time=1500')).toMatchObject({ status: 200 });
    expect(await post('query?time=1500', 'query=up')).toMatchObject({ status: 200 });
    expect(await post('series', 'match[]=up&start=0&end=1500')).toMatchObject({ status: 200 });
    expect(await post('query', `query=${'x'.repeat(17_000)}`)).toMatchObject({ status: 413 });
    expect(await post('metadata', '')).toMatchObject({ status: 405 });
    expect(await post('label/server/values', '')).toMatchObject({ status: 405 });
    await web.close();
  });

  it('says when to come back, and nothing to other sites', async () => {
    const off = apiOf(null, { now: END });
    const web = await startWeb({ queries: (...given) => off.answer(...given) });
    const answer = await web.ask('/api/v1/query?query=up');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    const headers = { ...form, origin: 'http://evil.example' };
    expect(await web.ask('/api/v1/query', { method: 'POST', headers, body: 'query=up' })).toMatchObject({
      status: 403,
    });
    await web.close();
  });
});
