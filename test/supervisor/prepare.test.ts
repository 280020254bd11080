import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createMissingTimes,
  localAddresses,
  localPort,
  prepareServer,
} from '../../src/supervisor/prepare.ts';
import { childEnvironment } from '../../src/supervisor/environment.ts';
import { specOf } from '../fakes/spec.ts';
import { tempHome } from '../fakes/temp-home.ts';

describe('prepareServer()', () => {
  const parts = {
    home: '/',
    resolvePackage: () =>
      Promise.resolve({ ok: true as const, argv: ['node', 'bin.js'] as const, version: '1.2.3' }),
    whoListens: () => Promise.resolve(null),
    missingFor: createMissingTimes({ monotonic: () => 0 }),
  };

  test('puts the server’s own arguments behind those of its program', async () => {
    const spec = specOf({
      source: { kind: 'package', manager: 'npm', package: 'p', version: 'latest', bin: null },
      args: ['--port', '1'],
    });
    expect(await prepareServer(spec, new AbortController().signal, parts)).toEqual({
      ok: true,
      argv: ['node', 'bin.js', '--port', '1'],
      cwd: '/',
      version: '1.2.3',
    });
  });

  test('takes a program that stays missing for a minute as missing for good', async () => {
    let now = 0;
    const missingFor = createMissingTimes({ monotonic: () => now });
    const prepare = async (program: string) => {
      const spec = specOf({ name: 's', source: { kind: 'command', command: [program] } });
      const prepared = await prepareServer(spec, new AbortController().signal, { ...parts, missingFor });
      return prepared.ok ? 'found' : prepared.failure.retry;
    };
    expect(await prepare('no-such-program')).toBe('backoff');
    now = 59_999;
    expect(await prepare('no-such-program')).toBe('backoff');
    now = 60_000;
    expect(await prepare('no-such-program')).toBe('never');
    expect(await prepare('/bin/sh')).toBe('found');
    expect(await prepare('no-such-program')).toBe('backoff');
    // What only an edit of the config cures is not worth a second try.
    expect(await prepare('~/bin/srv')).toBe('never');
    expect(await prepare('/')).toBe('never');
  });

  test.each([
    ['/no/such', 'its folder /no/such does not exist', 'Create it, mount its volume, or set servers.s.cwd.'],
    ['/etc/passwd', 'its folder /etc/passwd is not a folder', 'Set servers.s.cwd to a folder.'],
    [
      '/etc/passwd/x',
      expect.stringMatching(
        /^Cannot start it: its folder \/etc\/passwd\/x (?:cannot be reached: ENOTDIR|does not exist)/u,
      ),
      expect.stringContaining('servers.s.cwd'),
    ],
  ])('names the folder %s, and the cure', async (cwd, why, hint) => {
    const spec = specOf({ name: 's', cwd, source: { kind: 'command', command: ['/bin/sh'] } });
    const message = typeof why === 'string' ? `Cannot start it: ${why}` : why;
    expect(await prepareServer(spec, new AbortController().signal, parts)).toMatchObject({
      ok: false,
      failure: { code: 'CWD_MISSING', message, hint },
    });
  });

  test.skipIf(process.getuid?.() === 0)('names a folder that may not be entered', async () => {
    const cwd = join(tempHome().home, 'closed');
    mkdirSync(cwd, { mode: 0o600 });
    const spec = specOf({ name: 's', cwd, source: { kind: 'command', command: ['/bin/sh'] } });
    expect(await prepareServer(spec, new AbortController().signal, parts)).toMatchObject({
      ok: false,
      failure: { code: 'CWD_MISSING', message: expect.stringContaining('cannot be reached: EACCES') },
    });
  });

  test('takes a folder that stays missing for a minute as missing for good, and always names what is awaited', async () => {
    let now = 0;
    const missingFor = createMissingTimes({ monotonic: () => now });
    const prepare = async (cwd: string, program = '/bin/sh') => {
      const spec = specOf({ name: 's', cwd, source: { kind: 'command', command: [program] } });
      const prepared = await prepareServer(spec, new AbortController().signal, { ...parts, missingFor });
      return prepared.ok ? 'found' : [prepared.failure.retry, prepared.failure.awaits ?? null];
    };
    expect(await prepare('/no/such/folder')).toEqual(['backoff', '/no/such/folder']);
    expect(await prepare('/', '/no/such/program')).toEqual(['backoff', '/no/such/program']);
    expect(await prepare('/', 'no/such/program')).toEqual(['backoff', '/no/such/program']);
    now = 60_000;
    expect(await prepare('/no/such/folder')).toEqual(['never', '/no/such/folder']);
    expect(await prepare('/', '/no/such/program')).toEqual(['never', '/no/such/program']);
    expect(await prepare('/')).toBe('found');
    // What is there is not awaited, else it would be tried each second.
    expect(await prepare('/etc/passwd')).toEqual(['never', null]);
    expect(await prepare('/', '/etc/passwd')).toEqual(['backoff', null]);
    expect(await prepare('/', 'no-such-program')).toEqual(['backoff', null]);
    // Which the system refuses to look at, as it does on a network drive without its server.
    expect(await prepare(`/${'x'.repeat(300)}`)).toEqual(['backoff', null]);
  });

  test('names a holder that the system does not let us see', async () => {
    const spec = specOf({
      source: { kind: 'command', command: ['/bin/sh'] },
      transport: 'http',
      url: 'http://localhost:8080/mcp',
    });
    const held = await prepareServer(spec, new AbortController().signal, {
      ...parts,
      whoListens: () => Promise.resolve({ pid: null, command: null }),
    });
    expect(held).toMatchObject({
      ok: false,
      failure: { code: 'PORT_IN_USE', message: expect.stringContaining('a process of another user') },
    });
  });
});

