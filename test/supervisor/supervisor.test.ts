import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EventKind, EventOf, WatchdogEvent } from '../../src/core/model/events.ts';
import { stateName } from '../../src/core/model/lifecycle-state.ts';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { createSideProcesses } from '../../src/supervisor/beside/side-processes.ts';
import { createSpares } from '../../src/supervisor/beside/spares.ts';
import { createMissingTimes, prepareServer } from '../../src/supervisor/prepare.ts';
import { createProcessRegistry } from '../../src/supervisor/process-registry.ts';
import { createStartRateLimiter } from '../../src/supervisor/start-rate-limiter.ts';
import { createSupervisor } from '../../src/supervisor/supervisor.ts';
import { createBus } from '../../src/system/bus.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { findPortOwner } from '../../src/system/net/port-owner.ts';
import { isRunning } from '../fakes/processes.ts';
import { specOf } from '../fakes/spec.ts';
import { HEALTHY } from '../fakes/stage.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

type Change = Parameters<typeof specOf>[0];

// Real processes, each waited for.
vi.setConfig({ testTimeout: 120_000 });

/** A shell program as a server; being alive is being ready, unless the test says otherwise. */
function shell(name: string, script: string, change: Change = {}): ServerSpec {
  return specOf({
    name,
    source: { kind: 'command', command: ['/bin/sh', '-c', script] },
    stop: { grace: 200 },
    ...change,
  });
}

