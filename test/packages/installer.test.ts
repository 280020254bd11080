import { existsSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createInstaller } from '../../src/packages/installer.ts';
import { createHome, packageSpec, WANTED } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { specOf } from '../fakes/spec.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import type { StaticRegistry } from '../fakes/static-registry.ts';

const NODE = process.execPath;
const SCRIPT = `require('fs').writeFileSync('built', '')`;
let registry: StaticRegistry;
let home: Home;

beforeAll(async () => {
  registry = await startRegistry([
    { name: 'some-mcp', version: '1.0.0', manifest: { bin: 'index.js', dependencies: { part: '^1' } } },
    { name: 'some-mcp', version: '1.1.0', manifest: { bin: 'index.js', dependencies: { part: '^1' } } },
    { name: 'some-mcp', version: '2.0.0', manifest: { bin: 'index.js' } },
    {
      name: '@scope/two-bins',
      version: '1.0.0',
      manifest: { bin: { 'two-bins': 'index.js', aid: 'aid.js' } },
      files: { 'aid.js': '#!/usr/bin/env -S node --no-warnings\n' },
    },
    {
      name: 'builds',
      version: '1.0.0',
      manifest: { bin: 'index.js', scripts: { postinstall: `node -e "${SCRIPT}"` } },
    },
    { name: 'part', version: '1.0.0' },
  ]);
});
afterAll(() => registry.close());
beforeEach(() => {
  home = createHome(registry.url);
});
afterEach(() => home.remove());

function program(name: string, version: string, file = 'index.js', server = 'some'): string {
  return join(home.servers, server, 'versions', version, 'node_modules', name, file);
}

function current(server = 'some'): string {
  return readlinkSync(join(home.servers, server, 'current'));
}

describe('a package that is not installed', () => {
  test('is installed once, whole, and can be run', async () => {
    const prepared = await home.prepare(packageSpec('some-mcp@latest'));
    const argv = [NODE, program('some-mcp', '2.0.0')];
    expect(prepared).toEqual({ ok: true, argv, package: 'some-mcp', version: '2.0.0', note: null });
    expect(home.versions()).toEqual(['2.0.0']);
    expect(current()).toBe('versions/2.0.0');
    expect(spawnSync(NODE, argv.slice(1), { encoding: 'utf8' }).stdout).toContain(
      'hello from a fixture package',
    );
  });

  test('brings its dependencies', async () => {
    await home.prepare(packageSpec('some-mcp@1.1.0'));
    expect(existsSync(program('part', '1.1.0'))).toBe(true);
  });

  test('is told of: line by line, and as an event', async () => {
    await home.prepare(packageSpec('some-mcp@^1.0.0'));
    expect(home.lines[0]).toBe('some: resolving some-mcp@^1.0.0');
    expect(home.lines.at(-1)).toMatch(/^some: installed some-mcp 1\.1\.0 in \d+\.\d s$/);
    const installed = { kind: 'installed', server: 'some', package: 'some-mcp', version: '1.1.0' };
    expect(home.news).toMatchObject([installed]);
    const [news] = home.news;
    expect(news?.kind === 'installed' && news.took > 0).toBe(true);
  });

  test('may have several programs, of which `bin` names one', async () => {
    const own = await home.prepare(packageSpec('@scope/two-bins@1'));
    expect(own).toMatchObject({ ok: true, argv: [NODE, program('@scope/two-bins', '1.0.0')] });
    const aid = await home.prepare(packageSpec('@scope/two-bins@1', { bin: 'aid' }));
    const argv = [NODE, '--no-warnings', program('@scope/two-bins', '1.0.0', 'aid.js')];
    expect(aid).toMatchObject({ ok: true, argv });
  });

  test('runs scripts of its own only where they are allowed', async () => {
    await home.prepare(packageSpec('builds@1.0.0', { name: 'without' }));
    await home.prepare(packageSpec('builds@1.0.0', { name: 'with', allowScripts: true }));
    expect(existsSync(program('builds', '1.0.0', 'built', 'without'))).toBe(false);
    expect(existsSync(program('builds', '1.0.0', 'built', 'with'))).toBe(true);
  });
});

