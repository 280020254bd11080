// The query API beside the real Prometheus on the same samples: field by field, by promtool, and with all queries of the dashboards.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Prometheus, type Sample, startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { startWeb, type Web } from '../fakes/web.ts';
import { questionsOf, readDashboards } from '../dashboards/story-queries.ts';
import { apiOf, ask, storeOf } from './support/history-api.ts';
import { type MadeUpReading, madeUpReadings, RESOLUTION, TARGET } from './support/made-up-readings.ts';

const COUNT = 240;
const END = Math.floor(Date.now() / RESOLUTION) * RESOLUTION;
const START = END - (COUNT - 1) * RESOLUTION;
/** As the history thins them: both must hold the same samples. */
const THINNED = 'mcp_server_operation_duration_seconds_bucket';

const hasBoth = requireProgram('prometheus') && requireProgram('promtool');
const run = promisify(execFile);

describe.skipIf(!hasBoth)('the query API beside Prometheus', { timeout: 120_000 }, () => {
  let prometheus: Prometheus;
  let web: Web;

  beforeAll(async () => {
    const readings = madeUpReadings(START, COUNT);
    prometheus = await startPrometheus();
    await writeAll(prometheus, readings);
    const api = apiOf(storeOf(readings), { now: END });
    web = await startWeb({ queries: (...given) => api.answer(...given) });
  }, 180_000);

  afterAll(async () => {
    await web?.close();
    await prometheus?.stop();
  });

  async function both(path: string, parameters: Record<string, string> | [string, string][] = {}) {
    const text = new URLSearchParams(parameters).toString();
    const answers = [prometheus.url, web.url].map(async (url) => {
      const response = await fetch(new URL(`/api/v1/${path}?${text}`, url));
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: await response.text(),
      };
    });
    const [theirs, ours] = await Promise.all(answers);
    return {
      theirs: parsed(theirs?.body),
      ours: parsed(ours?.body),
      statuses: [theirs?.status, ours?.status],
    };
  }

  test('answers all queries of the dashboards alike', { timeout: 240_000 }, async () => {
    const span = { start: START / 1000, end: END / 1000, step: 60, scrape: 15 };
    const questions = readDashboards().flatMap((dashboard) => questionsOf(dashboard, span));
    let compared = 0;
    for (const { name, kind, expr } of questions) {
      if (kind === 'values') continue;
      const { theirs, ours } =
        kind === 'instant'
          ? await both('query', { query: expr, time: String(span.end) })
          : await both('query_range', { query: expr, ...textsOf(span) });
      expect(ours['status'], `${name}: ${String(ours['error'])}`).toBe('success');
      expect(comparable(ours['data']), `${name}: ${expr}`).toEqual(comparable(theirs['data']));
      compared += 1;
    }
    expect(compared).toBeGreaterThan(80);
  });

  test.each<[path: string, parameters: Record<string, string> | [string, string][]]>([
    ['query', { query: '1 + 1', time: at(END) }],
    ['query', { query: '"text"', time: at(END) }],
    ['query', { query: 'mcp_watchdog_server_up', time: at(END) }],
    ['query', { query: 'mcp_watchdog_server_up', time: new Date(END).toISOString() }],
    ['query', { query: 'mcp_watchdog_server_up', time: at(START + COUNT * 0.5 * RESOLUTION) }],
    ['query', { query: 'mcp_watchdog_server_up[2m]', time: at(END) }],
    ['query', { query: 'max_over_time(sum(mcp_watchdog_server_up)[10m:1m])', time: at(END) }],
    ['query', { query: 'mcp_watchdog_server_up @ end() offset 5m', time: at(END) }],
    ['query', { query: '{__name__=~"mcp_watchdog_server_.+",server="b"}', time: at(END) }],
    ['query', { query: 'nothing', time: at(END) }],
    ['query', { query: '1e-9 / 3', time: at(END) }],
    ['query', { query: '-1e21 * vector(1)', time: at(END) }],
    ['query', { query: 'vector(NaN)', time: at(END) }],
    ['query_range', { query: 'time()', start: at(START), end: at(END), step: '5m' }],
    ['query_range', { query: 'mcp_watchdog_server_up', start: at(START), end: at(END), step: '15' }],
    ['query_range', { query: 'mcp_watchdog_server_up', start: at(START + 7), end: at(END), step: '37.5' }],
    [
      'query_range',
      { query: 'rate(mcp_watchdog_probes_total[2m])', start: at(START), end: at(END), step: '1m' },
    ],
    [
      'query_range',
      { query: 'mcp_watchdog_probe_success @ start()', start: at(START), end: at(END), step: '10m' },
    ],
    [
      'query_range',
      {
        query: 'deriv(sum(mcp_watchdog_server_processes)[5m:30s])',
        start: at(START),
        end: at(END),
        step: '1m',
      },
    ],
    [
      'query_range',
      { query: 'count({__name__!=""}) by (server)', start: at(START), end: at(END), step: '1m' },
    ],
    [
      'series',
      [
        ['match[]', 'mcp_watchdog_server_up'],
        ['match[]', '{server="b",__name__=~".*_total"}'],
      ],
    ],
    [
      'series',
      [
        ['match[]', 'mcp_watchdog_server_up'],
        ['start', '-35996400'],
        ['end', '9999999999'],
      ],
    ],
    ['series', { 'match[]': 'nothing' }],
    ['labels', {}],
    ['labels', { 'match[]': 'mcp_watchdog_server_info' }],
    ['labels', { start: at(END + 86_400_000) }],
    ['label/server/values', {}],
    ['label/__name__/values', { 'match[]': '{server="a"}' }],
    ['label/nothing/values', {}],
    ['format_query', { query: 'sum(rate(mcp_watchdog_probes_total{server="b",kind!=""}[60s]))by(job)>1e6' }],
    ['query_exemplars', { query: 'mcp_watchdog_server_up', start: at(START), end: at(END) }],
  ])('%s %o: alike', async (path, parameters) => {
    const { theirs, ours, statuses } = await both(path, parameters);
    expect(statuses).toEqual([200, 200]);
    expect(comparable(ours)).toEqual(comparable(theirs));
  });

  test.each<[path: string, parameters: Record<string, string>]>([
    ['query', {}],
    ['query', { query: 'up[', time: at(END) }],
    ['query', { query: 'up', time: 'yesterday' }],
    ['query', { query: 'up', timeout: 'long' }],
    ['query_range', { query: 'up' }],
    ['query_range', { query: 'up', start: at(END), end: at(START), step: '1' }],
    ['query_range', { query: 'up', start: at(START), end: at(END), step: '0' }],
    ['query_range', { query: 'up', start: at(START), end: at(END), step: '-1' }],
    ['query_range', { query: 'up', start: at(START), end: at(END), step: 'x' }],
    ['query_range', { query: 'up', start: '0', end: at(END), step: '1' }],
    ['query_range', { query: 'up[1m]', start: at(START), end: at(END), step: '60' }],
    ['query', { query: 'mcp_watchdog_server_up + on () mcp_watchdog_probe_success', time: at(END) }],
    ['series', {}],
    ['series', { 'match[]': '{}' }],
    ['labels', { 'match[]': 'up{' }],
    ['labels', { start: 'x' }],
    ['label/not-a-name/values', {}],
    ['metadata', { limit: 'x' }],
  ])('%s %o: refused alike', async (path, parameters) => {
    const { theirs, ours, statuses } = await both(path, parameters);
    expect(statuses[1]).toBe(statuses[0]);
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect([ours['status'], ours['errorType']]).toEqual([theirs['status'], theirs['errorType']]);
    // The words of parser and engine are their own, what they are about is not.
    if (ours['errorType'] !== 'execution') expect(beginning(ours['error'])).toBe(beginning(theirs['error']));
  });

  test.each([
    ['instant', ['mcp_watchdog_server_up', '--time', at(END)], 'last'],
    ['instant', ['sum(mcp_watchdog_probes_total) by (server)', '--time', at(END)], 'last'],
    [
      'range',
      ['mcp_watchdog_server_resident_memory_bytes', '--start', at(START), '--end', at(END), '--step', '60s'],
      'last',
    ],
    ['series', ['--match', 'mcp_watchdog_server_info'], 'first'],
    ['series', ['--match', '{server="b"}', '--start', at(START), '--end', at(END)], 'first'],
    ['labels', ['server'], 'first'],
    ['labels', ['__name__'], 'first'],
  ])('promtool query %s %o prints the same', async (kind, args, place) => {
    const print = async (url: string): Promise<string[]> => {
      const server = url.replace(/\/$/u, '');
      const own = args.filter((arg) => arg.startsWith('--') || args[args.indexOf(arg) - 1]?.startsWith('--'));
      const rest = args.filter((arg) => !own.includes(arg));
      const argv = [
        'query',
        kind,
        ...own,
        ...(place === 'first' || rest.length > 0 ? [server, ...rest] : [server]),
      ];
      const { stdout } = await run('promtool', argv);
      return stdout.split('\n').sort();
    };
    const [theirs, ours] = await Promise.all([print(prometheus.url), print(web.url)]);
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(1);
  });

  test('metadata, targets and buildinfo have the fields of Prometheus', async () => {
    const build = await both('status/buildinfo');
    expect(Object.keys(build.ours['data'] ?? {})).toEqual(Object.keys(build.theirs['data'] ?? {}));
    const targets = await both('targets');
    expect(Object.keys(targets.ours['data'] ?? {})).toEqual(Object.keys(targets.theirs['data'] ?? {}));
    const metadata = await both('metadata', { metric: 'mcp_watchdog_server_up' });
    expect(metadata.ours).toEqual({
      status: 'success',
      data: {
        mcp_watchdog_server_up: [{ type: 'gauge', help: expect.stringMatching(/health/u), unit: '' }],
      },
    });
  });

  test('status/tsdb counts the same, but for chunks', async () => {
    const { theirs, ours } = await both('status/tsdb');
    expect(countsOnly(ours['data'])).toEqual(countsOnly(theirs['data']));
    expect(ours['data']).toMatchObject({
      seriesCountByMetricName: expect.arrayContaining([{ name: THINNED, value: expect.any(Number) }]),
    });
    const few = await ask(apiOf(storeOf(madeUpReadings(START, 3)), { now: END }), 'status/tsdb', {
      limit: '3',
    });
    expect(few.body['data']).toMatchObject({ seriesCountByMetricName: { length: 3 } });
  });

  test('flags, config and runtimeinfo have the form of Prometheus', async () => {
    const flags = await both('status/flags');
    expect(flags.theirs['data']).toMatchObject(
      Object.fromEntries(Object.keys(flags.ours['data'] ?? {}).map((name) => [name, expect.any(String)])),
    );
    expect(flags.ours['data']).toMatchObject({
      'query.lookback-delta': '5m',
      'storage.tsdb.retention.time': '6h',
      'storage.tsdb.retention.size': '16MiB',
    });
    const runtime = await both('status/runtimeinfo');
    expect(typesOf(runtime.ours['data'])).toEqual(typesOf(runtime.theirs['data']));
    expect(runtime.ours['data']).toMatchObject({
      reloadConfigSuccess: true,
      storageRetention: '6h or 16MiB',
      lastConfigTime: new Date(END - 59_000).toISOString(),
    });
    const config = await both('status/config');
    expect(Object.keys(config.ours['data'] ?? {})).toEqual(Object.keys(config.theirs['data'] ?? {}));
  });

  test('Prometheus takes the config that status/config answers', async () => {
    const { ours } = await both('status/config');
    const yaml = String(Object(ours['data'])['yaml']);
    const reader = await startPrometheus({ config: yaml });
    try {
      const { data } = await reader.ask<{ yaml: string }>('status/config');
      // It adds what is the default.
      for (const line of yaml.trimEnd().split('\n')) expect(data?.yaml).toContain(line.replaceAll('"', ''));
    } finally {
      await reader.stop();
    }
  });

  test('what is not there is not there', async () => {
    for (const path of ['status/walreplay', 'admin/tsdb/snapshot', 'parse_query', 'nothing', 'label/x'])
      expect(await web.ask(`/api/v1/${path}`), path).toMatchObject({
        status: 404,
        body: expect.stringContaining('page not found'),
      });
  });
});

