import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindsOf, readGroup } from '../../../src/page/events/event-kinds.ts';
import { addEvent, withNewer } from '../../../src/page/events/event-list.ts';
import { createEventReader } from '../../../src/page/model/event-stream.ts';
import { caretFor, labelText, unitOf } from '../../../src/page/query/query-words.ts';
import { retryDelay } from '../../../src/page/model/retry.ts';
import { readRoute, writeRoute, type Route } from '../../../src/page/model/route.ts';
import { snippetsFor } from '../../../src/page/server/snippets.ts';
import { countsOf, curvesOf, lastOf } from '../../../src/page/model/curves/sparks.ts';
import { number, plural, rate, seconds, share, shortName } from '../../../src/page/model/words.ts';
import { readInstant, readRange, readRules } from '../../../src/page/wire/prometheus.ts';

describe('an address', () => {
  const text = fc.string({ unit: 'binary' }).filter((some) => !/\p{Cs}/u.test(some));
  const route: fc.Arbitrary<Route> = fc.oneof(
    fc.constant({ view: 'overview' } as const),
    fc.constant({ view: 'alerts' } as const),
    fc.record({ view: fc.constant('server' as const), name: text }),
    fc.record({
      view: fc.constant('events' as const),
      server: fc.option(text),
      kind: fc.constantFrom('all', 'life'),
    }),
    fc.record({ view: fc.constant('query' as const), expression: fc.option(text) }),
  );
  test('is read as it was written, whatever the name', () => {
    fc.assert(
      fc.property(route, (one) => {
        expect(readRoute(writeRoute(one))).toEqual(one);
      }),
    );
  });
  test.each(['', '#', '#/', '#/nothing', '#main', '#/server'])('%j is the overview', (hash) => {
    expect(readRoute(hash)).toEqual({ view: 'overview' });
  });
  test('with half an escape is text', () => {
    expect(readRoute('#/server/%zz')).toEqual({ view: 'server', name: '%zz' });
  });
});

test('waits between attempts grow to ten seconds, never all the same', () => {
  expect([0, 1, 2, 3, 4, 99].map((attempt) => retryDelay(attempt, 0.5))).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
  expect(retryDelay(0, 0)).toBe(800);
  expect(retryDelay(0, 1)).toBe(1200);
});

test('a stream of events is read in whatever pieces it comes', () => {
  const text =
    'event: hello\ndata: {"a":1}\n\n: ping\n\nevent: status\r\ndata: x\r\ndata: y\r\n\r\nevent: half\n';
  const whole = createEventReader()(text);
  expect(whole).toEqual([
    { name: 'hello', data: '{"a":1}' },
    { name: 'message', data: '' },
    { name: 'status', data: 'x\ny' },
  ]);
  fc.assert(
    fc.property(fc.nat(text.length), (cut) => {
      const read = createEventReader();
      const pieces = [...read(text.slice(0, cut)), ...read(text.slice(cut))];
      // A line break that is cut in two may be read as two.
      if (text[cut - 1] !== '\r') expect(pieces).toEqual(whole);
    }),
  );
});

test('an event that says the same as the newest is counted there', () => {
  const event = { at: 1, firstAt: 1, kind: 'exited', server: 'a', text: 'x', tone: 'bad', count: 1 } as const;
  const list = addEvent(addEvent([], event, 10), { ...event, at: 5 }, 10);
  expect(list).toEqual([{ ...event, at: 5, count: 2 }]);
  expect(addEvent(list, { ...event, text: 'y' }, 1)).toHaveLength(1);
  const at = (time: number) => ({ ...event, at: time, firstAt: time });
  expect(withNewer([at(9), at(5), at(3)], [at(11), at(9), at(5)]).map((one) => one.at)).toEqual([
    11, 9, 5, 3,
  ]);
  expect(withNewer([], [at(1)])).toHaveLength(1);
  expect(withNewer([at(1)], [])).toHaveLength(1);
});

test('kinds of events are asked for by group', () => {
  expect(readGroup('life')).toBe('life');
  expect(readGroup('<b>')).toBe('all');
  expect(kindsOf('all')).toEqual([]);
  expect(kindsOf('people')).toEqual(['acted']);
});

