// start, stop and restart of a daemon that is a service, with a service manager that only records calls.
import { writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CommandContext } from '../../../src/commands/shared/command.ts';
import { readVersion } from '../../../src/commands/shared/own-package.ts';
import { restartDaemon } from '../../../src/commands/daemon/restart.ts';
import { startServers } from '../../../src/commands/daemon/server-control.ts';
import { startDaemon } from '../../../src/commands/daemon/start.ts';
import { stopDaemon } from '../../../src/commands/daemon/stop.ts';
import { startService } from '../../../src/commands/daemon/service-control.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { Status } from '../../../src/core/model/status.ts';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import type { ServiceManager, ServiceState } from '../../../src/service/shared/service-manager.ts';
import { type Clock, systemClock } from '../../../src/system/time/clock.ts';
import type { Paths } from '../../../src/system/files/paths.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { type FakeIo, fakeIo } from '../../fakes/io.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

/** Who answers on the control socket of a test is the test itself. */
const OURS = process.pid;
const ANOTHER = 999_999;

/** Time a hundred times as fast, for what waits for the end of a process that never comes. */
const hurried: Clock = { ...systemClock, after: (delay, wake) => systemClock.after(delay / 100, wake) };

interface World {
  readonly context: CommandContext;
  readonly io: FakeIo;
  readonly service: ServiceManager;
  /** What the service was asked for. */
  readonly asked: string[];
  /** What the manager says. */
  state: ServiceState;
  /** What the service throws when it is asked to do something. */
  fault: WatchdogError | null;
  /** Lets a daemon answer, which shows this. */
  readonly listen: (shown?: Status) => Promise<readonly string[]>;
}

function world({ paths = tempHome(), clock = systemClock }: { paths?: Paths; clock?: Clock } = {}): World {
  const io = fakeIo({ clock });
  const asked: string[] = [];
  let close: (() => Promise<void>) | null = null;
  const act = (verb: string) => async (): Promise<void> => {
    asked.push(verb);
    if (self.fault !== null) throw self.fault;
    if (verb === 'stop') await close?.();
    else await self.listen();
  };
  const unused = (): never => {
    throw new Error('Nobody should ask for this');
  };
  const self: World = {
    context: { paths, arguments: [], flags: {}, colour: false, io },
    io,
    asked,
    fault: null,
    state: { isInstalled: true, isLoaded: true, isEnabled: true, pid: OURS, detail: null },
    service: {
      kind: 'systemd',
      file: '/u/mcp-watchdog.service',
      logHint: 'journalctl',
      start: act('start'),
      stop: act('stop'),
      restart: act('restart'),
      state: () => Promise.resolve(self.state),
      render: unused,
      read: unused,
      install: unused,
      uninstall: unused,
    },
    async listen(shown = status([serverStatus()], { pid: OURS })) {
      await close?.();
      const daemon = fakeDaemon(shown);
      const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
      close = () => ((close = null), server.close());
      daemon.onShutdown = () => void close?.();
      onTestFinished(() => close?.());
      return daemon.asked;
    },
  };
  return self;
}

describe('start', () => {
  test('goes through the service, and waits until the daemon answers', async () => {
    const { context, service, io, asked } = world();
    expect(await startDaemon(context, service)).toBe(0);
    expect(asked).toEqual(['start']);
    expect(io.stdout()).toContain(`The daemon runs as a service of systemd, pid ${OURS}`);
  });

  test('of one that runs does nothing', async () => {
    const { context, service, io, asked, listen } = world();
    await listen();
    expect(await startDaemon(context, service)).toBe(0);
    expect(asked).toEqual([]);
    expect(io.stdout()).toBe(`The daemon already runs, pid ${OURS}\n`);
  });

  test('says that one runs beside its service', async () => {
    const self = world();
    await self.listen();
    self.state = { ...self.state, pid: null };
    expect(await startDaemon(self.context, self.service)).toBe(0);
    expect(self.asked).toEqual([]);
    expect(self.io.stdout()).toContain('mcp-watchdog restart lets the service run it');
  });

  test('tells what the service says when it fails', async () => {
    const self = world();
    self.fault = new WatchdogError('SERVICE_FAILED', 'Cannot start the service: x', { hint: 'y' });
    await expect(startDaemon(self.context, self.service)).rejects.toBe(self.fault);
  });

  test('says what is wrong with a config that the daemon waits to be mended', async () => {
    const self = world();
    const config = { path: 'c', ok: false, error: 'c: servers.a: unknown key', loadedAt: null };
    await self.listen(status([], { config }));
    const up = { ...self.service, start: () => Promise.resolve() };
    await expect(startService(self.context, up)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'Cannot start the servers: c: servers.a: unknown key',
      hint: expect.stringContaining('as soon as the config is valid'),
    });
  });
});

