// All doctor checks: one situation a row, with its finding.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import type { Check } from '../../../src/doctor/check.ts';
import { CHECKS } from '../../../src/doctor/checks/registry.ts';
import { config } from '../../../src/doctor/checks/config.ts';
import { daemon, gaps, guardian, scraped, servers } from '../../../src/doctor/checks/daemon.ts';
import { home } from '../../../src/doctor/checks/home.ts';
import { protectedFolders } from '../../../src/doctor/checks/macos.ts';
import { clock, descriptors, disk, init, logs } from '../../../src/doctor/checks/machine.ts';
import { END_OF_LIFE, node } from '../../../src/doctor/checks/node.ts';
import { notifications, rules } from '../../../src/doctor/checks/delivery.ts';
import { npm, uv } from '../../../src/doctor/checks/package-managers.ts';
import { orphans } from '../../../src/doctor/checks/orphans.ts';
import { ports } from '../../../src/doctor/checks/ports.ts';
import { release } from '../../../src/doctor/checks/release.ts';
import { service } from '../../../src/doctor/checks/service.ts';
import type { DoctorContext } from '../../../src/doctor/context.ts';
import type { Orphan } from '../../../src/orphans/find-orphans.ts';
import { requireThat } from '../../fakes/require-program.ts';
import { DOWN, serverStatus } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import { canMount, mountTinyDisk } from '../../fakes/tiny-disk.ts';
import {
  healthy,
  loaded,
  MACHINE,
  NOW,
  refused,
  running,
  serviceOf,
  UNIT,
  unread,
  worst,
} from '../context.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const none = () => Promise.resolve({ kind: 'none' } as const);
const answer = (change: object) => () =>
  Promise.resolve({ code: 0, stdout: '', stderr: '', spawnError: null, ...change });

test('a healthy installation has nothing to tell', async () => {
  const context = healthy();
  const found = await Promise.all(CHECKS.map(async ({ id, run }) => [id, await run(context)] as const));
  for (const [id, findings] of found)
    expect({ id, status: worst(findings), cures: findings.map(({ cure }) => cure).filter(Boolean) }).toEqual({
      id,
      status: 'ok',
      cures: [],
    });
});

test('each check has a name of its own, and no sentence ends in a point', async () => {
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  const context = healthy({ daemon: none });
  for (const { run } of CHECKS)
    for (const { message } of await run(context)) expect(message).not.toMatch(/\.$|^[A-Z][a-z]+ .*\.$/u);
});

test('without a config the cure of a daemon that is down begins with one', async () => {
  const cureWith = async (change: Partial<DoctorContext>) =>
    (await daemon.run(healthy({ daemon: none, ...change })))[0]?.cure;
  expect(await cureWith({ config: unread('/no/such') })).toBe('mcp-watchdog init, then mcp-watchdog start');
  expect(await cureWith({ config: refused('x: 1') })).toBe('mcp-watchdog start');
});

function zombiesOfInit(count: number): DoctorContext['processes'] {
  const zombie = { ppid: 1, pgid: 9, state: 'zombie', startToken: '1' } as const;
  const unknown = { residentBytes: null, cpuSeconds: null, threads: null };
  return () =>
    Promise.resolve(
      Array.from({ length: count }, (_, index) => ({ ...zombie, ...unknown, pid: 10 + index })),
    );
}

type Row = [what: string, check: Check, change: Partial<DoctorContext>, status: string, words: RegExp];

const orphan = (isCertain: boolean): Orphan => ({
  pid: 1,
  startToken: '',
  pgid: 1,
  name: '',
  server: null,
  command: '',
  age: 1,
  residentBytes: 1024 ** 3,
  members: [],
  ownsGroup: true,
  isCertain,
  because: [],
});

