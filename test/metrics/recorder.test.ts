import { describe, expect, test } from 'vitest';
import { PROBE_FAILURES, RESTART_REASONS, SERVER_STATES } from '../../src/core/model/vocabulary.ts';
import {
  fullMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../src/core/metrics/metric-catalogue.ts';
import { everyLabelSet, type MetricDefinition } from '../../src/core/metrics/metric-definition.ts';
import { INITIAL_LIFECYCLE } from '../../src/core/model/lifecycle-state.ts';
import { DEFAULT_SPEC, specOf } from '../fakes/spec.ts';
import { at, createStage, HEALTHY, parse, USAGE } from '../fakes/stage.ts';

const NONE = { up: null, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };

test('the last answer of another machine is told, not that of a url on this one', async () => {
  const stage = createStage();
  const answered = () => stage.value('network_last_answer_timestamp_seconds');
  const pass = (server: string): void =>
    stage.bus.publish({ kind: 'probed', server, probe: 'ping', result: { outcome: 'passed', took: 3 } });
  const failed = { outcome: 'failed', took: 3, reason: 'timeout', detail: 'no answer' } as const;
  const source = { kind: 'url' } as const;
  for (const [name, url] of [
    ['near', 'http://127.0.0.1:3000/mcp'],
    ['named', 'http://mcp.localhost/mcp'],
    ['six', 'http://[::1]:3000/mcp'],
    ['far', 'https://far.example/mcp'],
  ] as const)
    stage.add({ name, source, transport: 'http', url });
  stage.add({ name: 'started', transport: 'http', url: 'http://far.example/mcp' });
  for (const name of ['near', 'named', 'six', 'started']) pass(name);
  stage.bus.publish({ kind: 'probed', server: 'far', probe: 'ping', result: failed });
  expect(await answered()).toBe(0);
  pass('far');
  stage.clock.elapsed += 1000;
  expect(await answered()).toBe(stage.clock.now() / 1000 - 1);
});

describe('a server that was just added', () => {
  test('has every series of its closed lists, with 0', async () => {
    const stage = createStage();
    stage.add();
    const samples = await stage.samples();
    for (const reason of RESTART_REASONS) {
      expect(samples.get(`mcp_watchdog_server_restarts_total{server="files",reason="${reason}"}`)).toBe(0);
    }
    for (const state of SERVER_STATES) {
      const expected = state === 'stopped' ? 1 : 0;
      expect(samples.get(`mcp_watchdog_server_state{server="files",state="${state}"}`)).toBe(expected);
    }
    for (const probe of ['ping', 'list_tools']) {
      expect(samples.get(`mcp_watchdog_probes_total{server="files",probe="${probe}"}`)).toBe(0);
      for (const reason of PROBE_FAILURES) {
        const series = `mcp_watchdog_probe_failures_total{server="files",probe="${probe}",reason="${reason}"}`;
        expect(samples.get(series)).toBe(0);
      }
      const buckets = [...samples].filter(([name]) =>
        name.startsWith('mcp_watchdog_probe_duration_seconds_bucket'),
      );
      expect(buckets).toHaveLength(28);
      expect(buckets.every(([, value]) => value === 0)).toBe(true);
    }
  });

  test('and the watchdog itself have every counter of the catalogue, so that the first increase is seen', async () => {
    const stage = createStage();
    stage.add({ source: { kind: 'package', manager: 'npm', package: 'x', version: 'latest', bin: null } });
    const samples = await stage.samples();
    const known = { server: 'files' };
    for (const metric of METRIC_NAMES.filter((name) => METRICS[name].type === 'counter')) {
      const sets = everyLabelSet(METRICS[metric], known).filter(({ probe = 'ping' }) =>
        ['ping', 'list_tools'].includes(probe),
      );
      expect(sets).not.toEqual([]);
      for (const labels of sets) {
        const written = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
        const series = fullMetricName(metric) + (written.length === 0 ? '' : `{${written.join(',')}}`);
        expect([series, samples.get(series)]).toEqual([series, 0]);
      }
    }
  });

  test('without a gateway has no counters of it', async () => {
    const stage = createStage();
    stage.add({ gateway: { ...DEFAULT_SPEC.gateway, mode: 'off' } });
    expect(await stage.text()).not.toMatch(/gateway_\w+\{server=/u);
  });

  test.each(['http', 'exec'] as const)('of probe kind %s has the series of that probe only', async (kind) => {
    const stage = createStage();
    stage.add({ probe: { kind } });
    const probes = new Set([...(await stage.text()).matchAll(/probe="(\w+)"/g)].map(([, probe]) => probe));
    expect([...probes]).toEqual([kind]);
  });

  test('with only a url has no series about a process', async () => {
    const stage = createStage();
    stage.add({ source: { kind: 'url' }, transport: 'http', url: 'http://127.0.0.1:1/mcp' });
    stage.bus.publish({ kind: 'health', server: 'files', health: HEALTHY });
    const text = await stage.text();
    expect(text).not.toMatch(
      /server_(state|restarts_total|start_failures_total|cpu_seconds_total|processes)\{/,
    );
    expect(await stage.value('server_up{server="files"}')).toBe(1);
    expect(await stage.value('server_desired_running{server="files"}')).toBe(1);
    expect(await stage.value('probes_total{server="files",probe="ping"}')).toBe(0);
  });

  test('does not count as unprobed since 1970', async () => {
    const stage = createStage();
    stage.add();
    const last = 'probe_last_success_timestamp_seconds{server="files",probe="ping"}';
    expect(await stage.value(last)).toBe(stage.clock.now() / 1000);
  });
});

describe('a server that runs', () => {
  test('shows what it is, uses and answers', async () => {
    const stage = createStage();
    stage.add({ limits: { memory: { soft: 100, hard: 200 } } });
    stage.bringUp('files');
    const now = stage.clock.now() / 1000;
    const info =
      'server_info{server="files",transport="stdio",package="",version="1.2.3",protocol_version="2025-11-25"}';
    const expected = {
      [info]: 1,
      'server_up{server="files"}': 1,
      'server_desired_running{server="files"}': 1,
      'server_state{server="files",state="running"}': 1,
      'server_state{server="files",state="stopped"}': 0,
      'server_start_time_seconds{server="files"}': now,
      'server_cpu_seconds_total{server="files"}': 1.5,
      'server_resident_memory_bytes{server="files"}': 123_000_000,
      'server_memory_limit_bytes{server="files"}': 200,
      'server_processes{server="files"}': 2,
      'server_threads{server="files"}': 11,
      'server_open_fds{server="files"}': 30,
      'server_tools{server="files"}': 2,
      'server_backoff_seconds{server="files"}': 0,
      'server_restart_budget_remaining{server="files"}': 5,
      'probe_success{server="files",probe="ping"}': 1,
      'probe_last_success_timestamp_seconds{server="files",probe="ping"}': now,
      'probe_interval_seconds{server="files",probe="ping"}': 15,
      'probe_interval_seconds{server="files",probe="list_tools"}': 60,
      'probe_timeout_seconds{server="files",probe="ping"}': 5,
      'probe_duration_seconds_bucket{le="0.0025",server="files",probe="ping"}': 0,
      'probe_duration_seconds_bucket{le="0.005",server="files",probe="ping"}': 1,
      'probe_duration_seconds_sum{server="files",probe="ping"}': 0.003,
      'probe_duration_seconds_count{server="files",probe="ping"}': 1,
    };
    for (const [series, value] of Object.entries(expected))
      expect([series, await stage.value(series)]).toEqual([series, value]);
  });

  test('has no series for what the system does not tell', async () => {
    const stage = createStage();
    stage.add();
    stage.bringUp('files');
    stage.bus.publish({
      kind: 'sampled',
      server: 'files',
      usage: { ...USAGE, threads: null, openFds: null },
    });
    stage.clock.elapsed += 1000;
    expect(await stage.value('server_threads{server="files"}')).toBeUndefined();
    expect(await stage.value('server_open_fds{server="files"}')).toBeUndefined();
    expect(await stage.value('server_processes{server="files"}')).toBe(2);
  });

  test('that was not measured yet shows no usage, and one without a process shows none used', async () => {
    const stage = createStage();
    stage.add();
    expect(await stage.value('server_processes{server="files"}')).toBe(0);
    stage.move('files', INITIAL_LIFECYCLE, at('starting'));
    stage.bus.publish({ kind: 'spawned', server: 'files', run: 1, pid: 7, version: null });
    expect(await stage.value('server_processes{server="files"}')).toBeUndefined();
  });

  test('is not up while it stops, whatever its last verdict', async () => {
    const stage = createStage();
    stage.add();
    const running = stage.bringUp('files');
    stage.move('files', running, at('stopping', running));
    expect(await stage.value('server_up{server="files"}')).toBe(0);
  });

  test('that is only watched is neither up nor down while it can no longer be asked', async () => {
    const stage = createStage();
    stage.add({ source: { kind: 'url' }, transport: 'http', url: 'https://far.example/mcp' });
    expect(await stage.value('server_up{server="files"}')).toBe(0);
    stage.bus.publish({ kind: 'health', server: 'files', health: HEALTHY });
    expect(await stage.value('server_up{server="files"}')).toBe(1);
    stage.bus.publish({ kind: 'health', server: 'files', health: { ...HEALTHY, unasked: 'no name server' } });
    expect(await stage.value('server_up{server="files"}')).toBeUndefined();
    expect(await stage.value('server_desired_running{server="files"}')).toBe(1);
    stage.bus.publish({ kind: 'health', server: 'files', health: { ...HEALTHY, up: false } });
    expect(await stage.value('server_up{server="files"}')).toBe(0);
  });

  test('that runs here is up by its last verdict, though it cannot be asked', async () => {
    const stage = createStage();
    stage.add();
    stage.bringUp('files');
    stage.bus.publish({ kind: 'health', server: 'files', health: { ...HEALTHY, unasked: 'cannot run' } });
    expect(await stage.value('server_up{server="files"}')).toBe(1);
  });

  test('counts a failed probe with its reason, and neither its duration nor an inconclusive one', async () => {
    const stage = createStage();
    stage.add();
    const failed = { outcome: 'failed', took: 5000, reason: 'timeout', detail: 'no answer' } as const;
    stage.bus.publish({ kind: 'probed', server: 'files', probe: 'ping', result: failed });
    stage.bus.publish({
      kind: 'probed',
      server: 'files',
      probe: 'ping',
      result: { outcome: 'inconclusive', detail: '' },
    });
    expect(await stage.value('probes_total{server="files",probe="ping"}')).toBe(1);
    expect(await stage.value('probe_failures_total{server="files",probe="ping",reason="timeout"}')).toBe(1);
    expect(await stage.value('probe_duration_seconds_count{server="files",probe="ping"}')).toBe(0);
    expect(await stage.value('probe_success{server="files",probe="ping"}')).toBe(0);
  });

  test('that is ended by a signal shows 128 plus its number', async () => {
    const stage = createStage();
    stage.add();
    expect(await stage.value('server_last_exit_code{server="files"}')).toBeUndefined();
    stage.bus.publish({
      kind: 'exited',
      server: 'files',
      run: 1,
      code: null,
      signal: 'SIGKILL',
      lastLines: [],
    });
    expect(await stage.value('server_last_exit_code{server="files"}')).toBe(137);
    stage.bus.publish({ kind: 'exited', server: 'files', run: 2, code: 3, signal: null, lastLines: [] });
    expect(await stage.value('server_last_exit_code{server="files"}')).toBe(3);
  });

  test('keeps its processor seconds over a restart, and counts on when the count begins anew', async () => {
    const stage = createStage();
    stage.add();
    const running = stage.bringUp('files');
    stage.move('files', running, at('backoff', running));
    expect(await stage.value('server_cpu_seconds_total{server="files"}')).toBe(1.5);
    expect(await stage.value('server_backoff_seconds{server="files"}')).toBe(1);
    for (const cpuSeconds of [0.5, 2]) {
      stage.bus.publish({ kind: 'sampled', server: 'files', usage: { ...USAGE, cpuSeconds } });
    }
    stage.clock.elapsed += 1000;
    expect(await stage.value('server_cpu_seconds_total{server="files"}')).toBe(3);
  });

  test('has an endless budget when it has none', async () => {
    const stage = createStage();
    stage.add({ restart: { budget: [] } });
    expect(await stage.value('server_restart_budget_remaining{server="files"}')).toBe(Infinity);
  });
});

describe('a server that is not meant to run', () => {
  test('is desired again from the moment it is started', async () => {
    const stage = createStage();
    stage.add({ enabled: false });
    expect(await stage.value('server_desired_running{server="files"}')).toBe(0);
    stage.clock.elapsed += 3_600_000;
    const last = 'probe_last_success_timestamp_seconds{server="files",probe="ping"}';
    const before = await stage.value(last);
    stage.move('files', INITIAL_LIFECYCLE, at('starting', { ...INITIAL_LIFECYCLE, wanted: 'up' }));
    expect(await stage.value('server_desired_running{server="files"}')).toBe(1);
    expect(await stage.value(last)).toBe((before ?? 0) + 3600);
  });

  test('because it was a task that completed is not desired', async () => {
    const stage = createStage();
    stage.add();
    const running = stage.bringUp('files');
    const { wanted, run, failures, attempt, halfOpen, cause } = running;
    const memory = { wanted, run, failures, attempt, halfOpen, cause };
    stage.move('files', running, { ...memory, phase: 'stopped', because: 'completed' });
    expect(await stage.value('server_desired_running{server="files"}')).toBe(0);
    stage.move('files', running, { ...memory, phase: 'stopped', because: 'prevented' });
    expect(await stage.value('server_desired_running{server="files"}')).toBe(1);
  });
});

describe('series go', () => {
  test('all at once when their server is removed', async () => {
    const stage = createStage();
    stage.add({ name: 'files' });
    stage.add({ name: 'other' });
    stage.bringUp('files');
    expect(await stage.text()).toContain('server="files"');
    stage.bus.publish({ kind: 'server-removed', server: 'files' });
    const text = await stage.text();
    expect(text).not.toContain('server="files"');
    expect(text).toContain('server="other"');
    expect(JSON.stringify(stage.recorder.counters())).not.toContain('files');
  });

  test('of a version when there is another', async () => {
    const stage = createStage();
    stage.add();
    stage.bringUp('files');
    await stage.text();
    stage.bus.publish({ kind: 'spawned', server: 'files', run: 2, pid: 5, version: '2.0.0' });
    const versions = [...(await stage.text()).matchAll(/server_info\{.*version="(.*?)",/g)].map(
      ([, version]) => version,
    );
    expect(versions).toEqual(['2.0.0']);
  });

  test('of a probe kind when there is another, and begin at 0', async () => {
    const stage = createStage();
    const spec = stage.add();
    stage.bringUp('files');
    await stage.text();
    const changed = { ...spec, probe: specOf({ probe: { kind: 'http' } }).probe };
    stage.bus.publish({ kind: 'server-changed', server: 'files', spec: changed });
    const text = await stage.text();
    expect(text).not.toMatch(/probe="(ping|list_tools)"/);
    expect(await stage.value('probe_duration_seconds_count{server="files",probe="http"}')).toBe(0);
    expect(await stage.value('probes_total{server="files",probe="http"}')).toBe(0);
  });

  test('and come back from 0 when the server is added again, even between two scrapes', async () => {
    const stage = createStage();
    const spec = stage.add();
    stage.bus.publish({ kind: 'restarted', server: 'files', reason: 'exit', detail: null });
    expect(await stage.value('server_restarts_total{server="files",reason="exit"}')).toBe(1);
    stage.bus.publish({ kind: 'server-removed', server: 'files' });
    stage.bus.publish({ kind: 'server-added', server: 'files', spec });
    expect(await stage.value('server_restarts_total{server="files",reason="exit"}')).toBe(0);
  });

  test('not when news of a server come that is not there', async () => {
    const stage = createStage();
    stage.bus.publish({ kind: 'restarted', server: 'ghost', reason: 'exit', detail: null });
    stage.bus.publish({ kind: 'health', server: 'ghost', health: NONE });
    expect(await stage.text()).not.toContain('ghost');
  });
});

describe('the watchdog', () => {
  test('counts sleeps, and neither a blocked loop nor a clock that was set', async () => {
    const stage = createStage();
    expect(await stage.value('last_wake_timestamp_seconds')).toBe(0);
    stage.bus.publish({ kind: 'gap', cause: 'sleep', duration: 90_500 });
    stage.bus.publish({ kind: 'gap', cause: 'blocked', duration: 10_000 });
    stage.bus.publish({ kind: 'gap', cause: 'clock-step', duration: -3_600_000 });
    expect(await stage.value('system_wakeups_total')).toBe(1);
    expect(await stage.value('system_sleep_seconds_total')).toBe(90.5);
    expect(await stage.value('last_wake_timestamp_seconds')).toBe(stage.clock.now() / 1000);
  });

  test('shows its config, ticks, collectors, build and failed writes', async () => {
    const stage = createStage();
    const started = stage.clock.now() / 1000;
    expect(await stage.value('tick_last_timestamp_seconds')).toBe(started);
    stage.clock.elapsed += 5000;
    stage.bus.publish({ kind: 'config-loaded', path: '/x', ok: true, error: null });
    stage.bus.publish({ kind: 'config-loaded', path: '/x', ok: false, error: 'no' });
    stage.bus.publish({ kind: 'ticked' });
    stage.bus.publish({ kind: 'collected', collector: 'process_table', took: 12, error: null });
    stage.bus.publish({ kind: 'collected', collector: 'ports', took: 3, error: 'lsof is missing' });
    stage.bus.publish({ kind: 'state-persist-failed', error: 'ENOSPC', isNew: true });
    const expected = {
      'build_info{version="0.1.0",node_version="20.19.0"}': 1,
      servers_configured: 0,
      config_last_reload_successful: 0,
      config_last_reload_success_timestamp_seconds: started + 5,
      tick_last_timestamp_seconds: started + 5,
      'collector_duration_seconds{collector="process_table"}': 0.012,
      'collector_success{collector="process_table"}': 1,
      'collector_success{collector="ports"}': 0,
      state_persist_failures_total: 1,
    };
    for (const [series, value] of Object.entries(expected))
      expect([series, await stage.value(series)]).toEqual([series, value]);
  });

  test('exports what is there, and nothing whose feature is not', async () => {
    const text = await createStage().text();
    for (const name of METRIC_NAMES) {
      const definition: MetricDefinition = METRICS[name];
      const line = `# TYPE ${fullMetricName(name)} ${definition.type}\n`;
      expect([name, text.includes(line)]).toEqual([name, true]);
    }
    for (const { name, type, everywhere } of PROCESS_METRICS) {
      if (everywhere || process.platform === 'linux') expect(text).toContain(`# TYPE ${name} ${type}\n`);
    }
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
    const known = new Set([
      ...METRIC_NAMES.map((name) => fullMetricName(name)),
      ...PROCESS_METRICS.map(({ name }) => name),
    ]);
    expect(families.filter((name) => !known.has(name))).toEqual([]);
  });

  test('has used its processor time since it was started, not since it was asked', async () => {
    const { user, system } = process.cpuUsage();
    const seconds = parse(await createStage().text()).get('process_cpu_seconds_total') ?? 0;
    expect(seconds).toBeGreaterThanOrEqual((user + system) / 1e6);
  });

  test('learns nothing after it was disposed of', async () => {
    const stage = createStage();
    stage.recorder.dispose();
    stage.bus.publish({ kind: 'state-persist-failed', error: 'ENOSPC', isNew: true });
    expect(await stage.value('state_persist_failures_total')).toBe(0);
  });
});

test('label values that others chose are escaped', async () => {
  const stage = createStage();
  stage.add({
    source: { kind: 'package', manager: 'npm', package: 'a"b\\c\nd', version: 'latest', bin: null },
  });
  const text = await stage.text();
  expect(text).toContain(String.raw`package="a\"b\\c\nd"`);
  expect(text.split('\n').every((line) => line === '' || /^(#|[a-z_]+[{ ])/.test(line))).toBe(true);
});
