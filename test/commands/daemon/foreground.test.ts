import { describe, expect, it } from 'vitest';
import type { CommandContext, Flags } from '../../../src/commands/shared/command.ts';
import { runForeground } from '../../../src/commands/daemon/foreground.ts';
import type { RunningDaemon } from '../../../src/commands/daemon/running-daemon.ts';
import type { WatchdogEvent } from '../../../src/core/model/events.ts';
import { resolvePaths } from '../../../src/system/files/paths.ts';
import { readConfig } from '../../../src/config/load.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { type FakeIo, fakeIo } from '../../fakes/io.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { waitFor } from '../../fakes/wait-for.ts';

function fakeRunning() {
  const subscribers = new Set<(event: WatchdogEvent) => void>();
  const asked: string[] = [];
  let finish = () => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  const daemon: RunningDaemon = {
    bus: { subscribe: (each) => (subscribers.add(each), () => void subscribers.delete(each)) },
    status: () => status([serverStatus(), serverStatus({ name: 'files', pid: null, state: 'backoff' })]),
    config: {
      ...readConfig('servers: { context7: { command: [x] } }', { path: '/c', environment: {} }),
      inactive: ['schedule.update'],
      warnings: ['args holds $X'],
    },
    homeTrouble: null,
    reload: () => (asked.push('reload'), Promise.resolve(null)),
    stop: () => (asked.push('stop'), Promise.resolve()),
    done,
  };
  return {
    daemon,
    asked,
    finish,
    subscribers,
    tell: (event: WatchdogEvent) => subscribers.forEach((each) => each(event)),
  };
}

function contextOf(io: FakeIo, flags: Flags = {}): CommandContext {
  return { paths: resolvePaths('/home/ada/.mcp-watchdog'), arguments: [], flags, colour: false, io };
}

const terminal = { columns: 100, rows: 40 };

