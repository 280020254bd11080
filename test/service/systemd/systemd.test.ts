// systemd as service manager, with a simulated systemctl.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServiceManager, ServicePlan } from '../../../src/service/shared/service-manager.ts';
import type { ToolResult } from '../../../src/service/shared/service-options.ts';
import { createSystemd } from '../../../src/service/systemd/systemd.ts';
import { FakeClock } from '../../fakes/clock.ts';

const UNIT = 'mcp-watchdog.service';

interface FakeSystemd {
  readonly manager: ServiceManager;
  /** `start`, `daemon-reload` …, oldest first; questions are left out. */
  readonly done: readonly string[];
  readonly calls: readonly (readonly string[])[];
  readonly file: string;
  readonly plan: ServicePlan;
  /** What `show` answers. */
  shown: Record<string, string>;
  /** What one verb is answered with instead of being done; `*` for each. */
  readonly refusals: Record<string, string>;
  /** What the journal holds. */
  journal: string;
}

/** A systemd that remembers what it was told, and what a test says of its state. */
function fakeSystemd(label: string | null = null): FakeSystemd {
  const userHome = mkdtempSync(join(tmpdir(), 'mcpw-systemd-'));
  onTestFinished(() => rmSync(userHome, { recursive: true, force: true }));
  const tools = join(userHome, 'bin');
  mkdirSync(tools);
  writeFileSync(join(tools, 'systemd-notify'), '', { mode: 0o755 });
  const done: string[] = [];
  const calls: (readonly string[])[] = [];

  function systemctl([verb = '', ...rest]: readonly string[]): ToolResult {
    const refusal = fake.refusals[verb] ?? fake.refusals['*'];
    if (refusal !== undefined) return answer(1, '', refusal);
    if (verb === 'show') return answer(0, lines(fake.shown));
    done.push([verb, ...rest].join(' '));
    if (verb === 'enable') fake.shown['UnitFileState'] = 'enabled';
    if (verb === 'disable') fake.shown['UnitFileState'] = 'disabled';
    if (verb === 'stop')
      Object.assign(fake.shown, { MainPID: '0', ActiveState: 'inactive', SubState: 'dead' });
    if (verb === 'start' || verb === 'restart')
      Object.assign(fake.shown, { MainPID: '77', ActiveState: 'active', SubState: 'running' });
    return answer(0);
  }

  const manager = createSystemd({
    label,
    home: join(userHome, '.mcp-watchdog'),
    userHome,
    // Of nobody here: whether a real user lingers is asked of the machine.
    uid: 4242,
    env: { PATH: tools, XDG_RUNTIME_DIR: '/run/user/4242' },
    clock: new FakeClock(),
    run(argv) {
      calls.push(argv);
      const start = argv.indexOf('--no-pager') + 1;
      if (argv.includes('systemctl')) return Promise.resolve(systemctl(argv.slice(start)));
      return Promise.resolve(answer(fake.journal === '' ? 1 : 0, fake.journal));
    },
  });
  const fake: FakeSystemd = {
    manager,
    done,
    calls,
    file: join(userHome, '.config/systemd/user', `${label ?? 'mcp-watchdog'}.service`),
    plan: {
      node: '/usr/bin/node',
      program: '/opt/app/dist/cli.js',
      home: join(userHome, '.mcp-watchdog'),
      path: ['/usr/bin', '/bin'],
      userHome,
    },
    shown: {
      LoadState: 'not-found',
      ActiveState: 'inactive',
      SubState: 'dead',
      MainPID: '0',
      Result: 'success',
    },
    refusals: {},
    journal: '',
  };
  return fake;
}

const answer = (code: number, stdout = '', stderr = ''): ToolResult => ({
  code,
  stdout,
  stderr,
  spawnError: null,
});
const lines = (shown: Readonly<Record<string, string>>): string =>
  Object.entries(shown)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const BRING_UP = ['daemon-reload', `enable ${UNIT}`, `reset-failed ${UNIT}`];