function at(time: number): string {
  return String(time / 1000);
}

function textsOf({ start, end, step }: { start: number; end: number; step: number }) {
  return { start: String(start), end: String(end), step: String(step) };
}

/** No chunks are kept here; names of the same count come in any order, and the tenth of several may be another one. */
function countsOnly(data: unknown): unknown {
  return JSON.parse(
    JSON.stringify(data, (key, value: unknown) => (key === 'name' || key === 'chunkCount' ? null : value)),
  );
}

function typesOf(data: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(data ?? {}).map(([name, value]) => [name, typeof value]));
}

function parsed(body = ''): Record<string, unknown> {
  return JSON.parse(body);
}

function beginning(error: unknown): string {
  return String(error).split('parse error')[0]?.slice(0, 60) ?? '';
}

/** Order of elements is nobody's promise; numbers agree to 9 digits. */
function comparable(data: unknown): unknown {
  if (Array.isArray(data)) {
    const items = data.map(comparable);
    const isPoint = items.length === 2 && typeof items[0] === 'number';
    return isPoint || items.every((item) => Array.isArray(item))
      ? items
      : items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof data === 'string' && /^-?[\d.]+(e[+-]\d+)?$/u.test(data))
    return Number(Number(data).toPrecision(9));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, comparable(value)]));
}

