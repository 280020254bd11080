// OpenMetrics beside the text format: the same samples, exemplars of traces, and a real Prometheus that reads it.
import { expect, test } from 'vitest';
import { METRIC_NAMES } from '../../src/core/metrics/metric-catalogue.ts';
import { OPEN_METRICS_TYPE } from '../../src/metrics/open-metrics.ts';
import { prefersOpenMetrics } from '../../src/web/api/accept.ts';
import { startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { createStage, parse } from '../fakes/stage.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { startWeb } from '../fakes/web.ts';

const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

function play() {
  const stage = createStage();
  stage.add({ name: 'files' });
  stage.bringUp('files');
  stage.bus.publish({
    kind: 'probed',
    server: 'files',
    probe: 'ping',
    result: { outcome: 'passed', took: 2 },
  });
  stage.bus.publish({
    kind: 'exchanged',
    server: 'files',
    operations: [
      {
        method: 'tools/call',
        tool: 'a"\\b\n',
        error: '',
        channel: 'tcp',
        took: [12, 400],
        exemplar: { ...TRACE, took: 12 },
      },
      { method: 'ping', tool: '', error: '', channel: 'tcp', took: [1] },
    ],
    retried: 0,
    waited: 0,
    cutOff: 0,
    load: { sessions: 1, streams: 0, inFlight: 0, queued: 0 },
  });
  return { stage, text: async () => String((await stage.recorder.render('open-metrics')).text) };
}

/** Lines as the text format has them: without exemplars, without the end. */
function asText(open: string): string {
  return open.replaceAll(/ # \{.*$/gmu, '').replace(/# EOF\n$/u, '');
}

/** With the labels of each key in one order. */
function sorted(samples: ReadonlyMap<string, number>): Map<string, number> {
  const pairs = (labels: string): string => (labels.match(/\w+="(?:[^"\\]|\\.)*"/gu) ?? []).sort().join();
  return new Map(
    [...samples].map(([key, value]) => [
      key.replace(/\{(.*)\}/u, (_, labels: string) => `{${pairs(labels)}}`),
      value,
    ]),
  );
}

test('holds the samples of the text format, each family once and in one piece', async () => {
  const { stage, text } = play();
  const open = await text();
  const [own, theirs] = [sorted(parse(asText(open))), sorted(parse(await stage.text()))];
  const unlike = [...own].filter(([key, value]) => !key.startsWith('process_') && theirs.get(key) !== value);
  expect(unlike).toEqual([]);
  // The text format shows what has no labels before it has a value, too.
  const missing = [...theirs].filter(([key]) => !own.has(key));
  expect(missing.filter(([key, value]) => value !== 0 || key.includes('{'))).toEqual([]);
  const families = [...open.matchAll(/^# TYPE (\S+)/gmu)].map(([, name]) => name);
  expect(new Set(families).size).toBe(families.length);
  expect(families.length).toBeGreaterThan(METRIC_NAMES.length / 2);
  expect(open.endsWith('\n# EOF\n')).toBe(true);
  expect(open).toContain('# TYPE mcp_watchdog_server_restarts counter\n');
  const rest = (all: string): string => all.replaceAll(/^process_.*$/gmu, '');
  expect(rest(await text())).toBe(rest(open));
});

test('shows a trace beside the bucket that its request fell into, and nowhere else', async () => {
  const { text, stage } = play();
  const lines = (await text()).split('\n').filter((line) => line.includes(' # {'));
  expect(lines).toEqual([
    expect.stringMatching(
      /^mcp_server_operation_duration_seconds_bucket\{le="0\.02",.*gen_ai_tool_name="a\\"\\\\b\\n".*\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"\} 0\.012 [\d.]+$/u,
    ),
  ]);
  stage.bus.publish({ kind: 'server-removed', server: 'files' });
  expect(await text()).not.toContain(' # {');
});

test.each<[accept: string | undefined, isOpen: boolean]>([
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['text/html,*/*;q=0.1', false],
  ['text/plain;version=0.0.4', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  ['application/openmetrics-text;version=0.0.1', false],
  ['application/openmetrics-text;version=1.0.0;q=0', false],
  // Prometheus 2.42, then 3.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    true,
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1',
    true,
  ],
  // Told to prefer the text format.
  ['text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5', false],
])('Accept %s', (accept, isOpen) => {
  expect(prefersOpenMetrics(accept)).toBe(isOpen);
});

test.skipIf(!requireProgram('prometheus'))(
  'a real Prometheus asks for it, and keeps samples and exemplars',
  { timeout: 180_000 },
  async () => {
    const { text } = play();
    const accepted: string[] = [];
    const web = await startWeb({
      openMetrics: async () => {
        accepted.push('open');
        return { text: Buffer.from(await text()), contentType: OPEN_METRICS_TYPE };
      },
    });
    const config = JSON.stringify({
      scrape_configs: [
        {
          job_name: 'w',
          scrape_interval: '5s',
          scrape_timeout: '5s',
          static_configs: [{ targets: [`127.0.0.1:${web.port}`] }],
        },
      ],
    });
    const prometheus = await startPrometheus({ config, args: ['--enable-feature=exemplar-storage'] });
    try {
      const bucket = 'mcp_server_operation_duration_seconds_bucket';
      const range = { start: '0', end: '9999999999' };
      const exemplars = () =>
        prometheus.ask<{ exemplars: { labels: object; value: string }[] }[]>('query_exemplars', {
          query: bucket,
          ...range,
        });
      await waitFor(async () => ((await exemplars()).data ?? []).length > 0, {
        timeout: 90_000,
        what: 'an exemplar',
      });
      const [found] = (await exemplars()).data ?? [];
      expect(found?.exemplars[0]).toMatchObject({
        labels: { trace_id: TRACE.traceId, span_id: TRACE.spanId },
        value: '0.012',
      });
      const { data } = await prometheus.ask<Record<string, { type: string }[]>>('metadata');
      expect(data?.['mcp_watchdog_server_restarts']?.[0]?.type).toBe('counter');
      expect(await prometheus.query('up', Date.now())).toMatchObject({ elements: [{ value: 1 }] });
      expect(await prometheus.query(`${bucket}{le="1.0"}`, Date.now())).toMatchObject({
        elements: [{ value: 2 }, { value: 1 }],
      });
      expect(accepted.length).toBeGreaterThan(0);
    } finally {
      await prometheus.stop();
      await web.close();
    }
  },
);