const rows: Row[] = [
  ['an old Node', node, { node: { path: '/n', version: '20.18.1' } }, 'problem', /older than 20\.19/],
  [
    'a Node without fixes',
    node,
    { node: { path: '/n', version: '20.19.0' }, now: Date.UTC(2026, 4, 1) },
    'warning',
    /no security fixes since 2026-04-30/,
  ],
  [
    'a Node on its last day',
    node,
    { node: { path: '/n', version: '20.19.0' }, now: Date.UTC(2026, 3, 30, 12) },
    'warning',
    /until 2026-04-30/,
  ],
  [
    'a Node with a year to go',
    node,
    { node: { path: '/n', version: '22.9.0' }, now: Date.UTC(2026, 4, 1) },
    'ok',
    /until 2027-04-30/,
  ],
  ['an odd Node', node, { node: { path: '/n', version: '25.1.0' } }, 'warning', /few months/],
  ['a Node newer than our table', node, { node: { path: '/n', version: '98.0.0' } }, 'ok', /98/],
  [
    'a config that is not there',
    config,
    { config: refused('servers: {a: {}}') },
    'problem',
    /neither package, command nor url/,
  ],
  ['several faults', config, { config: refused('servers: {a: {}, b: {}}\nx: 1') }, 'problem', /and 2 more/],
  ['no servers', config, { config: refused('servers: {}') }, 'warning', /has no servers/],
  [
    'an npx in the config',
    config,
    { config: refused('servers: {a: {command: [npx, -y, p]}}') },
    'warning',
    /twice the memory/,
  ],
  ['a daemon that is down', daemon, { daemon: none }, 'problem', /not running/],
  [
    'a daemon that is silent',
    daemon,
    { daemon: () => Promise.resolve({ kind: 'silent', reason: 'it did not answer' }) },
    'problem',
    /did not answer/,
  ],
  ['a slow daemon', daemon, { daemon: running({}, { took: 1500 }) }, 'warning', /1\.5 s to answer/],
  ['a daemon of another release', daemon, { version: '0.2.0' }, 'warning', /runs release 0\.1\.0/],
  [
    'a daemon with an old config',
    daemon,
    { daemon: running({ config: { path: '', ok: false, error: 'x', loadedAt: 1 } }) },
    'warning',
    /rejected the current config/,
  ],
  [
    'a daemon that stands still',
    daemon,
    { daemon: running({ lastTickAt: NOW - 20 * MINUTE }) },
    'problem',
    /20 min/,
  ],
  [
    'a state that cannot be written',
    daemon,
    { daemon: running({ lastPersistFailureAt: NOW - MINUTE }) },
    'problem',
    /could not write its state/,
  ],
  [
    'a disk that refuses the state now',
    daemon,
    { daemon: running({ unsaved: { since: NOW - 5 * MINUTE, reason: 'EROFS: read-only file system' } }) },
    'problem',
    /save its state for 5 min: EROFS/,
  ],
  [
    'a gateway whose port is taken',
    daemon,
    {
      daemon: running({
        gateway: { url: null, troubles: [{ message: 'the port is taken', hint: 'End it' }] },
      }),
    },
    'warning',
    /gateway lacks a part: the port is taken/,
  ],
  [
    'a sick server',
    servers,
    { daemon: running({}, { servers: [serverStatus({ health: DOWN })] }) },
    'warning',
    /context7/,
  ],
  ['no daemon to ask about servers', servers, { daemon: none }, 'unknown', /no daemon/],
  ['no guardian', guardian, { processes: () => Promise.resolve([]) }, 'problem', /not running/],
  [
    'another child than the guardian',
    guardian,
    { commandOf: () => Promise.resolve('node server.js') },
    'problem',
    /not running/,
  ],
  [
    'nobody scrapes',
    scraped,
    { daemon: running({ lastScrapeAt: NOW - 6 * MINUTE }) },
    'warning',
    /for 6 min/,
  ],
  [
    'nobody has ever scraped',
    scraped,
    { daemon: running({ lastScrapeAt: null }) },
    'warning',
    /since the daemon started/,
  ],
  [
    'it is too early for a scrape',
    scraped,
    { daemon: running({ lastScrapeAt: null, startedAt: NOW - MINUTE }) },
    'ok',
    /just started/,
  ],
  [
    'a blocked daemon',
    gaps,
    { journal: () => Promise.resolve([{ at: NOW - 1, kind: 'gap', cause: 'blocked', duration: 30_000 }]) },
    'warning',
    /blocked once in a day, for 30 s/,
  ],
  [
    'a blocked daemon, long ago',
    gaps,
    { journal: () => Promise.resolve([{ at: NOW - 2 * DAY, kind: 'gap', cause: 'blocked', duration: 1 }]) },
    'ok',
    /no blocked daemon/,
  ],
  [
    'a machine that slept',
    gaps,
    { journal: () => Promise.resolve([{ at: NOW - 1, kind: 'gap', cause: 'sleep', duration: 7_200_000 }]) },
    'ok',
    /slept once in a day, for 2 h/,
  ],
  ['a clock without a battery', clock, { now: 1000 }, 'problem', /year is 1970/],
  [
    'a clock that was set',
    clock,
    { journal: () => Promise.resolve([{ at: NOW - 1, kind: 'gap', cause: 'clock-step', duration: 30_000 }]) },
    'warning',
    /was set once/,
  ],
  [
    'a journal from the future',
    clock,
    { journal: () => Promise.resolve([{ at: NOW + DAY, kind: 'ticked' }]) },
    'warning',
    /future/,
  ],
  ['a clock without NTP', clock, { run: answer({ stdout: 'no\n' }) }, 'warning', /not synchronised/],
  [
    'a system that does not tell about NTP',
    clock,
    { run: answer({ code: null, spawnError: 'ENOENT' }) },
    'ok',
    /2026/,
  ],
  ['little space', disk, { freeSpace: () => Promise.resolve(500 * 1024 ** 2) }, 'warning', /500 MiB free/],
  ['no space', disk, { freeSpace: () => Promise.resolve(50 * 1024 ** 2) }, 'problem', /50 MiB free/],
  [
    'few descriptors',
    descriptors,
    { platform: 'darwin', run: answer({ stdout: '\tmaxfiles    256            512\n' }) },
    'warning',
    /512/,
  ],
  [
    'descriptors without end',
    descriptors,
    { platform: 'darwin', run: answer({ stdout: '\tmaxfiles    256            unlimited\n' }) },
    'ok',
    /no limit/,
  ],
  [
    'descriptors that nobody tells',
    descriptors,
    { platform: 'darwin', run: answer({ code: 1 }) },
    'unknown',
    /is unknown/,
  ],
  [
    'a watchdog that is process 1',
    init,
    { daemon: running({ pid: 1 }), commandOf: () => Promise.resolve('/usr/bin/node /app/cli.js run') },
    'warning',
    /the watchdog itself is process 1, which does not reap/,
  ],
  [
    'npm as process 1, and its zombies',
    init,
    { commandOf: () => Promise.resolve('npm start  '), processes: zombiesOfInit(3) },
    'warning',
    /process 1 is npm, .*; 3 zombies now/,
  ],
  [
    'zombies by the hundred',
    init,
    { commandOf: () => Promise.resolve('/opt/launcher'), processes: zombiesOfInit(200) },
    'problem',
    /launcher does not reap orphans; 200 zombies now/,
  ],
  ['a real init', init, { commandOf: () => Promise.resolve('/sbin/init splash') }, 'ok', /init reaps/],
  [
    'no npm',
    npm,
    {
      node: { path: '/nowhere/bin/node', version: '24.0.0' },
      env: { PATH: '' },
      config: refused('servers: {a: {package: p}}'),
    },
    'problem',
    /not found/,
  ],
  [
    'no npm, and no package',
    npm,
    { node: { path: '/nowhere/bin/node', version: '24.0.0' }, env: { PATH: '' } },
    'ok',
    /not needed/,
  ],
  [
    'an npm that does not run',
    npm,
    { run: answer({ code: 1, stderr: 'x\nCannot find module y\n' }) },
    'problem',
    /Cannot find module y/,
  ],
  [
    'an old uv',
    uv,
    {
      env: { PATH: process.env['PATH'], HOME: '/nowhere' },
      config: refused('servers: {a: {package: "pypi:p"}}'),
      run: answer({ stdout: 'uv 0.9.0\n' }),
    },
    'problem',
    /older than 0\.10\.8|not found/,
  ],
  ['an old npm', npm, { run: answer({ stdout: '9.8.1\n' }) }, 'warning', /older than 10/],
  [
    'a newer release',
    release,
    { newerRelease: () => Promise.resolve({ kind: 'newer', version: '0.2.0' }) },
    'warning',
    /^0\.2\.0 is available, this is 0\.1\.0$/,
  ],
  [
    'a registry that does not tell of releases',
    release,
    { newerRelease: () => Promise.resolve({ kind: 'unknown', reason: 'offline' }) },
    'ok',
    /no check for a newer release: offline/,
  ],
  ['the newest release', release, {}, 'ok', /the newest/],
  [
    'orphans',
    orphans,
    { orphans: () => Promise.resolve([orphan(true), orphan(false)]) },
    'warning',
    /1 MCP server with 1 GiB without an owner/,
  ],
  [
    'what may be on purpose',
    orphans,
    { orphans: () => Promise.resolve([orphan(false)]) },
    'ok',
    /possibly intended/,
  ],
  [
    'a stranger on our port',
    ports,
    { whoListens: () => Promise.resolve({ pid: 7, command: 'nc -l' }) },
    'problem',
    /9638 of \/metrics is held by pid 7 \(nc -l\)/,
  ],
  [
    'another user on our port',
    ports,
    { whoListens: () => Promise.resolve({ pid: null, command: null }) },
    'problem',
    /another user/,
  ],
  [
    'our own daemon on our port',
    ports,
    { whoListens: () => Promise.resolve({ pid: 4000, command: 'node' }) },
    'ok',
    /9638/,
  ],
  [
    'a server of ours on its port',
    ports,
    { whoListens: () => Promise.resolve({ pid: 4001, command: 'node' }) },
    'ok',
    /9638/,
  ],
  [
    'a port that two want',
    ports,
    {
      config: refused(
        'servers: {a: {command: [x], url: "http://127.0.0.1:80/"}, b: {command: [x], url: "http://localhost/"}}',
      ),
    },
    'problem',
    /b uses port 80, which a uses too/,
  ],
  [
    'a server that is only watched',
    ports,
    {
      config: refused('metrics: {listen: "127.0.0.1:0"}\nservers: {a: {url: "http://127.0.0.1:80/"}}'),
      whoListens: () => Promise.resolve({ pid: 7, command: 'x' }),
    },
    'ok',
    /no fixed ports/,
  ],
  ['ports with an invalid config', ports, { config: refused('x: 1') }, 'unknown', /config is invalid/],
  ['ports without a config', ports, { config: unread('/no/such') }, 'unknown', /^there is no config$/],
  [
    'ports with a config that is a folder',
    ports,
    { config: unread('/') },
    'unknown',
    /^the config cannot be read$/,
  ],
  [
    'channels without a config',
    notifications,
    { config: unread('/no/such') },
    'unknown',
    /^there is no config$/,
  ],
  [
    'a desktop that cannot be reached',
    notifications,
    {
      channels: () =>
        Promise.resolve([
          { kind: 'desktop', to: 'notify-send', ok: false, reason: 'no session', cure: 'log in' },
        ]),
    },
    'warning',
    /desktop: no session/,
  ],
  [
    'a channel that failed last',
    notifications,
    {
      channels: () => Promise.resolve([{ kind: 'webhook', to: 'h', ok: true, reason: null, cure: null }]),
      daemon: running({ deafChannels: { webhook: '500' } }),
    },
    'warning',
    /the last notification failed: 500/,
  ],
  [
    'a rule that fails',
    rules,
    {
      daemon: running({
        failingRules: [{ file: 'own.yml', group: 'own', rule: 'Slow', error: 'Two results' }],
      }),
    },
    'warning',
    /own\.yml, group own: Slow fails: Two results/,
  ],
  ['rules that work', rules, { daemon: running({}) }, 'ok', /all of them/],
  ['no service', service, { service: null }, 'unknown', /no supported service manager/],
];

