// Push over OTLP by the real exporter to a receiver of this test.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpPush } from '../../src/metrics/otlp/otlp.ts';
import { toMetricData } from '../../src/metrics/otlp/otlp-data.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { createStage } from '../fakes/stage.ts';
import { waitFor } from '../fakes/wait-for.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: Body;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Body {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: { readonly dataPoints: readonly object[] };
  readonly sum?: {
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
    readonly dataPoints: readonly object[];
  };
  readonly histogram?: { readonly dataPoints: readonly object[] };
}

async function startReceiver() {
  const received: Received[] = [];
  let status = 200;
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Body = JSON.parse(await text(request));
    received.push({ headers: request.headers, path: request.url ?? '', body });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  }
  const server = createServer((request, response) => {
    void take(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    received,
    url: `http://127.0.0.1:${port}/v1/metrics`,
    answer: (next: number) => {
      status = next;
    },
  };
}

function play() {
  const stage = createStage();
  stage.add({ name: 'files' });
  stage.bringUp('files');
  for (const took of [2, 30])
    stage.bus.publish({
      kind: 'probed',
      server: 'files',
      probe: 'ping',
      result: { outcome: 'passed', took },
    });
  return () => stage.recorder.samples(() => true);
}

async function push(url: string, samples = play()) {
  const troubles: unknown[] = [];
  // As long as a push may take, too.
  const settings = { url, interval: 3000, headers: { 'x-token': 'secret' } };
  const onTrouble = (error: unknown): void => void troubles.push(error);
  const running = await startOtlpPush({ settings, clock: systemClock, version: '1.2.3', samples, onTrouble });
  onTestFinished(() => running.stop());
  return troubles;
}

test(
  'the exporter sends gauges, counters and histograms, with our headers',
  { timeout: 120_000 },
  async () => {
    const { received, url } = await startReceiver();
    const troubles = await push(url);
    await waitFor(() => received.length > 1, { timeout: 90_000, what: 'two pushes' });
    const [{ headers, path, body } = { headers: {}, path: '', body: { resourceMetrics: [] } }] = received;
    expect([path, headers['x-token'], troubles]).toEqual(['/v1/metrics', 'secret', []]);
    const [resource] = body.resourceMetrics;
    expect(resource?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'mcp-watchdog' },
    });
    const metrics = resource?.scopeMetrics[0]?.metrics ?? [];
    const find = (name: string): Metric | undefined => metrics.find((one) => one.name === name);
    const attributes = expect.arrayContaining([{ key: 'server', value: { stringValue: 'files' } }]);
    expect(find('mcp_watchdog_server_up')?.gauge?.dataPoints).toEqual([
      expect.objectContaining({ attributes, asDouble: 1 }),
    ]);
    expect(find('mcp_watchdog_probes_total')).toMatchObject({
      unit: '1',
      sum: {
        isMonotonic: true,
        aggregationTemporality: 2,
        dataPoints: expect.arrayContaining([expect.objectContaining({ asDouble: 3 })]),
      },
    });
    const histograms = find('mcp_watchdog_probe_duration_seconds');
    expect(histograms?.unit).toBe('s');
    expect(histograms?.histogram?.dataPoints).toContainEqual(
      expect.objectContaining({ count: 3, explicitBounds: expect.arrayContaining([0.001, 0.5, 1, 10]) }),
    );
  },
);

test('buckets count themselves, and each label set has its own', () => {
  const bucket = (server: string, le: string, value: number) => ({
    name: 'mcp_watchdog_probe_duration_seconds_bucket',
    labels: { server, probe: 'ping', le },
    value,
  });
  const of = (server: string, part: string, value: number) => ({
    name: `mcp_watchdog_probe_duration_seconds_${part}`,
    labels: { server, probe: 'ping' },
    value,
  });
  const samples = [
    bucket('a', '0.5', 1),
    bucket('a', '1.0', 4),
    bucket('a', '+Inf', 5),
    of('a', 'sum', 9),
    of('a', 'count', 5),
    bucket('b', '0.5', 0),
    bucket('b', '1.0', 0),
    bucket('b', '+Inf', 2),
    of('b', 'sum', 8),
    of('b', 'count', 2),
  ];
  const [data] = toMetricData(samples, { start: 1000, end: 2500 });
  expect(
    data?.dataPoints.map(({ attributes, value, startTime, endTime }) => [
      attributes['server'],
      value,
      startTime,
      endTime,
    ]),
  ).toEqual([
    [
      'a',
      { buckets: { boundaries: [0.5, 1], counts: [1, 3, 1] }, sum: 9, count: 5 },
      [1, 0],
      [2, 500_000_000],
    ],
    [
      'b',
      { buckets: { boundaries: [0.5, 1], counts: [0, 0, 2] }, sum: 8, count: 2 },
      [1, 0],
      [2, 500_000_000],
    ],
  ]);
});
