import { describe, expect, test } from 'vitest';
import { INITIAL_LIFECYCLE } from '../../src/core/model/lifecycle-state.ts';
import { RESTART_REASONS, SERVER_STATES } from '../../src/core/model/vocabulary.ts';
import { at, createStage, parse, USAGE } from '../fakes/stage.ts';

type Stage = ReturnType<typeof createStage>;

/** One restart, told in four pieces of news, in one go. */
function restart(stage: Stage, round: number): void {
  const up = { ...INITIAL_LIFECYCLE, wanted: 'up', run: round } as const;
  stage.move('files', at('running', up), at('backoff', up));
  stage.bus.publish({
    kind: 'restarted',
    server: 'files',
    reason: RESTART_REASONS[round % 10] ?? 'exit',
    detail: null,
  });
  stage.bus.publish({ kind: 'spawned', server: 'files', run: round, pid: round, version: `${round}` });
  stage.bus.publish({
    kind: 'probed',
    server: 'files',
    probe: 'ping',
    result: { outcome: 'passed', took: 2, tools: round },
  });
  stage.move('files', at('backoff', up), at('running', up));
}

function check(text: string): { restarts: number; probes: number } {
  const samples = parse(text);
  const states = SERVER_STATES.map((state) =>
    samples.get(`mcp_watchdog_server_state{server="files",state="${state}"}`),
  );
  expect(states.reduce<number>((sum, value) => sum + (value ?? NaN), 0)).toBe(1);
  expect(text.match(/^mcp_watchdog_server_info\{/gm)).toHaveLength(1);
  const reasons = RESTART_REASONS.map(
    (reason) => `mcp_watchdog_server_restarts_total{server="files",reason="${reason}"}`,
  );
  const restarts = reasons.reduce((sum, series) => sum + (samples.get(series) ?? NaN), 0);
  const probes = samples.get('mcp_watchdog_probes_total{server="files",probe="ping"}') ?? NaN;
  expect(samples.get('mcp_watchdog_probe_duration_seconds_count{server="files",probe="ping"}')).toBe(probes);
  return { restarts, probes };
}

describe('a scrape in the middle of a hundred events', () => {
  test('shows one moment: what belongs together changed together, and no counter went back', async () => {
    const stage = createStage();
    stage.add();
    stage.bringUp('files');
    const texts: Promise<string>[] = [];
    const rounds = Array.from({ length: 100 }, async (_, round) => {
      // Spread over many turns of promise callbacks, so that they fall between the steps of a rendering.
      for (let turn = 0; turn < round % 23; turn += 1) await Promise.resolve();
      restart(stage, round);
      stage.clock.elapsed += 400;
      texts.push(stage.text());
    });
    await Promise.all(rounds);
    let last = { restarts: 0, probes: 0 };
    for (const text of await Promise.all(texts)) {
      const seen = check(text);
      // Each restart counts one restart and one probe; the server was probed once before.
      expect(seen.probes).toBe(seen.restarts + 1);
      expect(seen.restarts).toBeGreaterThanOrEqual(last.restarts);
      last = seen;
    }
    expect(check(await stage.text())).toEqual({ restarts: 100, probes: 101 });
  });
});

describe('the text', () => {
  test('is the same bytes until something changes', async () => {
    const stage = createStage();
    stage.add();
    const { text, contentType } = await stage.recorder.render();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    stage.clock.elapsed += 3_600_000;
    expect((await stage.recorder.render()).text).toBe(text);
    stage.bus.publish({ kind: 'log-dropped', server: 'files', lines: 1, bytes: 1 });
    expect((await stage.recorder.render()).text).toBe(text);
  });

  test('shows a change of state at once and a measurement at most a second later', async () => {
    const stage = createStage();
    stage.add();
    const up = { ...INITIAL_LIFECYCLE, wanted: 'up' } as const;
    await stage.text();
    stage.move('files', up, at('starting', up));
    expect(await stage.value('server_state{server="files",state="starting"}')).toBe(1);
    stage.bus.publish({ kind: 'sampled', server: 'files', usage: USAGE });
    stage.clock.elapsed += 999;
    expect(await stage.value('server_cpu_seconds_total{server="files"}')).toBe(0);
    stage.clock.elapsed += 1;
    expect(await stage.value('server_cpu_seconds_total{server="files"}')).toBe(1.5);
  });

  test('is put together once for all who ask at the same time', async () => {
    const stage = createStage();
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => stage.recorder.render()));
    for (const { text } of others) expect(text).toBe(first?.text);
  });

  test('is never put together by a timer', async () => {
    const stage = createStage();
    stage.add();
    await stage.text();
    expect(stage.clock.pending).toBe(0);
  });
});