describe('install()', () => {
  test('writes the unit, lets it start at login, and starts it', async () => {
    const { manager, plan, file, done } = fakeSystemd();
    expect(manager.file).toBe(file);
    expect(manager.read()).toBeNull();
    expect(await manager.install(plan)).toBe('installed');
    expect(done).toEqual([...BRING_UP, `restart ${UNIT}`]);
    expect(manager.read()).toBe(manager.render(plan));
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  test('does nothing when all is as it should be', async () => {
    const { manager, plan, done } = fakeSystemd();
    await manager.install(plan);
    const before = done.length;
    expect(await manager.install(plan)).toBe('unchanged');
    expect(done).toHaveLength(before);
  });

  test.each([
    ['starts what is down', { MainPID: '0' }, 'start'],
    ['enables what is not', { UnitFileState: 'disabled' }, 'start'],
  ])('%s, without replacing what runs', async (_what, shown, verb) => {
    const fake = fakeSystemd();
    await fake.manager.install(fake.plan);
    Object.assign(fake.shown, shown);
    expect(await fake.manager.install(fake.plan)).toBe('installed');
    expect(fake.done.slice(-4)).toEqual([...BRING_UP, `${verb} ${UNIT}`]);
  });

  test('replaces what runs when its unit changed, or by force', async () => {
    const { manager, plan, done } = fakeSystemd();
    await manager.install(plan);
    await manager.install({ ...plan, node: '/opt/node/bin/node' });
    expect(done.at(-1)).toBe(`restart ${UNIT}`);
    expect(manager.read()).toContain('ExecStart=/opt/node/bin/node ');
    await manager.install({ ...plan, node: '/opt/node/bin/node' }, { force: true });
    expect(done.at(-1)).toBe(`restart ${UNIT}`);
    expect(done).toHaveLength(12);
  });

  test('leaves nothing behind where systemd cannot be reached', async () => {
    const { manager, plan, refusals } = fakeSystemd();
    refusals['*'] = 'Failed to connect to bus: No medium found\n';
    await expect(manager.install(plan)).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message:
        'Cannot install the service: the systemd of this user does not run, or cannot be reached from here',
      hint: expect.stringContaining('loginctl enable-linger'),
    });
    expect(manager.read()).toBeNull();
    expect(await manager.state()).toMatchObject({ isInstalled: false, isLoaded: false, detail: null });
  });

  test('has nobody make way for what cannot come', async () => {
    const { manager, plan, refusals, done } = fakeSystemd();
    const ways: number[] = [];
    const makeWay = (): Promise<void> => Promise.resolve(void ways.push(done.length));
    refusals['*'] = 'Failed to connect to bus: No medium found\n';
    await expect(manager.install(plan, { beforeChange: makeWay })).rejects.toThrow(
      'does not run, or cannot be reached',
    );
    expect(ways).toEqual([]);
    delete refusals['*'];
    await manager.install(plan, { beforeChange: makeWay });
    expect(ways).toEqual([0]);
  });

  test('does not undo a mask', async () => {
    const { manager, plan, file, done } = fakeSystemd();
    mkdirSync(join(file, '..'), { recursive: true });
    symlinkSync('/dev/null', file);
    await expect(manager.install(plan)).rejects.toMatchObject({
      message: 'Cannot install the service: the unit is masked',
      hint: `Allow it again: systemctl --user unmask ${UNIT}`,
    });
    expect(done).toEqual([]);
  });

  test('takes another name, and refuses what is none', async () => {
    const { manager, plan, file } = fakeSystemd('second');
    await manager.install(plan);
    expect(readFileSync(file, 'utf8')).toContain('systemctl --user edit second.service');
    for (const label of ['../x', '-rf', 'a b', '']) {
      expect(() => fakeSystemd(label)).toThrow(`Cannot name the service "${label}"`);
    }
  });
});

describe('start()', () => {
  test('says what became of it: result, last error and cure', async () => {
    const fake = fakeSystemd();
    fake.refusals['start'] = `Job for ${UNIT} failed because the control process exited with error code.\n`;
    Object.assign(fake.shown, { Result: 'exit-code', ExecMainStatus: '1' });
    fake.journal =
      '{"level":30}\nerror: Cannot listen on 127.0.0.1:9638: it is in use\nhint: Stop pid 7\n{"x":1}\n';
    await expect(fake.manager.start()).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message:
        'Cannot start the service: it ended with exit code 1: Cannot listen on 127.0.0.1:9638: it is in use',
      hint: `Stop pid 7. systemd keeps retrying; see journalctl --user -u ${UNIT}`,
    });
  });

  test.each([
    ['timeout', '0', 'it was not ready, or not down, in time'],
    [
      'exit-code',
      '203',
      'it ended with exit code 203 (node was moved or removed: run mcp-watchdog install again)',
    ],
    ['watchdog', '9', 'it sent no watchdog signal in time'],
    ['protocol', '0', 'it ended before it reported ready'],
    ['something-new', '0', 'it ended with result something-new'],
  ])('knows the result %s %s', async (result, status, words) => {
    const fake = fakeSystemd();
    fake.refusals['start'] = `Job for ${UNIT} failed.\n`;
    Object.assign(fake.shown, { Result: result, ExecMainStatus: status });
    await expect(fake.manager.start()).rejects.toThrow(`Cannot start the service: ${words}`);
  });

  test.each([
    [`Failed to start ${UNIT}: Unit ${UNIT} is masked.`, 'the unit is masked', 'unmask'],
    [
      `Failed to start ${UNIT}: Unit ${UNIT} not found.`,
      'systemd does not know the unit',
      'mcp-watchdog install',
    ],
    [
      `/usr/bin/env: 'systemctl': No such file or directory`,
      'this machine has no systemctl',
      'mcp-watchdog start',
    ],
    [
      'Failed to connect to bus: No such file or directory',
      'the systemd of this user does not run',
      'enable-linger',
    ],
    ['Access denied', 'Access denied', 'systemctl --user status'],
  ])('explains %j', async (words, reason, cure) => {
    const { manager, refusals } = fakeSystemd();
    refusals['start'] = words;
    await expect(manager.start()).rejects.toMatchObject({
      message: expect.stringContaining(`Cannot start the service: ${reason}`),
      hint: expect.stringContaining(cure),
    });
  });
});

