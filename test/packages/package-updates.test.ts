// Updates as far as the registry and the disk go, with the real npm and a registry that says what a test wants.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { NO_UPDATES } from '../../src/core/model/update.ts';
import type { UpdateMemory } from '../../src/core/model/update.ts';
import { createInstaller } from '../../src/packages/installer.ts';
import { createInstallQueue } from '../../src/packages/install-queue.ts';
import { createPackageUpdates } from '../../src/packages/package-updates.ts';
import type { PackageUpdates, PackageUpdatesOptions } from '../../src/packages/package-updates.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { createHome, packageSpec, WANTED } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { requireThat } from '../fakes/require-program.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import type { Lie, StaticRegistry } from '../fakes/static-registry.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';

const HOUR = 3_600_000;
const BIN = { bin: 'index.js' };
let registry: StaticRegistry;
let home: Home;

beforeAll(async () => {
  const one = (version: string, manifest: object = {}, name = 'some-mcp') => ({
    name,
    version,
    manifest: { ...BIN, ...manifest },
  });
  registry = await startRegistry([
    one('1.0.0', { dependencies: { part: '^1' } }),
    one('1.1.0', { dependencies: { part: '^1' } }),
    { ...one('1.2.0', { dependencies: { part: '^1' } }), publishedAt: Date.now() - HOUR },
    one('1.3.0', { engines: { node: '>=99' } }),
    one('1.4.0', { bin: {} }),
    { ...one('1.5.0', { dependencies: { young: '1' } }) },
    { name: 'part', version: '1.0.0' },
    { name: 'part', version: '1.0.1', publishedAt: Date.now() - 2 * HOUR },
    { name: 'part', version: '1.0.2', publishedAt: Date.now() },
    { name: 'young', version: '1.0.0', publishedAt: Date.now() - HOUR },
    one('1.0.0', {}, 'cut'),
    { ...one('1.0.0', {}, 'big'), files: { 'big.txt': randomBytes(900_000).toString('base64') } },
  ]);
  registry.lie('tarball', 'cut', 'truncated');
});
afterAll(() => registry.close());
beforeEach(() => {
  home = createHome(registry.url);
});
afterEach(() => home.remove());

function updatesOf(options: Partial<PackageUpdatesOptions> = {}): PackageUpdates {
  const { servers, environment } = home;
  return createPackageUpdates({
    paths: { servers },
    clock: systemClock,
    queue: createInstallQueue(),
    environment,
    ...options,
  });
}

/** As if npm had installed it: what is compared is only what the registry says. */
function installed(name: string, version: string, server = 'some'): void {
  const folder = join(home.servers, server, 'versions', version, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, ...BIN }));
  writeFileSync(join(folder, 'index.js'), '0');
  const link = join(home.servers, server, 'current');
  if (!existsSync(link)) symlinkSync(join('versions', version), link);
}

function partOf(version: string): string {
  const file = join(home.servers, 'some', 'versions', version, 'node_modules', 'part', 'package.json');
  const manifest: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return manifest.version;
}

function current(): string | null {
  const link = join(home.servers, 'some', 'current');
  return existsSync(link) ? readlinkSync(link) : null;
}

function withPolicy(wish: string, policy: Partial<ServerSpec['update']>): ServerSpec {
  const spec = packageSpec(wish);
  return { ...spec, update: { ...spec.update, ...policy } };
}

function remembered(change: Partial<UpdateMemory>): UpdateMemory {
  return { ...NO_UPDATES, ...change };
}

const QUIET = { signal: WANTED, onProgress: () => undefined };