describe('runForeground()', () => {
  it('stops all after a signal, says so, and ends with 143', async () => {
    const io = fakeIo({ terminal, clock: new FakeClock() });
    const { daemon, asked, finish } = fakeRunning();
    const ended = runForeground(contextOf(io), { isFirst: false, start: () => Promise.resolve(daemon) });
    await settle();
    io.signal('SIGTERM');
    expect(asked).toEqual(['stop']);
    expect(io.stdout()).toContain('Stopping context7. Ctrl-C again kills at once');
    finish();
    expect(await ended).toBe(143);
    expect(io.listening()).toBe(0);
    expect(io.stdout()).toContain('Everything is stopped');
    expect(io.stdout().endsWith('\u001B[?25h')).toBe(true);
  });

  it.each([
    ['a terminal', terminal],
    ['standard error without one', undefined],
  ])('says on %s that the home takes no writes', async (_, screen) => {
    const io = fakeIo({ ...(screen === undefined ? {} : { terminal: screen }), clock: new FakeClock() });
    const { daemon, finish } = fakeRunning();
    const start = () => Promise.resolve({ ...daemon, homeTrouble: 'ENOSPC: no space left on device' });
    const ended = runForeground(contextOf(io), { isFirst: false, start });
    await settle();
    const text = screen === undefined ? io.stderr() : io.stdout();
    expect(text).toContain('warning: the home takes no writes');
    expect(text).toContain('free space on the disk');
    finish();
    expect(await ended).toBe(0);
  });

  it('kills the groups at once after a second signal, without waiting any longer', async () => {
    const io = fakeIo({ terminal, clock: new FakeClock() });
    const { daemon, asked } = fakeRunning();
    const killed: number[] = [];
    const ended = runForeground(contextOf(io), {
      isFirst: false,
      start: () => Promise.resolve(daemon),
      kill: (group) => killed.push(group),
    });
    await settle();
    io.signal('SIGINT');
    io.signal('SIGINT');
    expect(await ended).toBe(143);
    expect({ asked, killed }).toEqual({ asked: ['stop'], killed: [4242] });
  });

  it('stops what is still starting when the signal comes early', async () => {
    const io = fakeIo({ clock: new FakeClock() });
    const { daemon, asked, finish } = fakeRunning();
    const starting: ((daemon: RunningDaemon) => void)[] = [];
    const start = () => new Promise<RunningDaemon>((resolve) => starting.push(resolve));
    const ended = runForeground(contextOf(io), { isFirst: false, start });
    io.signal('SIGINT');
    starting[0]?.(daemon);
    await waitFor(() => asked.length > 0);
    finish();
    expect(await ended).toBe(143);
  });

  it('ends at a second signal even when the start does not come to an end', async () => {
    const io = fakeIo({ clock: new FakeClock() });
    const ended = runForeground(contextOf(io), { isFirst: false, start: () => new Promise(() => {}) });
    io.signal('SIGINT');
    io.signal('SIGINT');
    expect(await ended).toBe(143);
    expect(io.listening()).toBe(0);
  });

  it('ends with 0 when a command stopped the daemon', async () => {
    const io = fakeIo({ clock: new FakeClock() });
    const { daemon, finish } = fakeRunning();
    const ended = runForeground(contextOf(io), { isFirst: false, start: () => Promise.resolve(daemon) });
    finish();
    expect(await ended).toBe(0);
  });

  it('reads the config again on SIGHUP', async () => {
    const io = fakeIo({ clock: new FakeClock() });
    const { daemon, asked, finish } = fakeRunning();
    const ended = runForeground(contextOf(io), { isFirst: false, start: () => Promise.resolve(daemon) });
    await settle();
    io.signal('SIGHUP');
    expect(asked).toEqual(['reload']);
    finish();
    await ended;
  });

  it.each([
    ['without a terminal', fakeIo({ clock: new FakeClock() }), {}],
    ['with --json', fakeIo({ terminal, clock: new FakeClock() }), { json: true }],
  ])('prints nothing but log lines %s', async (_, io, flags) => {
    const { daemon, finish } = fakeRunning();
    const ended = runForeground(contextOf(io, flags), {
      isFirst: true,
      start: (alsoLogTo) => {
        alsoLogTo?.('{"msg":"Watchdog started"}\n');
        return Promise.resolve(daemon);
      },
    });
    await settle();
    io.signal('SIGINT');
    finish();
    expect(await ended).toBe(143);
    expect(io.stdout()).toBe('{"msg":"Watchdog started"}\n');
  });

  it('shows on a terminal what is up, what is not active yet, and news above a table', async () => {
    const clock = new FakeClock();
    const io = fakeIo({ terminal, clock });
    const { daemon, finish, tell, subscribers } = fakeRunning();
    const ended = runForeground(contextOf(io), { isFirst: true, start: () => Promise.resolve(daemon) });
    await settle();
    const before = io.stdout();
    expect(before).toContain('Wrote a first config: /home/ada/.mcp-watchdog/config.yaml');
    expect(before).toContain('Not active yet in this release: schedule.update');
    expect(before).toContain('warning: args holds $X');
    expect(before).toContain('claude mcp add --transport http context7 http://127.0.0.1:9639/context7/mcp');
    expect(before).toContain('SERVER');
    const event = { kind: 'install-progress', server: 'files', line: 'fetching' } as const;
    for (let turn = 0; turn < 50; turn += 1) tell({ at: clock.now(), ...event });
    await clock.advance(100);
    const news = io.stdout().slice(before.length);
    expect(news.split('files: fetching')).toHaveLength(2);
    expect(news.split('SERVER')).toHaveLength(3);
    finish();
    await ended;
    expect(subscribers.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('gives signals and terminal back when the daemon cannot start', async () => {
    const io = fakeIo({ terminal, clock: new FakeClock() });
    const start = () => Promise.reject(new Error('no'));
    await expect(runForeground(contextOf(io), { isFirst: false, start })).rejects.toThrow('no');
    expect(io.listening()).toBe(0);
  });
});
