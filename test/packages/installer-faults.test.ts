import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createInstaller } from '../../src/packages/installer.ts';
import { npmManager } from '../../src/packages/npm/npm-manager.ts';
import { openStore } from '../../src/packages/store.ts';
import { FakeClock } from '../fakes/clock.ts';
import { createHome, namesIn, packageSpec, WANTED } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { requireThat } from '../fakes/require-program.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import type { Lie, StaticRegistry } from '../fakes/static-registry.ts';
import { waitFor } from '../fakes/wait-for.ts';

const BIN = { bin: 'index.js' };
const PROMPT = { npm_config_fetch_timeout: '800' };
let registry: StaticRegistry;
let home: Home;

beforeAll(async () => {
  const one = (name: string, manifest: object = BIN) => ({
    name,
    version: '1.0.0',
    manifest: { ...manifest },
  });
  registry = await startRegistry([
    one('good'),
    { name: 'good', version: '2.0.0', manifest: BIN },
    ...['refused', 'troubled', 'silent', 'cut', 'changed', 'dropped', 'lost-tarball'].map((name) =>
      one(name),
    ),
    one('new-node', { ...BIN, engines: { node: '>=99' } }),
    one('needs-nothing-known', { ...BIN, dependencies: { nobody: '1' } }),
    one('no-bin', {}),
    one('two-bins', { bin: { one: 'index.js', two: 'package.json' } }),
    one('gone-bin', { bin: 'dist/gone.js' }),
    one('bad-script', { ...BIN, scripts: { postinstall: 'echo no compiler >&2; exit 3' } }),
    { ...one('big'), files: { 'big.txt': randomBytes(400_000).toString('base64') } },
  ]);
  const lies: [string, 'packument' | 'tarball', Lie][] = [
    ['refused', 'packument', 401],
    ['troubled', 'packument', 500],
    ['silent', 'packument', 'hang'],
    ['dropped', 'packument', 'drop'],
    ['cut', 'tarball', 'truncated'],
    ['changed', 'tarball', 'corrupt'],
    ['lost-tarball', 'tarball', 404],
  ];
  for (const [name, part, how] of lies) registry.lie(part, name, how);
});
afterAll(() => registry.close());
beforeEach(() => {
  home = createHome(registry.url);
});
afterEach(() => home.remove());

