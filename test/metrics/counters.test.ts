import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UnstampedEvent } from '../../src/core/model/events.ts';
import { PROBE_FAILURES, RESTART_REASONS } from '../../src/core/model/vocabulary.ts';
import { isMetricName, METRICS } from '../../src/core/metrics/metric-catalogue.ts';
import { METRIC_PREFIX } from '../../src/core/metrics/metric-definition.ts';
import { createStage } from '../fakes/stage.ts';

const SERVERS = ['files', 'other'] as const;

const server = fc.constantFrom(...SERVERS);
const news: fc.Arbitrary<UnstampedEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('restarted' as const),
    server,
    reason: fc.constantFrom(...RESTART_REASONS),
    detail: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('start-failed' as const),
    server,
    failure: fc.constant({ code: 'OFFLINE', message: '', hint: null, retry: 'backoff' } as const),
  }),
  fc.record({
    kind: fc.constant('probed' as const),
    server,
    probe: fc.constantFrom('ping' as const, 'list_tools' as const),
    result: fc.oneof(
      fc.record({ outcome: fc.constant('passed' as const), took: fc.nat(10_000) }),
      fc.record({
        outcome: fc.constant('failed' as const),
        took: fc.nat(10_000),
        reason: fc.constantFrom(...PROBE_FAILURES),
        detail: fc.string(),
      }),
      fc.record({ outcome: fc.constant('inconclusive' as const), detail: fc.string() }),
    ),
  }),
  fc.record({
    kind: fc.constant('gap' as const),
    cause: fc.constantFrom('sleep' as const, 'blocked' as const, 'clock-step' as const),
    duration: fc.integer({ min: -10_000, max: 10_000_000 }),
  }),
  fc.record({ kind: fc.constant('state-persist-failed' as const), error: fc.string(), isNew: fc.boolean() }),
);

function survivors(samples: ReadonlyMap<string, number>): [series: string, value: number][] {
  return [...samples]
    .filter(([series]) => isSurvivor(series.slice(METRIC_PREFIX.length).split('{')[0] ?? ''))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function isSurvivor(name: string): boolean {
  return isMetricName(name) && METRICS[name].survives === true;
}

function life(lived: readonly UnstampedEvent[], saved?: unknown, restoreFirst = true) {
  const stage = createStage();
  if (saved !== undefined && restoreFirst) stage.recorder.restore(saved);
  for (const name of SERVERS) stage.add({ name });
  if (saved !== undefined && !restoreFirst) stage.recorder.restore(saved);
  for (const each of lived) stage.bus.publish(each);
  return stage;
}

describe('event counters', () => {
  test('never go back over our own end, in any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(news), fc.array(news), fc.boolean(), async (first, second, restoreFirst) => {
        const before = life(first);
        const saved: unknown = JSON.parse(JSON.stringify(before.recorder.counters()));
        const reborn = life([], saved, restoreFirst);
        expect(survivors(await reborn.samples())).toEqual(survivors(await before.samples()));
        for (const each of second) reborn.bus.publish(each);
        reborn.clock.elapsed += 1000;
        const after = await reborn.samples();
        for (const [series, value] of survivors(await before.samples())) {
          expect(after.get(series)).toBeGreaterThanOrEqual(value);
        }
        // As many as one daemon had counted that lived through both.
        const counted = new Map(survivors(await life([...first, ...second]).samples()));
        for (const [series, value] of survivors(after))
          expect(value).toBeCloseTo(counted.get(series) ?? NaN, 6);
      }),
      { numRuns: 40 },
    );
  });

  test('are on the way to disk as soon as the event that raised them is told', () => {
    const stage = life([]);
    expect(stage.recorder.counters()).toEqual({});
    stage.bus.publish({ kind: 'restarted', server: 'files', reason: 'signal', detail: null });
    expect(stage.recorder.counters()).toEqual({
      server_restarts_total: [{ labels: { server: 'files', reason: 'signal' }, value: 1 }],
    });
  });

  test('do not include what only counts while we live', () => {
    const stage = createStage();
    stage.add();
    stage.bringUp('files');
    expect(Object.keys(stage.recorder.counters())).toEqual(['probes_total']);
  });

  test('of a server that is configured later are kept until then', async () => {
    const stage = createStage();
    stage.recorder.restore({ server_start_failures_total: [{ labels: { server: 'files' }, value: 7 }] });
    expect(await stage.text()).not.toContain('server="files"');
    expect(stage.recorder.counters()).toHaveProperty('server_start_failures_total');
    stage.add();
    expect(await stage.value('server_start_failures_total{server="files"}')).toBe(7);
  });
});

describe('restore()', () => {
  const good = { labels: { server: 'files', reason: 'exit' }, value: 3 };
  test.each<[name: string, saved: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', [good]],
    ['text', 'server_restarts_total'],
    ['a metric that is not there', { server_reboots_total: [good] }],
    ['what every object has', { constructor: [good], __proto__: [good], toString: [good] }],
    ['a metric that does not survive', { server_up: [{ labels: { server: 'files' }, value: 1 }] }],
    [
      'a channel that is not in the list',
      { notifications_total: [{ labels: { channel: 'pigeon' }, value: 1 }] },
    ],
    ['entries that are no list', { server_restarts_total: good }],
    ['entries that are nothing', { server_restarts_total: [null, 1, 'x', {}, { labels: {} }, { value: 1 }] }],
    ['a value below 0', { server_restarts_total: [{ ...good, value: -1 }] }],
    ['a value that is no number', { server_restarts_total: [{ ...good, value: '3' }] }],
    [
      'an endless value',
      {
        server_restarts_total: [
          { ...good, value: Infinity },
          { ...good, value: NaN },
        ],
      },
    ],
    [
      'a reason that is not in the list',
      { server_restarts_total: [{ ...good, labels: { server: 'files', reason: 'x' } }] },
    ],
    [
      'a server name that cannot be',
      { server_restarts_total: [{ ...good, labels: { server: '../x', reason: 'exit' } }] },
    ],
    ['a missing label', { server_restarts_total: [{ ...good, labels: { server: 'files' } }] }],
  ])('leaves out %s', async (_, saved) => {
    const stage = createStage();
    stage.add();
    const before = survivors(await stage.samples());
    stage.recorder.restore(saved);
    expect(survivors(await stage.samples())).toEqual(before);
  });

  test('takes what is good beside what is not, and drops labels that are none', async () => {
    const stage = createStage();
    stage.add();
    const odd = { labels: { reason: 'exit', pid: '12', server: 'files' }, value: 2 };
    stage.recorder.restore({ server_restarts_total: [good, null, odd] });
    expect(await stage.value('server_restarts_total{server="files",reason="exit"}')).toBe(5);
  });

  test('takes anything without an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom(...Object.keys(METRICS)), async (value, name) => {
        const stage = createStage();
        stage.recorder.restore({ [name]: value });
        stage.recorder.restore({ [name]: [{ labels: value, value: 1 }] });
        expect(await stage.text()).toContain('mcp_watchdog_build_info');
      }),
      { numRuns: 50 },
    );
  });
});