function setUp({ readyAtOnce = true, ends = [] }: { readyAtOnce?: boolean; ends?: readonly number[] } = {}) {
  const paths = tempHome();
  const events: WatchdogEvent[] = [];
  const held = new Set<number>();
  const told: string[] = [];
  const bus = createBus(systemClock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const guardian = {
    hold: (pgid: number) => held.add(pgid),
    drop: (pgid: number) => held.delete(pgid),
    pid: null,
    close: () => {},
  };
  const prepare: Parameters<typeof createSupervisor>[0]['prepare'] = (spec, signal) =>
    prepareServer(spec, signal, {
      home: paths.home,
      whoListens: (port) => findPortOwner(port),
      missingFor: createMissingTimes(systemClock),
      resolvePackage: () =>
        Promise.resolve({
          ok: false,
          failure: { code: 'OFFLINE', message: 'offline', hint: null, retry: 'backoff' },
        }),
    });
  const processes = {
    clock: systemClock,
    registry: createProcessRegistry(paths.processes, { guardian, onFault: () => {} }),
    daemonId: `test-${Math.random()}`,
    prepare,
    onFault: () => {},
  };
  const beside = createSideProcesses({ ...processes, onStart: () => () => {} });
  const supervisor = createSupervisor({
    ...processes,
    bus,
    random: () => 0.5,
    startRateLimiter: createStartRateLimiter({ clock: systemClock, random: () => 0.5 }),
    standIns: createSpares({ ...processes, processes: beside }),
    home: paths.home,
    observers: ['first', 'second'].map((observer) => ({
      onSpawn({ spec, run }) {
        const tell = (what: string) => () => void told.push(`${observer} ${spec.name} ${run} ${what}`);
        tell('spawned')();
        return {
          onReady: tell('ready'),
          onReplaced: tell('replaced'),
          onLeaving: tell('leaving'),
          onGone: tell('gone'),
        };
      },
    })),
    lastLines: () => [],
    latestLine: () => null,
    lastVerdict: () => null,
    desiredState: () => undefined,
    recentEnds: () => ends,
  });
  if (readyAtOnce) {
    bus.subscribe((event) => {
      if (event.kind === 'spawned') queueMicrotask(() => supervisor.ready(event.server, event.run));
    });
  }
  onTestFinished(async () => {
    await Promise.all([supervisor.stopAll(), beside.endAll()]);
  });
  const of = <K extends EventKind>(kind: K): EventOf<K>[] =>
    events.filter((event): event is EventOf<K> => event.kind === kind);
  const stateOf = (name: string) => {
    const runner = supervisor.runner(name);
    return runner === undefined ? null : stateName(runner.state);
  };
  const reach = (name: string, state: string) =>
    waitFor(() => stateOf(name) === state, { what: `${name} to be ${state}` });
  const pidOf = (name: string) => supervisor.runner(name)?.process?.leader.pid ?? 0;
  const add = (...added: ServerSpec[]) => supervisor.apply({ added, removed: [], changed: [] });
  return { supervisor, beside, bus, events, of, stateOf, reach, pidOf, add, held, told, paths };
}

describe('a supervised server', () => {
  test('killed from outside is back with another pid, and the signal is the reason', async () => {
    const { add, reach, pidOf, of, held } = setUp();
    await add(shell('s', 'sleep 60'));
    await reach('s', 'running');
    const first = pidOf('s');
    expect(held).toEqual(new Set([first]));
    process.kill(first, 'SIGKILL');
    await waitFor(() => pidOf('s') !== first && pidOf('s') !== 0 && of('restarted').length === 1, {
      what: 'another pid',
    });
    expect(of('restarted')).toMatchObject([{ reason: 'signal', detail: 'signal SIGKILL' }]);
    expect(of('exited')).toMatchObject([{ code: null, signal: 'SIGKILL' }]);
    await reach('s', 'running');
    expect(held).toEqual(new Set([pidOf('s')]));
  });

  test('that dies with a child in its group is back only after the child is gone', async () => {
    const { add, reach, pidOf, of, paths } = setUp();
    const child = join(paths.home, 'child');
    await add(
      shell('s', `sh -c 'trap "" TERM; echo $$ > ${child}; while :; do sleep 0.1; done' & wait`, {
        stop: { grace: 300 },
      }),
    );
    await reach('s', 'running');
    const first = pidOf('s');
    const left = Number(
      await waitFor(() => existsSync(child) && readFileSync(child, 'utf8').trim(), { what: 'the child' }),
    );
    process.kill(first, 'SIGKILL');
    await waitFor(() => of('spawned').length === 2, { what: 'the second start' });
    expect(isRunning(left)).toBe(false);
  });

  test('that exits at once loops five times and no more', async () => {
    const { add, reach, of } = setUp({ readyAtOnce: false });
    await add(shell('s', 'exit 3', { restart: { initialDelay: 10, maxDelay: 20 } }));
    await reach('s', 'crash_looping');
    expect(of('spawned')).toHaveLength(5);
    expect(of('restarted').map(({ reason }) => reason)).toEqual(['exit', 'exit', 'exit', 'exit']);
    expect(of('start-failed').at(-1)?.failure.message).toContain('exit code 3');
  });

  test('that crashed under a daemon that was killed has what is left of its budget, until an operator starts it', async () => {
    const now = systemClock.monotonic();
    const { add, reach, of, supervisor } = setUp({
      readyAtOnce: false,
      ends: [now - 3000, now - 2000, now - 1000],
    });
    await add(shell('s', 'exit 3', { restart: { initialDelay: 10, maxDelay: 20 } }));
    await reach('s', 'crash_looping');
    expect(of('spawned')).toHaveLength(2);
    supervisor.start('s');
    await waitFor(() => of('spawned').length === 7, { what: 'a fresh budget' });
    await reach('s', 'crash_looping');
  });

  test('whose command only launches it says so, before and after it was ready', async () => {
    const script = 'sleep 60 & sleep 0.1; exit 0';
    const early = setUp({ readyAtOnce: false });
    await early.add(shell('s', script));
    await early.reach('s', 'backoff');
    expect(early.of('start-failed')[0]?.failure).toMatchObject({
      code: 'EXITED_BEFORE_READY',
      message: 'It ended before it was ready: exit code 0 while a process that it had started went on',
      cause: 'exited with code 0 while a process that it had started went on',
      hint: 'Remove the & from its script, and start the last command with exec.',
    });
    const late = setUp();
    await late.add(shell('s', script));
    await waitFor(() => late.of('restarted').length > 0, { what: 'a restart' });
    expect(late.of('restarted')[0]).toMatchObject({
      reason: 'exit',
      detail: 'exit code 0 while a process that it had started went on',
    });
    expect(late.of('exited')[0]?.launcher?.hint).toContain('Remove the &');
    const complete = setUp({ readyAtOnce: false });
    await complete.add(shell('s', script, { restart: { policy: 'on-failure' } }));
    await complete.reach('s', 'stopped');
    expect(complete.of('start-failed')[0]?.failure.hint).toContain('Remove the &');
  });

  test('that ends with code 0 and nothing left is no launcher', async () => {
    const { add, reach, of } = setUp({ readyAtOnce: false });
    await add(shell('s', 'true | cat; exit 0'));
    await reach('s', 'backoff');
    expect(of('start-failed')[0]?.failure).toMatchObject({
      message: 'It ended before it was ready: exit code 0',
      hint: null,
    });
  });

  test('whose program is missing waits and says so', async () => {
    const { add, reach, of } = setUp();
    await add(specOf({ name: 's', source: { kind: 'command', command: ['no-such-program-anywhere'] } }));
    await reach('s', 'backoff');
    expect(of('start-failed')[0]?.failure).toMatchObject({ code: 'EXECUTABLE_MISSING' });
    expect(of('spawned')).toEqual([]);
  });

  test('whose program cannot be executed ends in backoff, not in an exception', async () => {
    const { add, reach, of, paths } = setUp({ readyAtOnce: false });
    const program = join(paths.home, 'garbage');
    writeFileSync(program, '\u007fELFgarbage', { mode: 0o755 });
    await add(specOf({ name: 's', source: { kind: 'command', command: [program] } }));
    await reach('s', 'backoff');
    expect(of('start-failed').length).toBeGreaterThan(0);
  });

  test.each<[string, (folder: string) => Change]>([
    ['folder', (folder) => ({ cwd: folder })],
    ['program', (folder) => ({ source: { kind: 'command', command: [join(folder, 'server')] } })],
  ])('whose %s is away starts as soon as it is back, long before the next attempt', async (_, change) => {
    const { add, reach, of, paths } = setUp();
    const folder = join(paths.home, 'volume');
    const restart = { initialDelay: 3_600_000, maxDelay: 3_600_000 };
    await add(shell('s', 'sleep 60', { restart, ...change(folder) }));
    await reach('s', 'backoff');
    expect(of('start-failed')[0]?.failure).toMatchObject({ retry: 'backoff', awaits: expect.any(String) });
    mkdirSync(folder);
    writeFileSync(join(folder, 'server'), '#!/bin/sh\nsleep 60\n', { mode: 0o700 });
    await reach('s', 'running');
  });

  test('whose folder is a file is not retried until somebody says so', async () => {
    const { add, reach, of, supervisor } = setUp();
    await add(shell('s', 'sleep 60', { cwd: '/etc/passwd' }));
    await reach('s', 'needs_attention');
    const state = supervisor.runner('s')?.state;
    // Half an hour, spread by a fifth.
    expect(state !== undefined && 'delay' in state && state.delay).toBeGreaterThanOrEqual(24 * 60_000);
    expect(of('start-failed')[0]?.failure).toMatchObject({ code: 'CWD_MISSING', retry: 'never' });
  });

  test('that needs attention is tried again after any change of its config', async () => {
    const { add, reach, of, supervisor } = setUp();
    const spec = shell('s', 'sleep 60', { cwd: '/etc/passwd' });
    await add(spec);
    await reach('s', 'needs_attention');
    const changed = { ...spec, update: { ...spec.update, ignoreEngines: true } };
    await supervisor.apply({ added: [], removed: [], changed: [{ spec: changed, restart: false }] });
    await waitFor(() => of('start-failed').length === 2);
    await reach('s', 'needs_attention');
  });

  test('whose port somebody else holds says who, kills nobody and waits', async () => {
    const { add, reach, of } = setUp();
    const stranger = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void stranger.close());
    await waitFor(() => stranger.listening);
    const address = stranger.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await add(shell('s', 'sleep 60', { transport: 'http', url: `http://127.0.0.1:${port}/mcp` }));
    await reach('s', 'backoff');
    expect(of('start-failed')[0]?.failure.code).toBe('PORT_IN_USE');
    expect(of('start-failed')[0]?.failure.message).toContain(`pid ${process.pid}`);
    expect(of('start-failed')[0]?.failure.message).toContain('node');
    expect(stranger.listening).toBe(true);
  });

  test('that never becomes ready is ended, group and all, and counted as a failed start', async () => {
    const { add, reach, of, pidOf } = setUp({ readyAtOnce: false });
    await add(shell('s', 'sleep 60', { start: { timeout: 100 }, stop: { grace: 300 } }));
    await waitFor(() => of('spawned').length === 1);
    const pid = pidOf('s');
    await reach('s', 'backoff');
    expect(isRunning(pid)).toBe(false);
    expect(of('start-failed')[0]?.failure.code).toBe('NOT_READY_IN_TIME');
  });

  test('stops within its grace even when it ignores TERM and EOF', async () => {
    const { add, reach, pidOf, supervisor } = setUp();
    await add(shell('s', `trap '' TERM; while :; do sleep 0.1; done`, { stop: { grace: 200 } }));
    await reach('s', 'running');
    const pid = pidOf('s');
    await supervisor.stop('s');
    expect(isRunning(pid)).toBe(false);
    await reach('s', 'stopped');
  });

  test('that is stopped in the moment of its start is ended, and nobody goes on asking it', async () => {
    const { add, bus, told, of, reach, supervisor } = setUp({ readyAtOnce: false });
    bus.subscribe((event) => {
      if (event.kind === 'transition' && event.to.phase === 'starting') void supervisor.stop(event.server);
    });
    await add(shell('s', 'sleep 60'));
    await waitFor(() => of('spawned').length === 1);
    await reach('s', 'stopped');
    expect(told.filter((line) => line.startsWith('first'))).toEqual([
      'first s 1 spawned',
      'first s 1 leaving',
      'first s 1 gone',
    ]);
  });

  test('tells every observer of each process, in one order: spawned, ready, leaving, gone', async () => {
    const { add, told, of, reach, pidOf, supervisor } = setUp();
    await add(shell('s', 'sleep 60'));
    await reach('s', 'running');
    process.kill(pidOf('s'), 'SIGKILL');
    await waitFor(() => of('spawned').length === 2, { what: 'the second start' });
    await reach('s', 'running');
    await supervisor.stop('s');
    expect(told).toEqual(
      [1, 2].flatMap((run) =>
        ['spawned', 'ready', 'leaving', 'gone'].flatMap((what) => [
          `first s ${run} ${what}`,
          `second s ${run} ${what}`,
        ]),
      ),
    );
  });

  test('that is being removed cannot be started any more', async () => {
    const { add, reach, pidOf, of, supervisor } = setUp();
    await add(shell('s', `trap '' TERM; while :; do sleep 0.1; done`, { stop: { grace: 300 } }));
    await reach('s', 'running');
    const pid = pidOf('s');
    const removed = supervisor.apply({ added: [], removed: ['s'], changed: [] });
    supervisor.start('s');
    supervisor.restart('s', { reason: 'requested', detail: null });
    await removed;
    expect(isRunning(pid)).toBe(false);
    expect(of('spawned')).toHaveLength(1);
    expect(of('server-removed')).toHaveLength(1);
  });

  test('is one process, however many starts are asked for at once', async () => {
    const { add, reach, of, supervisor } = setUp();
    await add(shell('s', 'sleep 60', { enabled: false }));
    for (let count = 0; count < 10; count += 1) supervisor.start('s');
    await reach('s', 'running');
    supervisor.start('s');
    expect(of('spawned')).toHaveLength(1);
  });

  test('gets its own environment and none of our secrets', async () => {
    process.env['SECRET_OF_OURS'] = 'hunter22';
    onTestFinished(() => {
      delete process.env['SECRET_OF_OURS'];
    });
    const { add, reach, paths } = setUp();
    const out = join(paths.home, 'env');
    await add(shell('s', `env > ${out}.tmp; mv ${out}.tmp ${out}; sleep 60`, { env: { OWN: 'yes' } }));
    await reach('s', 'running');
    const text = await waitFor(() => existsSync(out) && readFileSync(out, 'utf8'));
    expect(text).toContain('OWN=yes');
    expect(text).toContain('PATH=');
    expect(text).not.toContain('hunter22');
  });
});