/** An address at which nobody answers. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const bound = server.address();
  await new Promise((closed) => void server.close(closed));
  return `http://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 1}/`;
}

describe('what cannot be installed is one clear failure, and leaves nothing:', () => {
  test.each([
    ['an unknown package', 'nobody@1', 'UNKNOWN_PACKAGE', 'knows no package "nobody"'],
    ['an unknown version', 'good@7.7.7', 'UNKNOWN_VERSION', 'no such version or tag'],
    ['an unknown tag', 'good@next', 'UNKNOWN_VERSION', 'no such version or tag'],
    ['a dependency that is not there', 'needs-nothing-known@1', 'INSTALL_FAILED', 'lacks something it needs'],
    ['a registry that refuses us', 'refused@1', 'INSTALL_FAILED', 'refuses us (E401)'],
    ['a registry in trouble', 'troubled@1', 'INSTALL_FAILED', 'is in trouble (E500'],
    ['a registry that never answers', 'silent@1', 'INSTALL_FAILED', 'does not answer in time'],
    ['a registry that hangs up', 'dropped@1', 'INSTALL_FAILED', 'the connection to the registry broke'],
    ['a download that breaks off', 'cut@1', 'INSTALL_FAILED', 'the connection to the registry broke'],
    [
      'a download with other bytes',
      'changed@1',
      'INSTALL_FAILED',
      'not what the registry promised (EINTEGRITY)',
    ],
    ['a download that is not there', 'lost-tarball@1', 'INSTALL_FAILED', 'lacks something it needs'],
  ])('%s', async (_what, wish, code, words) => {
    const environment = { ...home.environment, ...PROMPT };
    const prepared = await home.prepare(packageSpec(wish), { environment });
    expect(prepared).toMatchObject({ ok: false, failure: { code, retry: 'backoff' } });
    expect(prepared).toHaveProperty('failure.message', expect.stringContaining(`Cannot install ${wish}: `));
    expect(prepared).toHaveProperty('failure.message', expect.stringContaining(words));
    expect(home.versions()).toEqual([]);
    expect(namesIn(join(home.servers, 'some'))).toEqual(['versions']);
    expect(home.news).toEqual([]);
  });

  test.each([
    ['no program', 'no-bin@1', null, 'it has no program'],
    ['several programs', 'two-bins@1', null, 'it has several programs (one, two)'],
    ['no program of that name', 'two-bins@1', 'three', 'it has no program "three", only one, two'],
    ['a program that is missing', 'gone-bin@1', null, 'its program dist/gone.js is missing'],
  ])('%s', async (_what, wish, bin, words) => {
    const prepared = await home.prepare(packageSpec(wish, bin === null ? {} : { bin }));
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'BIN_UNRESOLVED', retry: 'never' } });
    expect(prepared).toHaveProperty('failure.message', expect.stringContaining(words));
    expect(home.versions()).toEqual([]);
  });

  test.each([
    ['a path for a version', 'good@file:../good', 'UNKNOWN_VERSION'],
    ['an option for a version', 'good@--global', 'UNKNOWN_VERSION'],
    ['an address for a name', 'https://example.com/x.tgz@1', 'UNKNOWN_PACKAGE'],
    ['a path for a name', '../good@1', 'UNKNOWN_PACKAGE'],
    ['an option for a name', '--global@1', 'UNKNOWN_PACKAGE'],
  ])('%s, before npm sees it', async (_what, wish, code) => {
    const asked = registry.requests.length;
    const prepared = await home.prepare(packageSpec(wish));
    expect(prepared).toMatchObject({ ok: false, failure: { code, retry: 'never' } });
    expect(registry.requests.length).toBe(asked);
    expect(home.lines).toEqual([]);
  });

  test('a script of its own that fails', async () => {
    const prepared = await home.prepare(packageSpec('bad-script@1', { allowScripts: true }));
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED' } });
    expect(prepared).toHaveProperty('failure.message', expect.stringContaining('no compiler'));
    expect(home.versions()).toEqual([]);
  });

  test('another node needed, though ~/.npmrc forces npm to accept it', async () => {
    writeFileSync(join(home.servers, '..', '.npmrc'), 'force=true\n');
    const prepared = await home.prepare(packageSpec('new-node@1.0.0'));
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'ENGINE_MISMATCH' } });
    expect(home.versions()).toEqual([]);
  });

  test('a home that is not a folder', async () => {
    writeFileSync(home.servers, '');
    const prepared = await home.prepare(packageSpec('good@1.0.0'));
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED' } });
    expect(prepared).toHaveProperty('failure.hint', expect.stringContaining(home.servers));
  });
});

describe('without a network', () => {
  let offline: { environment: Record<string, string> };
  beforeEach(async () => {
    offline = { environment: { ...home.environment, npm_config_registry: await deadAddress() } };
  });

  test('nothing installed is a failure that says so', async () => {
    const prepared = await home.prepare(packageSpec('good@latest'), offline);
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'OFFLINE', retry: 'backoff' } });
    expect(prepared).toHaveProperty('failure.message', expect.stringContaining('ECONNREFUSED'));
    expect(home.versions()).toEqual([]);
  });

  test('another version than asked for is used, and said', async () => {
    await home.prepare(packageSpec('good@1.0.0'));
    const prepared = await home.prepare(packageSpec('good@2.0.0'), offline);
    expect(prepared).toMatchObject({ ok: true, version: '1.0.0' });
    expect(prepared).toHaveProperty(
      'note',
      expect.stringMatching(/Cannot install good@2\.0\.0.*using 1\.0\.0/),
    );
    const why = prepared.ok ? prepared.note : null;
    expect(home.news.at(-1)).toEqual({ kind: 'using-installed', server: 'some', version: '1.0.0', why });
    expect(readlinkSync(join(home.servers, 'some/current'))).toBe('versions/1.0.0');
    expect(home.versions()).toEqual(['1.0.0']);
  });

  test('a tag with its link lost is what is installed', async () => {
    await home.prepare(packageSpec('good@1.0.0'));
    rmSync(join(home.servers, 'some/current'));
    const prepared = await home.prepare(packageSpec('good@latest'), offline);
    expect(prepared).toMatchObject({
      ok: true,
      version: '1.0.0',
      note: expect.stringContaining('using 1.0.0'),
    });
  });

  test('with the network back, the version that was asked for is installed', async () => {
    await home.prepare(packageSpec('good@1.0.0'));
    await home.prepare(packageSpec('good@2.0.0'), offline);
    const prepared = await home.prepare(packageSpec('good@2.0.0'));
    expect(prepared).toMatchObject({ ok: true, version: '2.0.0', note: null });
  });
});

describe('with a version installed', () => {
  beforeEach(() => home.prepare(packageSpec('good@1.0.0')));

  test('a registry in trouble is no reason to stop', async () => {
    registry.lie('packument', 'good', 500);
    const prepared = await home.prepare(packageSpec('good@2.0.0'));
    registry.lie('packument', 'good', null);
    expect(prepared).toMatchObject({ ok: true, version: '1.0.0' });
  });

  test('a registry that was in trouble a moment ago is not waited for again', async () => {
    const clock = new FakeClock();
    const { environment } = home;
    const installer = createInstaller({ paths: home, clock, environment });
    const prepare = (): Promise<unknown> => installer.prepare(packageSpec('good@2.0.0'), WANTED);
    registry.lie('packument', 'good', 500);
    const first = await prepare();
    registry.lie('packument', 'good', null);
    expect(await prepare()).toEqual(first);
    expect(first).toMatchObject({ ok: true, version: '1.0.0' });
    await clock.advance(5 * 60_000);
    expect(await prepare()).toMatchObject({ ok: true, version: '2.0.0' });
  });

  test('a version that does not exist is a failure all the same', async () => {
    const prepared = await home.prepare(packageSpec('good@7.7.7'));
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'UNKNOWN_VERSION' } });
    expect(home.versions()).toEqual(['1.0.0']);
  });

  test('the timeout is shorter', async () => {
    const timeouts = { alone: 60_000, withFallback: 1500 };
    registry.lie('packument', 'good', 'hang');
    const prepared = await home.prepare(packageSpec('good@2.0.0'), { timeouts });
    registry.lie('packument', 'good', null);
    expect(prepared).toMatchObject({ ok: true, version: '1.0.0' });
    expect(prepared).toHaveProperty('note', expect.stringContaining('npm made no progress for 2 s'));
    expect(home.versions()).toEqual(['1.0.0']);
  });
});

describe('an installation that is interrupted', () => {
  // npm holds a connection while it waits for an answer, and nothing but its end lets go of it.
  const isAsking = async (): Promise<boolean> => (await registry.connections()) > 0;
  const isSilent = async (): Promise<boolean> => !(await isAsking());
  const asking = { what: 'the request of npm', timeout: 60_000 };

  beforeEach(() => waitFor(isSilent, { what: 'the end of earlier requests' }));

  test('by its caller ends npm and leaves nothing', async () => {
    const controller = new AbortController();
    const preparing = home.prepare(packageSpec('silent@1'), { signal: controller.signal });
    await waitFor(isAsking, asking);
    controller.abort();
    expect(await preparing).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED' } });
    await waitFor(isSilent, { what: 'the end of npm', timeout: 1000 });
    expect(home.versions()).toEqual([]);
  });

  test('by its time limit too', async () => {
    const timeouts = { alone: 1500, withFallback: 1500 };
    const prepared = await home.prepare(packageSpec('silent@1'), { timeouts });
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED', retry: 'backoff' } });
    expect(prepared).toHaveProperty(
      'failure.message',
      expect.stringContaining('npm made no progress for 2 s'),
    );
    await waitFor(isSilent, { what: 'the end of npm', timeout: 1000 });
    expect(home.versions()).toEqual([]);
  });

  test('by kill -9 of the daemon leaves no npm, and a folder that the next one removes', async () => {
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', daemonOf(packageSpec('silent@1'))], {
      env: { ...home.environment, SERVERS: home.servers },
      stdio: 'ignore',
    });
    await waitFor(isAsking, asking);
    daemon.kill('SIGKILL');
    expect(home.versions()).toEqual([expect.stringMatching(/^\.tmp-/)]);
    await waitFor(isSilent, { what: 'the end of npm', timeout: 5000 });
    const prepared = await home.prepare(packageSpec('good@1.0.0'));
    expect(prepared).toMatchObject({ ok: true });
    expect(home.versions()).toEqual(['1.0.0']);
  });

  test('long ago is cleaned up at start, and versions are kept', async () => {
    await home.prepare(packageSpec('good@1.0.0'));
    mkdirSync(join(home.servers, 'some/versions/.tmp-old/node_modules/x'), { recursive: true });
    symlinkSync('versions/.tmp-old', join(home.servers, 'some/.tmp-link'));
    await createInstaller({ paths: home }).removeLeftovers();
    expect(home.versions()).toEqual(['1.0.0']);
    expect(namesIn(join(home.servers, 'some')).toSorted()).toEqual(['current', 'versions']);
  });
});

/** A program that does what the daemon does. */
function daemonOf(spec: object): string {
  const module = resolve(import.meta.dirname, '../../dist/packages/installer.js');
  return `
    const { createInstaller } = await import(${JSON.stringify(module)});
    const installer = createInstaller({ paths: { servers: process.env.SERVERS } });
    await installer.prepare(${JSON.stringify(spec)}, new AbortController().signal);`;
}