describe('stop', () => {
  test('goes through the service', async () => {
    const { context, service, io, asked, listen } = world();
    const daemon = await listen();
    expect(await stopDaemon(context, service)).toBe(0);
    expect(asked).toEqual(['stop']);
    expect(daemon).toEqual([]);
    expect(io.stdout()).toContain(`Stopped the daemon with pid ${OURS} and all its servers`);
    expect(io.stdout()).toContain('again at the next login');
  });

  test('ends one that runs beside its service, and not the service', async () => {
    const self = world({ clock: hurried });
    const daemon = await self.listen();
    self.state = { ...self.state, pid: ANOTHER };
    expect(await stopDaemon(self.context, self.service)).toBe(0);
    expect(daemon).toEqual(['shutdown']);
    expect(self.asked).toEqual([]);
  });

  test('also ends what systemd is about to start again', async () => {
    const self = world();
    self.state = { ...self.state, pid: null };
    expect(await stopDaemon(self.context, self.service)).toBe(0);
    expect(self.asked).toEqual(['stop']);
    expect(self.io.stdout()).toContain('No daemon is running');
  });
});

describe('restart', () => {
  test('goes through the service', async () => {
    const { context, service, io, asked, listen } = world();
    await listen();
    expect(await restartDaemon(context, service)).toBe(0);
    expect(asked).toEqual(['restart']);
    expect(io.stdout()).toMatch(/^The daemon runs as a service of systemd/u);
  });

  test('puts the service in the place of one that runs beside it', async () => {
    const self = world({ clock: hurried });
    const daemon = await self.listen();
    self.state = { ...self.state, pid: null };
    expect(await restartDaemon(self.context, self.service)).toBe(0);
    expect(daemon.at(-1)).toBe('shutdown');
    expect(self.asked).toEqual(['restart']);
    expect(self.io.stdout()).toContain(`Stopped the daemon with pid ${OURS}, which ran outside its service`);
  });
});

test.each([
  ['of the same version refuses the config', {}, 'Cannot restart the daemon: no such key'],
  ['of another version is not asked', { version: '0.0.1' }, null],
  // It waits for another config itself, and has nothing to lose.
  ['that has none yet is not asked', { config: { path: 'c', ok: false, error: 'x', loadedAt: null } }, null],
])('restart when the running daemon %s', async (_what, shown, refusal) => {
  const self = world();
  const daemon = fakeDaemon(status([], { pid: OURS, version: readVersion(), ...shown }));
  const reload = (): never => {
    throw new WatchdogError('CONFIG_INVALID', 'no such key', { hint: 'Did you mean command?' });
  };
  const handlers = { ...daemon.handlers, reload };
  const server = await startControlServer({ socketPath: self.context.paths.socket, handlers });
  onTestFinished(() => server.close());
  const service = {
    ...self.service,
    restart: () => server.close().then(() => self.service.restart()),
  };
  const restarting = restartDaemon(self.context, service);
  if (refusal === null) expect(await restarting).toBe(0);
  else
    await expect(restarting).rejects.toMatchObject({
      message: refusal,
      hint: 'Did you mean command?; the daemon keeps running with the old one',
    });
  expect(self.asked).toEqual(refusal === null ? ['restart'] : []);
});

test('restart without a service refuses a config that lacks a variable here, which the running daemon has', async () => {
  const self = world();
  writeFileSync(
    self.context.paths.config,
    'servers:\n  s: { command: [x], env: { A: "${env:ONLY_THERE}" } }\n',
    { mode: 0o600 },
  );
  const asked = await self.listen();
  await expect(restartDaemon(self.context, null)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^Cannot restart the daemon: .*ONLY_THERE, which is not set/u),
    hint: expect.stringContaining('the daemon keeps running with the old one'),
  });
  expect(asked).not.toContain('shutdown');
});

describe('servers that take their time', () => {
  const waiting = serverStatus({ name: 'app', state: 'stopped', run: 0, pid: null, note: 'waiting for db' });

  async function start(terminal: { columns: number; rows: number } | undefined): Promise<string> {
    const paths = tempHome();
    const io = fakeIo(terminal === undefined ? {} : { terminal });
    const daemon = fakeDaemon(status([waiting]));
    const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
    onTestFinished(() => server.close());
    const context: CommandContext = { paths, arguments: ['app', 'app'], flags: {}, colour: false, io };
    const started = startServers(context, 'start');
    await waitFor(() => daemon.watched() === 1, { what: 'the command to watch' });
    const since = performance.now();
    await waitFor(() => performance.now() - since > 1300, { what: 'more than a second' });
    daemon.show(status([waiting]));
    daemon.show(status([serverStatus({ name: 'app', run: 1, pid: 5 })]));
    expect(await started).toBe(0);
    expect(daemon.asked).toEqual(['start app']);
    return io.stdout();
  }

  test('are reported on a terminal, once', async () => {
    expect(await start({ columns: 80, rows: 24 })).toBe('app: waiting for db\napp runs, pid 5\n');
  });

  test('are waited for in silence elsewhere', async () => {
    expect(await start(undefined)).toBe('app runs, pid 5\n');
  });
});