describe('a version that is installed is used without asking the registry:', () => {
  test.each([
    ['the exact version', '1.0.0', '1.0.0', '1.0.0'],
    ['a range, though there is a newer one', '1.0.0', '^1.0.0', '1.0.0'],
    ['a tag, though it means a newer one', '1.0.0', 'latest', '1.0.0'],
  ])('%s', async (_what, before, wish, expected) => {
    await home.prepare(packageSpec(`some-mcp@${before}`));
    const asked = registry.requests.length;
    const prepared = await home.prepare(packageSpec(`some-mcp@${wish}`));
    expect(prepared).toMatchObject({ ok: true, version: expected, note: null });
    expect(registry.requests.length).toBe(asked);
    expect(home.news.map(({ kind }) => kind)).toEqual(['installed']);
  });

  test('also when it is not the current one, which it then becomes', async () => {
    await home.prepare(packageSpec('some-mcp@1.0.0'));
    await home.prepare(packageSpec('some-mcp@2.0.0'));
    expect(current()).toBe('versions/2.0.0');
    const asked = registry.requests.length;
    expect(await home.prepare(packageSpec('some-mcp@1.0.0'))).toMatchObject({ ok: true, version: '1.0.0' });
    expect(current()).toBe('versions/1.0.0');
    expect(home.versions()).toEqual(['1.0.0', '2.0.0']);
    expect(registry.requests.length).toBe(asked);
  });
});

describe('a version that is damaged or not this package', () => {
  test('is no reason to fail: the right one is installed beside it', async () => {
    await home.prepare(packageSpec('some-mcp@1.0.0'));
    rmSync(join(dirname(program('some-mcp', '1.0.0')), 'package.json'));
    const prepared = await home.prepare(packageSpec('some-mcp@1.0.0'));
    expect(prepared).toMatchObject({ ok: true, version: '1.0.0' });
    expect(home.versions()).toHaveLength(2);
    expect(await home.prepare(packageSpec('some-mcp@1.0.0'))).toEqual(prepared);
    await home.prepare(packageSpec('builds@1.0.0'));
    expect(await home.prepare(packageSpec('some-mcp@^1'))).toEqual(prepared);
  });
});

describe('what surrounds us does not change what is installed:', () => {
  test('the variables that an outer npm leaves to its scripts', async () => {
    const elsewhere = join(home.servers, '..', 'elsewhere');
    const environment = {
      ...home.environment,
      npm_config_global: 'true',
      npm_config_prefix: elsewhere,
      npm_config_local_prefix: elsewhere,
      npm_config_dry_run: 'true',
      npm_config_ignore_scripts: 'true',
      npm_config_workspaces: 'true',
      npm_command: 'start',
    };
    const prepared = await home.prepare(packageSpec('builds@1.0.0', { allowScripts: true }), { environment });
    expect(prepared).toMatchObject({ ok: true });
    expect(existsSync(program('builds', '1.0.0', 'built'))).toBe(true);
    expect(existsSync(elsewhere)).toBe(false);
  });

  test('the .npmrc of a project around the home', async () => {
    writeFileSync(join(home.servers, '..', 'package.json'), '{"workspaces":["servers/*/versions/*"]}');
    writeFileSync(
      join(home.servers, '..', '.npmrc'),
      'registry=http://127.0.0.1:1/\nomit=dev\ndry-run=true\n',
    );
    // HOME is another folder here: this file would be the user's own otherwise.
    const environment = { ...home.environment, HOME: '/nowhere' };
    expect(await home.prepare(packageSpec('some-mcp@2.0.0'), { environment })).toMatchObject({ ok: true });
  });

  test('but the ~/.npmrc of the user does', async () => {
    const { npm_config_registry: url, ...environment } = home.environment;
    writeFileSync(join(home.servers, '..', '.npmrc'), `registry=${url}\n`);
    expect(await home.prepare(packageSpec('some-mcp@2.0.0'), { environment })).toMatchObject({ ok: true });
  });
});

test('two servers at a time run npm, and a third waits', async () => {
  const lines: string[] = [];
  const { environment } = home;
  const installer = createInstaller({
    paths: home,
    environment,
    onProgress: (server, line) => void lines.push(`${server} ${line}`.replace(/ in [\d.]+ s$/, '')),
  });
  const names = ['a', 'b', 'c'];
  const all = names.map((name) => installer.prepare(packageSpec('some-mcp@2.0.0', { name }), WANTED));
  expect((await Promise.all(all)).map(({ ok }) => ok)).toEqual([true, true, true]);
  const steps = lines.filter((line) => /resolving|installed/.test(line));
  const kinds = steps.map((line) => line.replace(/^\S+ (\w+) .*$/, '$1'));
  expect(kinds.slice(0, 3)).toEqual(['resolving', 'resolving', 'installed']);
  expect(kinds.filter((kind) => kind === 'installed')).toHaveLength(3);
  expect(lines.filter((line) => line.endsWith('waiting for another npm to end'))).toHaveLength(1);
});

test('a server without a package is none of its business', async () => {
  await expect(home.prepare(specOf())).rejects.toThrow(TypeError);
});