test.each(rows)('%s', async (_, { run }, change, status, words) => {
  const findings = await run(healthy(change));
  expect(worst(findings)).toBe(status);
  const told = findings.find((finding) => finding.status === status)!;
  expect(told.message).toMatch(words);
  if (status === 'problem' || status === 'warning') expect(told.cure?.length).toBeGreaterThan(5);
});

it('ends each line of Node after the one before', () => {
  const ends = Object.values(END_OF_LIFE).map(Date.parse);
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
});

describe('the service', () => {
  type ServiceRow = [what: string, Parameters<typeof serviceOf>, Partial<DoctorContext>, string, RegExp];
  const gone = (path: string) => ({
    machine: {
      ...MACHINE,
      isExecutable: (asked: string) => asked !== path,
      isFile: (asked: string) => asked !== path,
    },
  });

  test.each<ServiceRow>([
    ['is not installed', [{ read: () => null }], {}, 'warning', /not installed/],
    [
      'cannot be installed here',
      [{ read: () => null }],
      { machine: { ...MACHINE, isFolder: (path) => path !== '/run/systemd/system' } },
      'unknown',
      /systemd does not run here/,
    ],
    ['is that of another home', [{}, {}, '/other'], {}, 'ok', /another home: \/other/],
    [
      'starts a node that is gone',
      [],
      gone('/usr/bin/node'),
      'problem',
      /\/usr\/bin\/node, which no longer exists/,
    ],
    [
      'starts a program that is gone',
      [],
      gone('/opt/mcp watchdog/dist/cli.js'),
      'problem',
      /cli\.js, which no longer exists/,
    ],
    [
      'starts a node that does not run',
      [],
      { machine: { ...MACHINE, nodeVersion: () => null } },
      'problem',
      /does not run/,
    ],
    [
      'starts a node that is too old',
      [],
      { machine: { ...MACHINE, nodeVersion: () => '18.1.0' } },
      'problem',
      /18\.1\.0 is too old/,
    ],
    ['starts nothing', [{ read: () => '[Service]\n' }], {}, 'problem', /has no command to start/],
    [
      'is stale',
      [{ render: () => `${UNIT}# more\n` }],
      {},
      'warning',
      /differs from what install would write now/,
    ],
    ['is not enabled', [{}, { isEnabled: false }], {}, 'warning', /does not start at login/],
    [
      'is not loaded',
      [{}, { isLoaded: false, detail: 'no such unit' }],
      {},
      'warning',
      /has not loaded it \(no such unit\)/,
    ],
    ['is fine and does not run', [{}, { pid: null }], {}, 'ok', /not running/],
  ])('%s', async (_, given, change, status, words) => {
    const context = healthy(change);
    const [finding] = await service.run({ ...context, service: serviceOf(...given)(context) });
    expect(finding).toMatchObject({ status, message: expect.stringMatching(words) });
  });

  it('of launchd is read as well', async () => {
    const { serviceCommand } = await import('../../../src/doctor/service-file.ts');
    const { renderPlist } = await import('../../../src/service/launchd/plist.ts');
    const argv = ['/n & m/node', '/p/cli.js', 'run'];
    expect(serviceCommand('launchd', renderPlist({ Label: 'x', ProgramArguments: argv }))).toEqual(argv);
    expect(serviceCommand('launchd', 'nonsense')).toBeNull();
    const { renderUnit } = await import('../../../src/service/systemd/unit-file.ts');
    const plan = { node: '/n %m/node', program: '/p $x/"c"li.js', home: '/h', path: [], userHome: '/u' };
    expect(serviceCommand('systemd', renderUnit(plan, 'x.service'))).toEqual([
      plan.node,
      plan.program,
      'run',
    ]);
  });
});