describe('a look at the registry', { timeout: 60_000 }, () => {
  test('finds the newer version, and tells what is held and why', async () => {
    registry.announce('looked-at', ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0-rc.1']);
    registry.announce('looked-at', ['1.5.0'], Date.now() - 5 * HOUR);
    registry.announce('looked-at', ['1.6.0'], null);
    registry.amend('looked-at', '1.3.0', { engines: { node: '>=99' } });
    registry.amend('looked-at', '1.2.0', { deprecated: 'broken, see 1.1.0' });
    installed('looked-at', '1.0.0');
    const outlook = await updatesOf().check(packageSpec('looked-at@latest'), NO_UPDATES, WANTED);
    expect(outlook).toEqual({
      server: 'some',
      package: 'looked-at',
      running: '1.0.0',
      latest: '1.6.0',
      candidate: '1.1.0',
      held: [
        {
          version: '1.6.0',
          reason: 'minimum_age',
          detail: 'the registry does not tell when it was published',
        },
        {
          version: '1.5.0',
          reason: 'minimum_age',
          detail: 'published 5 h ago; 3 d must have passed',
        },
        {
          version: '1.3.0',
          reason: 'engine',
          detail: `it needs node >=99, this is ${process.version}`,
        },
        {
          version: '1.2.0',
          reason: 'deprecated',
          detail: 'broken, see 1.1.0',
        },
      ],
      error: null,
    });
  });

  test('sees what a version lost or gained since the one that runs', async () => {
    const people = {
      _npmUser: { name: 'alice', email: 'a@x.y' },
      maintainers: [{ name: 'alice', email: 'a@x.y' }],
    };
    const attestations = { url: 'https://registry.example/attestations', provenance: {} };
    const change = async (name: string, before: object, after: object) => {
      registry.announce(name, ['1.0.0', '1.1.0']);
      registry.amend(name, '1.0.0', { ...people, ...before });
      registry.amend(name, '1.1.0', { ...people, ...after });
      installed(name, '1.0.0', name);
      const spec = { ...packageSpec(`${name}@^1`), name };
      const { candidate, held } = await updatesOf().check(spec, NO_UPDATES, WANTED);
      return [candidate, ...held.map(({ reason }) => reason)];
    };
    expect(await change('proven', { dist: { attestations } }, {})).toEqual([null, 'attestation']);
    expect(await change('scripted', {}, { scripts: { install: 'x' } })).toEqual([null, 'install_script']);
    expect(await change('taken', {}, { _npmUser: { name: 'eve', email: 'e@x.y' } })).toEqual([
      null,
      'publisher',
    ]);
    const trustedPublisher = { id: 'github' };
    const build = { name: 'GitHub Actions', email: 'npm-oidc-no-reply@github.com', trustedPublisher };
    expect(await change('downgraded', { _npmUser: build }, {})).toEqual([null, 'publisher']);
    expect(await change('unchanged', { dist: { attestations } }, { dist: { attestations } })).toEqual([
      '1.1.0',
    ]);
  });

  test('follows the tag: a version that was withdrawn is told, and not gone on with', async () => {
    registry.announce('withdrawn', ['1.0.0', '1.1.0', '1.2.0']);
    installed('withdrawn', '1.1.0');
    const look = () => updatesOf().check(packageSpec('withdrawn@latest'), NO_UPDATES, WANTED);
    registry.tag('withdrawn', 'latest', '1.1.0');
    expect(await look()).toMatchObject({
      candidate: null,
      held: [{ version: '1.2.0', reason: 'backwards' }],
    });
    registry.tag('withdrawn', 'latest', '1.0.0');
    expect(await look()).toMatchObject({
      candidate: null,
      held: [{ version: '1.0.0', reason: 'backwards' }],
    });
  });

  test('knows what runs by what was chosen, and leaves alone what people chose', async () => {
    registry.announce('chosen', ['1.0.0', '1.1.0', '1.2.0']);
    for (const version of ['1.0.0', '1.1.0']) installed('chosen', version);
    const look = (wish: string, memory: UpdateMemory) =>
      updatesOf().check(packageSpec(`chosen@${wish}`), memory, WANTED);
    const chosen = { wish: 'latest', version: '1.1.0' };
    expect(await look('latest', remembered({ chosen }))).toMatchObject({
      running: '1.1.0',
      candidate: '1.2.0',
    });
    expect(await look('latest', remembered({ chosen, pinned: '1.1.0' }))).toMatchObject({
      running: '1.1.0',
      latest: '1.2.0',
      candidate: null,
      held: [
        {
          version: '1.2.0',
          reason: 'pinned',
        },
      ],
    });
    expect(await look('1.1.0', remembered({}))).toMatchObject({
      running: '1.1.0',
      latest: '1.2.0',
      candidate: null,
      held: [
        {
          version: '1.2.0',
          reason: 'pinned',
        },
      ],
    });
    const bad = [{ version: '1.2.0', reason: 'it hung', at: 0 }];
    expect(await look('^1', remembered({ bad }))).toMatchObject({
      running: '1.0.0',
      candidate: '1.1.0',
      held: [
        {
          version: '1.2.0',
          reason: 'bad',
          detail: 'it hung',
        },
      ],
    });
  });

  test('copes with 10,000 versions', async () => {
    const versions = Array.from({ length: 10_000 }, (_, patch) => `1.0.${patch}`);
    registry.announce('enormous', versions);
    installed('enormous', '1.0.0');
    const outlook = await updatesOf().check(packageSpec('enormous@latest'), NO_UPDATES, WANTED);
    expect(outlook).toMatchObject({ latest: '1.0.9999', candidate: '1.0.9999', held: [], error: null });
  });

  const manifest = (version: string) => ({
    name: 'liar',
    version,
    dist: { tarball: 'http://x/', integrity: 'x' },
  });
  test.each<[string, Lie | null, RegExp]>([
    ['a package that nobody knows', null, /knows no package "liar"/],
    ['trouble', 500, /in trouble/],
    ['a refusal', 401, /refuses us/],
    ['a page', { instead: '<html>log in</html>' }, /./],
    ['nothing', { instead: {} }, /./],
    ['no text at all', { instead: '' }, /./],
    ['half an answer', 'truncated', /./],
    [
      'a `latest` that is not there',
      {
        instead: { name: 'liar', 'dist-tags': { latest: '9.0.0' }, versions: { '1.0.0': manifest('1.0.0') } },
      },
      /./,
    ],
    ['no tags', { instead: { name: 'liar', versions: { '1.0.0': manifest('1.0.0') } } }, /./],
    [
      'versions that are none',
      { instead: { name: 'liar', 'dist-tags': { latest: 'one' }, versions: { one: manifest('one') } } },
      /./,
    ],
  ])('that gets %s is one line, and never throws', async (_, lie, words) => {
    if (lie !== null) registry.lie('packument', 'liar', lie);
    installed('liar', '1.0.0');
    const outlook = await updatesOf().check(packageSpec('liar@latest'), NO_UPDATES, WANTED);
    registry.lie('packument', 'liar', null);
    expect(outlook).toMatchObject({ running: '1.0.0', candidate: null, held: [] });
    expect(outlook.error).toMatch(/^Cannot ask for the versions of liar: [^\n]+$/u);
    expect(outlook.error).toMatch(words);
  });

  test('that gets another version than it asked for does not take it', async () => {
    const versions = { '1.0.0': manifest('1.0.0'), '1.1.0': manifest('6.6.6') };
    const time = { '1.0.0': '2025-01-01', '1.1.0': '2025-01-01' };
    const instead = { name: 'liar', 'dist-tags': { latest: '1.1.0' }, versions, time };
    registry.lie('packument', 'liar', { instead });
    installed('liar', '1.0.0');
    const outlook = await updatesOf().check(packageSpec('liar@latest'), NO_UPDATES, WANTED);
    registry.lie('packument', 'liar', null);
    expect(outlook).toMatchObject({ candidate: null, held: [] });
  });

  test('ends when nobody waits for it any more, or the registry never answers', async () => {
    registry.lie('packument', 'silent', 'hang');
    const abort = new AbortController();
    const looking = updatesOf().check(packageSpec('silent@latest'), NO_UPDATES, abort.signal);
    await waitFor(() => registry.requests.includes('/silent'), { what: 'npm to ask' });
    abort.abort();
    expect((await looking).error).toContain('it was stopped');
    const timeouts = { check: 2500, install: 1000 };
    const late = await updatesOf({ timeouts }).check(packageSpec('silent@latest'), NO_UPDATES, WANTED);
    expect(late.error).toMatch(/npm was not done after \d s/);
    await waitFor(async () => (await registry.connections()) === 0, { what: 'both npm to be gone' });
  });
});

describe('a version is installed', { timeout: 60_000 }, () => {
  test('beside the others: nothing else changes until it is switched to', async () => {
    await home.prepare(packageSpec('some-mcp@1.0.0'));
    const updates = updatesOf();
    const spec = packageSpec('some-mcp@latest');
    const lines: string[] = [];
    const options = { signal: WANTED, onProgress: (line: string) => void lines.push(line) };
    expect(await updates.isInstalled(spec, '1.1.0')).toBe(false);
    expect(await updates.install(spec, '1.1.0', options)).toEqual({ ok: true });
    expect(lines).toContain('resolving some-mcp@1.1.0');
    expect(home.versions()).toEqual(['1.0.0', '1.1.0']);
    expect(await updates.isInstalled(spec, '1.1.0')).toBe(true);
    expect(await updates.current(spec)).toBe('1.0.0');
    const asked = registry.requests.length;
    expect(await updates.install(spec, '1.1.0', QUIET)).toEqual({ ok: true });
    expect(registry.requests.length).toBe(asked);
    await updates.switchTo(spec, '1.1.0');
    expect([current(), await updates.current(spec)]).toEqual(['versions/1.1.0', '1.1.0']);
    await expect(updates.switchTo(spec, '1.2.0')).rejects.toThrow(
      'Cannot switch some to 1.2.0: it is not installed',
    );
  });

  test('with nothing that is younger than it may be, or than itself', async () => {
    const updates = updatesOf();
    const wish = 'some-mcp@latest';
    expect(await updates.install(packageSpec(wish), '1.1.0', QUIET)).toEqual({ ok: true });
    expect(partOf('1.1.0')).toBe('1.0.0');
    expect(await updates.install(packageSpec(wish), '1.2.0', QUIET)).toEqual({ ok: true });
    expect(partOf('1.2.0')).toBe('1.0.1');
    expect(await updates.install(withPolicy(wish, { minimumAge: 0 }), '1.0.0', QUIET)).toEqual({ ok: true });
    expect(partOf('1.0.0')).toBe('1.0.2');
    expect(await updates.install(packageSpec(wish), '1.5.0', QUIET)).toEqual({
      ok: false,
      refusal: expect.stringMatching(
        /^Cannot install some-mcp@1\.5\.0: No versions available for young, or none that is old enough/,
      ),
    });
  });

  test('never with what is younger than the settings of npm allow', async () => {
    const days = (count: number) => new Date(Date.now() - count * 24 * HOUR).toISOString();
    const strict = updatesOf({ environment: { ...home.environment, npm_config_before: days(60) } });
    registry.announce('aged', ['1.0.0', '1.1.0']);
    installed('aged', '1.0.0');
    const outlook = await strict.check(packageSpec('aged@latest'), NO_UPDATES, WANTED);
    expect(outlook).toMatchObject({ candidate: null, held: [{ version: '1.1.0', reason: 'minimum_age' }] });
    expect(await strict.install(packageSpec('some-mcp@latest'), '1.1.0', QUIET)).toEqual({
      ok: false,
      refusal: 'Cannot install some-mcp@1.1.0: it is younger than the settings of npm allow',
    });
    const lax = updatesOf({ environment: { ...home.environment, npm_config_before: days(0) } });
    const spec = packageSpec('some-mcp@latest', { name: 'other' });
    expect(await lax.install(spec, '1.1.0', QUIET)).toEqual({ ok: true });
  });

  test('once, whoever asks at the same time, and after what the installer is doing', async () => {
    const installer = createInstaller({ paths: home, environment: home.environment });
    const updates = updatesOf({ queue: installer.queue });
    const lines: string[] = [];
    const options = { signal: WANTED, onProgress: (line: string) => void lines.push(line) };
    const spec = packageSpec('some-mcp@latest');
    const all = await Promise.all([
      installer.prepare(packageSpec('some-mcp@1.0.0'), WANTED),
      updates.install(spec, '1.1.0', options),
      updates.install(spec, '1.1.0', options),
    ]);
    expect(all.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(home.versions()).toEqual(['1.0.0', '1.1.0']);
    expect(current()).toBe('versions/1.0.0');
    expect(lines.filter((line) => line === 'waiting for another npm to end').length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.startsWith('resolving'))).toHaveLength(1);
  });

  test.each([
    ['an unknown version', 'some-mcp', '7.7.7', 'the registry has no such version'],
    ['a version that is none', 'some-mcp', 'latest', 'is no version'],
    ['an option', 'some-mcp', '--global', 'is no version'],
    ['another node needed', 'some-mcp', '1.3.0', 'needs node >=99'],
    ['a package without a program', 'some-mcp', '1.4.0', 'it has no program'],
    ['a download that breaks off', 'cut', '1.0.0', ''],
  ])('not at all, with one line, for %s', async (_, name, version, words) => {
    installed(name, '0.1.0');
    const done = await updatesOf().install(packageSpec(`${name}@latest`), version, QUIET);
    expect(done).toEqual({ ok: false, refusal: expect.stringContaining(words) });
    expect(done).toEqual({ ok: false, refusal: expect.stringMatching(/^Cannot (install|run) [^\n]+$/) });
    expect(home.versions()).toEqual(['0.1.0']);
    expect(current()).toBe('versions/0.1.0');
  });

  test('not at all when it is called off', async () => {
    installed('held-up', '0.1.0');
    registry.announce('held-up', ['1.0.0']);
    registry.lie('tarball', 'held-up', 'hang');
    const abort = new AbortController();
    const options = { ...QUIET, signal: abort.signal };
    const installing = updatesOf().install(packageSpec('held-up@latest'), '1.0.0', options);
    await waitFor(() => registry.requests.some((path) => path.startsWith('/held-up/-/')), {
      what: 'a download',
    });
    abort.abort();
    expect(await installing).toMatchObject({ ok: false, refusal: expect.stringContaining('it was stopped') });
    await waitFor(async () => (await registry.connections()) === 0, { what: 'npm to be gone' });
    expect(home.versions()).toEqual(['0.1.0']);
    expect(current()).toBe('versions/0.1.0');
  });

  test.skipIf(!requireThat('mount', canMount()))(
    'not at all on a full disk, which gets its space back',
    async () => {
      const disk = mountTinyDisk('600k');
      if (disk === null) throw new Error('No disk');
      try {
        const updates = updatesOf({ paths: { servers: disk.folder } });
        const done = await updates.install(packageSpec('big@latest'), '1.0.0', QUIET);
        expect(done).toMatchObject({ ok: false, refusal: expect.stringContaining('no space is left') });
        expect(await updates.isInstalled(packageSpec('big@latest'), '1.0.0')).toBe(false);
      } finally {
        disk.remove();
      }
    },
  );
});

describe('what was chosen is what is prepared', () => {
  const prepare = (wish: string, chosen: string | null) =>
    home.prepare(packageSpec(`some-mcp@${wish}`), { chosen: (_, asked) => (asked === wish ? chosen : null) });

  beforeEach(() => {
    for (const version of ['1.0.0', '1.1.0']) installed('some-mcp', version);
  });

  test.each([
    ['in place of a tag', 'latest', '1.1.0', '1.1.0'],
    ['in place of an exact version', '1.0.0', '1.1.0', '1.1.0'],
    ['unless it is gone', '^1.0.0', '9.0.0', '1.0.0'],
    ['unless nothing was', '^1.0.0', null, '1.0.0'],
  ])('%s', async (_, wish, chosen, version) => {
    const asked = registry.requests.length;
    expect(await prepare(wish, chosen)).toMatchObject({ ok: true, version, note: null });
    expect(current()).toBe(`versions/${version}`);
    expect(registry.requests.length).toBe(asked);
  });
});