test('restart() and stop() are systemctl’s, and nobody is told that it failed too often before', async () => {
  const { manager, done } = fakeSystemd();
  await manager.restart();
  await manager.stop();
  expect(done).toEqual([`reset-failed ${UNIT}`, `restart ${UNIT}`, `stop ${UNIT}`]);
});

describe('state()', () => {
  test('says what systemd says', async () => {
    const fake = fakeSystemd();
    await fake.manager.install(fake.plan);
    Object.assign(fake.shown, { LoadState: 'loaded', StatusText: '3 of 4 healthy', NeedDaemonReload: 'yes' });
    expect(await fake.manager.state()).toEqual({
      isInstalled: true,
      isLoaded: true,
      isEnabled: true,
      pid: 77,
      detail: 'active (running): 3 of 4 healthy; its file changed: systemctl --user daemon-reload',
    });
  });

  test.each([
    [
      { ActiveState: 'failed', SubState: 'failed', Result: 'signal', ExecMainStatus: '9' },
      'failed (failed): it was ended by signal 9',
    ],
    [
      { ActiveState: 'activating', SubState: 'auto-restart', Result: 'exit-code', ExecMainStatus: '73' },
      'activating (auto-restart): it ended with exit code 73 (the home cannot be used)',
    ],
    [{ LoadState: 'masked' }, 'masked'],
    // What went wrong earlier is of no interest once it runs.
    [{ ActiveState: 'active', SubState: 'running', Result: 'watchdog' }, 'active (running)'],
  ])('puts %o into words', async (shown, detail) => {
    const fake = fakeSystemd();
    await fake.manager.install(fake.plan);
    Object.assign(fake.shown, shown);
    expect(await fake.manager.state()).toMatchObject({ detail });
  });
});

describe('uninstall()', () => {
  test('stops it, forgets it and removes the file; a second time there is nothing to do', async () => {
    const fake = fakeSystemd();
    await fake.manager.install(fake.plan);
    const before = fake.done.length;
    expect(await fake.manager.uninstall()).toBe(true);
    expect(fake.done.slice(before)).toEqual([
      `stop ${UNIT}`,
      `disable ${UNIT}`,
      'daemon-reload',
      `reset-failed ${UNIT}`,
    ]);
    expect(fake.manager.read()).toBeNull();
    expect(await fake.manager.uninstall()).toBe(false);
  });
});

test.each([
  ['who has no XDG_RUNTIME_DIR is given the one of the user', undefined],
  ['an XDG_RUNTIME_DIR that is there is left alone', '/run/other'],
])('messages come in English; %s', async (_what, folder) => {
  const calls: (readonly string[])[] = [];
  const uid = process.getuid?.() ?? 0;
  const manager = createSystemd({
    label: null,
    home: '/h',
    userHome: '/u',
    uid,
    env: folder === undefined ? {} : { XDG_RUNTIME_DIR: folder },
    clock: new FakeClock(),
    run: (argv) => (calls.push(argv), Promise.resolve(answer(0))),
  });
  await manager.stop();
  const isGiven = folder === undefined && existsSync(`/run/user/${uid}`);
  const environment = ['LC_ALL=C', ...(isGiven ? [`XDG_RUNTIME_DIR=/run/user/${uid}`] : [])];
  const command = ['systemctl', '--user', '--no-pager', 'stop', UNIT];
  expect(calls).toEqual([['/usr/bin/env', ...environment, ...command]]);
});