describe('many servers', () => {
  test('that crash together are started apart', async () => {
    const { add, of, reach, pidOf } = setUp();
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    await add(...names.map((name) => shell(name, 'sleep 60')));
    for (const name of names) await reach(name, 'running');
    for (const name of names) process.kill(pidOf(name), 'SIGKILL');
    await waitFor(() => of('spawned').length === 20, { what: 'ten restarts' });
    const starts = of('spawned')
      .slice(10)
      .map(({ at }) => at);
    // At 150 ms ± 30 % from one to the next; a busy machine only makes it longer.
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(9 * 100);
  });

  test('start after what they depend on is ready, and stop before it', async () => {
    const { add, events, reach, supervisor } = setUp();
    await add(shell('app', 'sleep 60', { dependsOn: ['db'] }), shell('db', 'sleep 60'));
    await reach('app', 'running');
    await supervisor.stopAll();
    const order = events.flatMap((event) => {
      if (event.kind === 'spawned') return [`${event.server} spawned`];
      return event.kind === 'transition' && event.to.phase === 'stopped' ? [`${event.server} stopped`] : [];
    });
    expect(order).toEqual(['db spawned', 'app spawned', 'app stopped', 'db stopped']);
  });

  test('stay down when one is asked to restart while all are being stopped', async () => {
    const { add, reach, pidOf, of, supervisor } = setUp();
    await add(shell('s', `trap '' TERM; while :; do sleep 0.1; done`, { stop: { grace: 300 } }));
    await reach('s', 'running');
    const pid = pidOf('s');
    const stopped = supervisor.stopAll();
    await reach('s', 'stopping');
    supervisor.restart('s', { reason: 'requested', detail: null });
    await stopped;
    expect(isRunning(pid)).toBe(false);
    expect(of('spawned')).toHaveLength(1);
  });

  test('start once a watched server that they depend on is found to be up', async () => {
    const { add, bus, reach, stateOf } = setUp();
    const url = 'http://127.0.0.1:9/mcp';
    await add(
      specOf({ name: 'far', source: { kind: 'url' }, transport: 'http', url }),
      shell('app', 'sleep 60', { dependsOn: ['far'] }),
    );
    expect(stateOf('app')).toBe('stopped');
    bus.publish({ kind: 'health', server: 'far', health: HEALTHY });
    await reach('app', 'running');
  });

  test('start when a new config no longer makes them wait', async () => {
    const { add, reach, of, supervisor } = setUp();
    await add(shell('app', 'sleep 60', { dependsOn: ['db'] }), shell('db', 'sleep 60', { enabled: false }));
    expect(of('waiting').at(-1)).toMatchObject({ server: 'app', on: ['db'] });
    await supervisor.apply({
      added: [],
      removed: [],
      changed: [{ spec: shell('app', 'sleep 60'), restart: false }],
    });
    await reach('app', 'running');
    expect(of('waiting').at(-1)).toMatchObject({ server: 'app', on: [] });
  });

  test('that are stopped while they wait no longer say that they wait', async () => {
    const { add, of, supervisor } = setUp();
    await add(shell('app', 'sleep 60', { dependsOn: ['db'] }), shell('db', 'sleep 60', { enabled: false }));
    await supervisor.stop('app');
    expect(of('waiting').at(-1)).toMatchObject({ server: 'app', on: [] });
  });

  test('that run do not wait, whatever has become of what they depend on', async () => {
    const { add, of, pidOf, reach, supervisor } = setUp();
    await add(shell('db', 'sleep 60'), shell('app', 'sleep 60', { dependsOn: ['db'] }));
    await reach('app', 'running');
    await supervisor.stop('db');
    const told = of('waiting').length;
    const pid = pidOf('app');
    supervisor.start('app');
    expect(of('waiting')).toHaveLength(told);
    expect(pidOf('app')).toBe(pid);
  });

  test('are given the grace of all that stop one after the other', async () => {
    const { add, supervisor } = setUp();
    const off = { enabled: false, transport: 'http', url: 'http://127.0.0.1:9/mcp' } as const;
    await add(
      shell('db', 'sleep 60', { ...off, stop: { grace: 60_000 } }),
      shell('app', 'sleep 60', { ...off, stop: { grace: 10_000 }, dependsOn: ['db'] }),
      shell('other', 'sleep 60', { ...off, stop: { grace: 20_000 } }),
    );
    // Two kills of 2 s behind them.
    expect(supervisor.longestStop()).toBe(74_000);
  });

  test('one that is removed is stopped; one that changed is restarted; the rest is not touched', async () => {
    const { add, reach, pidOf, of, supervisor } = setUp();
    await add(shell('a', 'sleep 60'), shell('b', 'sleep 60'), shell('c', 'sleep 60'));
    for (const name of ['a', 'b', 'c']) await reach(name, 'running');
    const [a, b, c] = ['a', 'b', 'c'].map(pidOf);
    await supervisor.apply({
      added: [],
      removed: ['a'],
      changed: [{ spec: shell('b', 'sleep 61'), restart: true }],
    });
    await waitFor(() => of('restarted').length === 1 && pidOf('b') !== 0 && pidOf('b') !== b);
    expect(of('restarted')).toMatchObject([{ server: 'b', reason: 'config' }]);
    expect(isRunning(a ?? 0)).toBe(false);
    expect(of('server-removed')).toMatchObject([{ server: 'a' }]);
    expect(pidOf('c')).toBe(c);
  });

  test('an end that nobody saw is counted when the server starts again', async () => {
    const { of, reach, supervisor } = setUp();
    await supervisor.apply({ added: [shell('s', 'sleep 60')], removed: [], changed: [] }, new Set(['s']));
    await reach('s', 'running');
    expect(of('restarted')).toMatchObject([{ reason: 'unobserved' }]);
  });

  test('so is that of one that has to wait for another first', async () => {
    const { of, reach, supervisor } = setUp();
    const added = [shell('app', 'sleep 60', { dependsOn: ['db'] }), shell('db', 'sleep 60')];
    await supervisor.apply({ added, removed: [], changed: [] }, new Set(['app']));
    await reach('app', 'running');
    expect(of('restarted')).toMatchObject([{ server: 'app', reason: 'unobserved' }]);
  });
});