describe('the home', () => {
  it('must be there', async () => {
    const context = healthy();
    rmSync(context.paths.home, { recursive: true });
    expect(await home.run(context)).toMatchObject([
      { status: 'problem', cure: 'mcp-watchdog init makes it' },
    ]);
  });

  it.each([
    [0o777, 'can change'],
    [0o755, 'can read'],
    [0o500, 'you cannot read and write'],
    [0o000, 'you cannot read and write'],
  ])('must be closed to others, and open to us: %i', async (mode, words) => {
    const context = healthy();
    chmodSync(context.paths.home, mode);
    expect(await home.run(context)).toMatchObject([
      { status: 'problem', message: expect.stringContaining(words), cure: `chmod 700 ${context.paths.home}` },
    ]);
  });

  it('must be ours', async () => {
    const context = healthy();
    expect((await home.run({ ...context, uid: context.uid + 1 }))[0]).toMatchObject({
      status: 'problem',
      message: expect.stringContaining('belongs to user'),
    });
  });

  it('must hold no open file', async () => {
    const context = healthy();
    const log = join(context.paths.serverLogs, 'a b.log');
    writeFileSync(log, '');
    chmodSync(log, 0o644);
    expect(await home.run(context)).toEqual([
      { status: 'warning', message: `others can access ${log}`, cure: `chmod 600 '${log}'` },
    ]);
  });

  it('may have a long path', async () => {
    const context = healthy();
    const long = join(context.paths.home, 'x'.repeat(100));
    mkdirSync(long, { mode: 0o700 });
    const { resolvePaths } = await import('../../../src/system/files/paths.ts');
    expect((await home.run({ ...context, paths: resolvePaths(long) })).at(-1)?.message).toContain(
      'too long for a socket',
    );
  });

  it('tells of the socket of a daemon that is gone, and of who holds the home', async () => {
    const context = healthy({ daemon: none });
    const server = createServer().listen(context.paths.socket);
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    expect(await daemon.run(context)).toMatchObject([
      { status: 'problem' },
      { message: expect.stringContaining('is left over from a daemon that has ended') },
    ]);
    const { acquireLock } = await import('../../../src/control/lock.ts');
    const lock = acquireLock(join(context.paths.run, 'lock'));
    expect(await daemon.run(context)).toMatchObject([
      { message: `pid ${process.pid} holds the home lock but does not answer` },
    ]);
    if (lock.held) lock.release();
  });
});