/** The samples as a scrape would have stored them, with the mark where a series ended. */
async function writeAll(prometheus: Prometheus, readings: readonly MadeUpReading[]): Promise<void> {
  const kept = new Set(
    [0.01, 0.05, 0.2, 1, 5, 30, 300, Infinity].map((bound) => (bound === Infinity ? '+Inf' : String(bound))),
  );
  let before = new Map<string, Sample>();
  for (let index = 0; index < readings.length; index += 20) {
    const batch: Sample[] = [];
    for (const { at: time, samples } of readings.slice(index, index + 20)) {
      const now = new Map<string, Sample>();
      for (const { name, labels, value } of [...samples, { name: 'up', labels: {}, value: 1 }]) {
        if (name === THINNED && !kept.has(labels['le'] ?? '')) continue;
        const full = { ...labels, ...TARGET, __name__: name };
        now.set(JSON.stringify(full), { labels: full, time, value });
      }
      batch.push(...now.values());
      for (const [key, one] of before)
        if (!now.has(key)) batch.push({ ...one, time, value: Number.NaN, isStale: true });
      before = now;
    }
    await prometheus.write(batch);
  }
}

test('step() and range() are those of the query', async () => {
  const api = apiOf(storeOf(madeUpReadings(START, COUNT)), { now: END, generation: 3 });
  const span = { start: at(START), end: at(START + 600_000), step: '60' };
  const [written, computed] = await Promise.all(
    ['sum_over_time(up[60] offset 10m)', 'sum_over_time(up[step()] offset range())'].map((query) =>
      ask(api, 'query_range', { query, ...span }),
    ),
  );
  expect(computed).toMatchObject({ status: 200, body: written?.body });
});