describe('a server with a spare', () => {
  const spared = (script = 'sleep 60', change: Change = {}): ServerSpec => {
    const spec = shell('s', script, { stop: { grace: 200 }, ...change });
    return { ...spec, gateway: { ...spec.gateway, spare: true } };
  };
  const spareOf = ({ beside }: Pick<ReturnType<typeof setUp>, 'beside'>): Promise<number> =>
    waitFor(() => beside.roots().find(({ pid }) => isRunning(pid))?.pid ?? null, { what: 'the spare' });

  test('goes on with it when it dies, each time, and has another one made', async () => {
    const stage = setUp();
    const { add, reach, pidOf, of, beside, told, held } = stage;
    await add(spared());
    await reach('s', 'running');
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      const [main, spare] = [pidOf('s'), await spareOf(stage)];
      // What died before is let go once nothing of it is left.
      await waitFor(() => held.size === 2, { what: 'the guardian to hold two groups' });
      expect(held).toEqual(new Set([main, spare]));
      expect(beside.roots()).toMatchObject([{ server: 's', pid: spare, side: expect.any(Number) }]);
      process.kill(main, 'SIGKILL');
      await waitFor(() => pidOf('s') === spare, { what: 'the spare to take over' });
      await reach('s', 'running');
      expect(of('spawned').at(-1)).toMatchObject({ run: deaths + 1, pid: spare });
      expect(of('restarted')).toHaveLength(deaths);
    }
    expect(told.filter((one) => one.endsWith('replaced'))).toHaveLength(6);
  });

  test('gives it up when it is stopped or restarted by us, and stops for good when its budget is spent', async () => {
    const stage = setUp();
    const { add, reach, pidOf, supervisor } = stage;
    await add(spared('sleep 60', { restart: { budget: [{ restarts: 2, within: 60_000 }] } }));
    await reach('s', 'running');
    const [main, first] = [pidOf('s'), await spareOf(stage)];
    supervisor.restart('s', { reason: 'requested', detail: null });
    await waitFor(() => ![0, main].includes(pidOf('s')) && !isRunning(first), {
      what: 'another process, and the end of the spare',
    });
    await reach('s', 'running');
    expect(pidOf('s')).not.toBe(first);
    const second = await spareOf(stage);
    process.kill(pidOf('s'), 'SIGKILL');
    await waitFor(() => pidOf('s') === second, { what: 'the second spare to take over' });
    await reach('s', 'running');
    const third = await spareOf(stage);
    process.kill(second, 'SIGKILL');
    await reach('s', 'crash_looping');
    await waitFor(() => !isRunning(third), { what: 'the third spare to end' });
  });

  test('starts anew when the spare dies with it', async () => {
    const stage = setUp();
    const { add, reach, pidOf, stateOf } = stage;
    await add(spared());
    await reach('s', 'running');
    const [main, spare] = [pidOf('s'), await spareOf(stage)];
    process.kill(main, 'SIGKILL');
    process.kill(spare, 'SIGKILL');
    await waitFor(() => stateOf('s') === 'running' && ![0, main, spare].includes(pidOf('s')), {
      what: 'a third process',
    });
  });
});