describe('numbers', () => {
  test.each([
    [rate(0), '0'],
    [rate(0.01), '< 0.1'],
    [rate(3.44), '3.4'],
    [rate(120.4), '120'],
    [seconds(0.0064), '6.4 ms'],
    [seconds(2.51), '2.5 s'],
    [share(1), '100 %'],
    [share(0.9999), '99.9 %'],
    [share(0), '0.0 %'],
    [number(1234567), '1,234,567'],
    [number(0.0341234), '0.03412'],
    [number(Number.POSITIVE_INFINITY), 'Inf'],
    [number(Number.NaN), 'NaN'],
    [plural(1, 'server'), '1 server'],
    [plural(12, 'server'), '12 servers'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
  test('a long name keeps its beginning and its end', () => {
    expect(shortName('short', 23)).toBe('short');
    expect(shortName('a-very-long-name-of-a-server-0001', 23)).toMatch(/^a-very-long.*….*0001$/u);
    expect(shortName('🦊'.repeat(40), 23)).not.toMatch(/\p{Cs}/u);
  });
});

describe('snippets', () => {
  test('lead through the gateway, by URL where it has one', () => {
    const all = snippetsFor('my server', 'http://127.0.0.1:9639');
    expect(all.map(({ client }) => client)).toEqual(['Claude Code', 'Cursor', 'VS Code', 'Codex', 'stdio']);
    expect(all[0]?.text).toBe(
      "claude mcp add --transport http 'my server' http://127.0.0.1:9639/my%20server/mcp",
    );
    expect(all[3]?.text).toContain('[mcp_servers."my server"]');
    expect(JSON.parse(all[4]?.text ?? '')).toEqual({
      mcpServers: { 'my server': { command: 'mcp-watchdog', args: ['connect', 'my server'] } },
    });
  });
  test('start the shim where it has none', () => {
    expect(snippetsFor("a'b", null)[0]?.text).toBe(
      `claude mcp add 'a'\\''b' -- mcp-watchdog connect 'a'\\''b'`,
    );
  });
});

describe('answers of the query API', () => {
  const range = { start: 100, end: 145, step: 15 };
  test('are columns, with nothing where a series has no value', () => {
    const values = [
      [100, '1'],
      [130, '+Inf'],
      [145, '2.5'],
    ];
    const read = readRange(
      { data: { resultType: 'matrix', result: [{ metric: { server: 'a' }, values }] } },
      range,
    );
    expect(read.times).toEqual([100, 115, 130, 145]);
    expect(read.series[0]?.values).toEqual([1, null, null, 2.5]);
    expect(curvesOf(read).get('a')).toHaveLength(4);
    expect(lastOf([1, null, 2])).toBe(2);
    expect(lastOf([1, null, null])).toBeNull();
  });
  test('are numbers at one time', () => {
    const result = [{ metric: { server: 'a' }, value: [1, '3'] }];
    expect(countsOf(readInstant({ data: { resultType: 'vector', result } })).get('a')).toBe(3);
    expect(readInstant({ data: { resultType: 'scalar', result: [1, '-Inf'] } }).series[0]?.value).toBe(
      Number.NEGATIVE_INFINITY,
    );
  });
  test('of the rules are alerts, and rules that fail', () => {
    const alerts = [
      {
        labels: { alertname: 'A', server: 's', severity: 'critical' },
        annotations: { summary: 'x' },
        state: 'firing',
        activeAt: '2026-01-01T00:00:00Z',
        value: '1e+00',
      },
    ];
    const rules = [
      { type: 'alerting', name: 'A', query: 'up == 0', duration: 60, health: 'ok', alerts },
      { type: 'recording', name: 'r', query: 'x', health: 'err', lastError: 'bad' },
    ];
    const read = readRules({ data: { groups: [{ rules }] } });
    expect(read.alerts).toEqual([
      {
        name: 'A',
        about: 's',
        state: 'firing',
        severity: 'critical',
        since: Date.UTC(2026, 0, 1),
        value: '1',
        expression: 'up == 0',
        holds: 60,
        summary: 'x',
      },
    ]);
    expect(read.faults).toEqual([{ name: 'r', error: 'bad' }]);
  });
});

describe('a query', () => {
  test.each([
    ['mcp_watchdog_server_resident_memory_bytes', 1024 ** 2, '1 MiB'],
    ['rate(mcp_watchdog_server_cpu_seconds_total[5m])', 0.5, '50 %'],
    ['histogram_quantile(0.95, rate(mcp_watchdog_probe_duration_seconds_bucket[5m]))', 0.05, '50 ms'],
    ['a_bytes / b_bytes', 0.5, '0.5'],
    ['a_bytes > 1000', 2000, '2,000'],
    ['sum(rate(x_total[5m])) * 60', 1.26, '1.3'],
    ['process_start_time_seconds_timestamp_seconds', 3, '3'],
  ])('%s is written with its unit', (expression, value, text) => {
    expect(unitOf(expression)(value)).toBe(text);
  });
  test('has a caret below what is wrong', () => {
    expect(caretFor('invalid parameter "query": 1:5: parse error: unclosed', 'sum(')).toBe('sum(\n    ^');
    expect(caretFor('something else', 'sum(')).toBeNull();
  });
  test('names a series by its labels, without those of the scrape', () => {
    expect(labelText({ __name__: 'up', job: 'j', instance: 'i', server: 'a"b' })).toBe('up{server="a\\"b"}');
    expect(labelText({ __name__: 'up' })).toBe('up');
    expect(labelText({})).toBe('{}');
  });
});