describe('a home that is not there', () => {
  it('can be made, or says where it cannot', async () => {
    const { resolvePaths } = await import('../../../src/system/files/paths.ts');
    const { home: folder } = missingHome();
    mkdirSync(folder, { recursive: true });
    const missing = resolvePaths(join(folder, 'a', 'b'));
    expect(await home.run(healthy({ paths: missing }))).toMatchObject([
      { message: `${missing.home} does not exist`, cure: 'mcp-watchdog init makes it' },
    ]);
    const asked: string[] = [];
    const freeSpace = (path: string) => Promise.resolve(asked.push(path) * 1024 ** 4);
    expect(await disk.run(healthy({ paths: missing, freeSpace }))).toMatchObject([{ status: 'ok' }]);
    expect(asked).toEqual([folder]);
    // Nobody makes a folder in a file, root neither.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await home.run(healthy({ paths: resolvePaths(join(file, 'home')) }))).toMatchObject([
      {
        message: `${join(file, 'home')} does not exist, and you cannot make it in ${file}`,
        cure: 'choose another home with --home DIR',
      },
    ]);
  });
});

describe.skipIf(!requireThat('the right to mount', canMount()))('a disk that takes no writes', () => {
  test.each([
    ['remount,ro', 'EROFS', 'remount it'],
    ['remount,nr_inodes=1', 'ENOSPC', 'free space'],
  ])('although there is space: %s', async (options, code, cure) => {
    const mounted = mountTinyDisk('1m');
    onTestFinished(() => mounted?.remove());
    const home = mounted?.folder ?? '';
    spawnSync('mount', ['-o', options, home]);
    const { resolvePaths } = await import('../../../src/system/files/paths.ts');
    const [finding] = await disk.run(healthy({ paths: resolvePaths(home) }));
    expect(finding?.message).toContain(code);
    expect(finding?.cure).toContain(cure);
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('folders that macOS protects', () => {
  const onMac = (text: string) =>
    healthy({ platform: 'darwin', config: { kind: 'valid', loaded: loaded(text) } });

  it('mean nothing elsewhere', async () => {
    expect(await protectedFolders.run(healthy())).toEqual([]);
  });

  it.each([
    'servers: {a: {command: [x], cwd: /home/ada/Documents/x}}',
    'servers: {a: {command: [x, /home/ada/Desktop]}}',
    'servers: {a: {command: [x], args: [/Volumes/disk]}}',
    'servers: {a: {command: [x], args: [~/Downloads]}}',
  ])('are told with the name of the server: %s', async (text) => {
    const [finding] = await protectedFolders.run(onMac(text));
    expect(finding).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/^a uses /u),
      cure: expect.stringContaining('Full Disk Access'),
    });
  });

  it('are none of /home/ada/Documents2', async () => {
    expect(
      await protectedFolders.run(onMac('servers: {a: {command: [x, /home/ada/Documents2]}}')),
    ).toMatchObject([{ status: 'ok' }]);
  });
});

it('tells of a log that is a link, which is not followed', async () => {
  const context = healthy();
  symlinkSync(join(context.paths.home, 'elsewhere'), context.paths.watchdogLog);
  expect(await logs.run(context)).toMatchObject([
    {
      status: 'warning',
      message: `${context.paths.watchdogLog} is a symbolic link, so that nothing is written to it`,
    },
    { status: 'ok' },
  ]);
});

it('tells of logs that take much', async () => {
  const context = healthy();
  const log = join(context.paths.serverLogs, 'a.log');
  writeFileSync(log, '');
  // A hole takes no room, but has the size.
  truncateSync(log, 2 * 1024 ** 3);
  expect(await logs.run(context)).toMatchObject([
    { status: 'warning', message: 'logs and journal take 2 GiB' },
  ]);
});