const MOUNT = 'mount';
const UNMOUNT = 'umount';

function mount(options: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'full-'));
  const { status } = spawnSync(MOUNT, ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  if (status === 0) return folder;
  rmSync(folder, { recursive: true });
  return null;
}

function unmount(folder: string): void {
  spawnSync(UNMOUNT, [folder]);
  rmSync(folder, { recursive: true });
}

function mayMount(): boolean {
  const folder = mount('size=64k');
  if (folder !== null) unmount(folder);
  return folder !== null;
}

describe.skipIf(!requireThat('the right to mount a tmpfs', mayMount()))('on a full disk', () => {
  let disk: string;
  const useDisk = (options: string): void => {
    const folder = mount(options);
    if (folder === null) throw new Error('mount failed');
    disk = folder;
  };
  afterEach(() => unmount(disk));

  test('an installation fails, says why, and gives the space back', async () => {
    useDisk('size=300k');
    const paths = { servers: join(disk, 'servers') };
    const prepared = await home.prepare(packageSpec('big@1'), { paths });
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'DISK_FULL', retry: 'backoff' } });
    expect(prepared).toHaveProperty('failure.hint', expect.stringContaining(disk));
    expect(namesIn(join(disk, 'servers/some/versions'))).toEqual([]);
    expect(await home.prepare(packageSpec('good@1'), { paths })).toMatchObject({ ok: true });
  });

  test('a full cache of npm is named as such', async () => {
    useDisk('size=300k');
    const environment = { ...home.environment, npm_config_cache: join(disk, 'cache') };
    const prepared = await home.prepare(packageSpec('big@1'), { environment });
    expect(prepared).toMatchObject({ ok: false, failure: { code: 'DISK_FULL' } });
    expect(home.versions()).toEqual([]);
  });

  test('without room for one more name, what is installed still starts', async () => {
    useDisk('size=10m,nr_inodes=200');
    const paths = { servers: join(disk, 'servers') };
    await home.prepare(packageSpec('good@1.0.0'), { paths });
    await home.prepare(packageSpec('good@2.0.0'), { paths });
    fillNames(disk);
    const { source } = packageSpec('good@1.0.0');
    if (source.kind !== 'package') throw new TypeError('not a package');
    const store = openStore(join(paths.servers, 'some'), { manager: npmManager, source });
    const [older] = (await store.list()).toReversed();
    await expect(store.switchTo(older!)).rejects.toThrow('ENOSPC');
    expect(namesIn(join(paths.servers, 'some')).toSorted()).toEqual(['current', 'versions']);
    const prepared = await home.prepare(packageSpec('good@1.0.0'), { paths });
    expect(prepared).toMatchObject({ ok: true, version: '1.0.0' });
    const fresh = await home.prepare(packageSpec('good@1.0.0', { name: 'other' }), { paths });
    expect(fresh).toMatchObject({ ok: false, failure: { code: 'DISK_FULL' } });
  });
});

function fillNames(folder: string): void {
  for (let number = 0; ; number += 1) {
    try {
      writeFileSync(join(folder, `filler-${number}`), '');
    } catch {
      return;
    }
  }
}
