import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findExecutable, localAddresses, localPort, prepareServer } from '../../src/supervisor/prepare.ts';
import { childEnvironment } from '../../src/supervisor/environment.ts';
import { specOf } from '../fakes/spec.ts';
import { tempHome } from '../fakes/temp-home.ts';

describe('findExecutable()', () => {
  test('looks a bare name up in PATH, in its order, and skips what cannot be executed', () => {
    const { home, run, logs } = tempHome();
    writeFileSync(join(run, 'tool'), '#!/bin/sh\n', { mode: 0o644 });
    writeFileSync(join(logs, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    expect(findExecutable('tool', { path: `${run}:${logs}`, cwd: home })).toBe(join(logs, 'tool'));
    chmodSync(join(run, 'tool'), 0o755);
    expect(findExecutable('tool', { path: `${run}:${logs}`, cwd: home })).toBe(join(run, 'tool'));
  });

  test('takes a name with a slash as a path below the server’s folder, and no folder for a program', () => {
    const { home, logs } = tempHome();
    writeFileSync(join(logs, 'tool'), '', { mode: 0o755 });
    expect(findExecutable('./logs/tool', { path: '', cwd: home })).toBe(join(logs, 'tool'));
    expect(findExecutable('./logs', { path: '', cwd: home })).toBeNull();
  });
});

describe('prepareServer()', () => {
  const parts = {
    home: '/',
    resolvePackage: () =>
      Promise.resolve({ ok: true as const, argv: ['node', 'bin.js'] as const, version: '1.2.3' }),
    whoListens: () => Promise.resolve(null),
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