test.each([
  ['http://127.0.0.1:9640/mcp', 9640],
  ['http://localhost/mcp', 80],
  ['http://[::1]:7/mcp', 7],
  ['https://localhost/mcp', 443],
  ['https://mcp.example.com/mcp', null],
  [null, null],
])('localPort(%s) is %s', (url, port) => {
  expect(localPort(url)).toBe(port);
});

test.each([
  ['http://127.0.0.1:9640/mcp', ['127.0.0.1']],
  ['http://127.0.0.9:9640/mcp', ['127.0.0.9']],
  ['http://localhost/mcp', ['127.0.0.1', '::1']],
  ['http://[::1]:7/mcp', ['::1']],
  ['https://mcp.example.com/mcp', []],
  [null, []],
])('localAddresses(%s) are %j', (url, addresses) => {
  expect(localAddresses(url)).toEqual(addresses);
});

test('childEnvironment() hands on what programs need, never what is ours, and lets the config win', () => {
  const ours = {
    PATH: '/bin',
    HOME: '/h',
    LC_ALL: 'C',
    XDG_RUNTIME_DIR: '/r',
    AWS_SECRET_ACCESS_KEY: 'x',
    npm_config_registry: 'y',
    NODE_OPTIONS: '--inspect',
  };
  expect(childEnvironment(ours, { HOME: '/own', TOKEN: 't' })).toEqual({
    PATH: '/bin',
    HOME: '/own',
    LC_ALL: 'C',
    XDG_RUNTIME_DIR: '/r',
    TOKEN: 't',
  });
});

test('childEnvironment() puts the programs of a package first on the PATH, whoever set it', () => {
  expect(childEnvironment({ PATH: '/bin' }, {}, '/venv/bin')).toEqual({ PATH: '/venv/bin:/bin' });
  expect(childEnvironment({ PATH: '/bin' }, { PATH: '/own' }, '/venv/bin')).toEqual({
    PATH: '/venv/bin:/own',
  });
  expect(childEnvironment({}, {}, '/venv/bin')).toEqual({ PATH: '/venv/bin' });
});
