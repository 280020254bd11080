// Python packages installed by the real uv from an index of hand-made wheels, good and bad.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { NO_UPDATES } from '../../../src/core/model/update.ts';
import type { PythonOptions } from '../../../src/core/python/requirement.ts';
import type { PackageSpec } from '../../../src/core/model/server-spec.ts';
import { createInstaller } from '../../../src/packages/installer.ts';
import { createPackageUpdates } from '../../../src/packages/package-updates.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { namesIn } from '../../fakes/install-home.ts';
import { type PythonIndex, startPythonIndex } from '../../fakes/python-index.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { specOf } from '../../fakes/spec.ts';

const hasTools = requireProgram('uv') && requireProgram('python3');
const PROGRAM = { scripts: { 'good-mcp': 'good_mcp:main' } };
const WANTED = new AbortController().signal;
let index: PythonIndex;
let root: string;
let cache: string;
/** Folder of the real interpreter: what is on the PATH may be a script that needs the home of the user. */
let python: string;

const { update: UPDATE } = specOf();

interface Wish extends Partial<PythonOptions> {
  readonly version?: string;
  readonly bin?: string;
  readonly update?: Partial<typeof UPDATE>;
}

function pythonSpec(name: string, { version = 'latest', bin, update, ...python }: Wish = {}): PackageSpec {
  const options = { extras: [], interpreter: null, with: [], ...python };
  const source = {
    kind: 'package',
    manager: 'pypi',
    package: `pypi:${name}`,
    version,
    bin: bin ?? null,
    python: options,
  } as const;
  return { ...specOf({ name: 'some' }), source, update: { ...UPDATE, minimumAge: 0, ...update } };
}

function parts(changes: Record<string, string> = {}) {
  const environment = {
    PATH: `${python}:${process.env['PATH'] ?? ''}`,
    HOME: root,
    UV_DEFAULT_INDEX: index.url,
    UV_CACHE_DIR: cache,
    UV_PYTHON_DOWNLOADS: 'never',
    UV_HTTP_RETRIES: '0',
    ...changes,
  };
  return { paths: { servers: join(root, 'servers') }, environment };
}

const prepare = (spec: PackageSpec, changes?: Record<string, string>) =>
  createInstaller(parts(changes)).prepare(spec, WANTED);

const versions = (): string[] => namesIn(join(root, 'servers', 'some', 'versions')).toSorted();

beforeAll(async () => {
  const ask = 'import os, sys; print(os.path.dirname(sys.executable))';
  python = hasTools ? execFileSync('python3', ['-c', ask], { encoding: 'utf8' }).trim() : '';
  cache = mkdtempSync(join(tmpdir(), 'uv-cache-'));
  index = await startPythonIndex([
    { name: 'good-mcp', version: '1.0', requires: ['dep-a>=1'], provenance: true, ...PROGRAM },
    { name: 'good-mcp', version: '1.1', requires: ['dep-a>=1'], provenance: true, ...PROGRAM },
    { name: 'good-mcp', version: '1.2', yanked: 'it leaks', ...PROGRAM },
    { name: 'good-mcp', version: '2.0rc1', ...PROGRAM },
    { name: 'dep-a', version: '1.0', scripts: { 'dep-tool': 'dep_a:main' } },
    { name: 'dep-a', version: '2.0' },
    { name: 'extra', version: '1.0', requires: ['dep-a<2; extra == "more"'] },
    { name: 'liar', version: '1.0', says: { version: '9.9' } },
    { name: 'other', version: '1.0', says: { name: 'another' } },
    { name: 'future', version: '1.0', requiresPython: '>=3.99' },
    { name: 'aging', version: '1.0', scripts: { aging: 'aging:main' } },
    { name: 'aging', version: '2.0', requiresPython: '>=3.99', scripts: { aging: 'aging:main' } },
    { name: 'keeper', version: '1.0', requires: ['dep-k'], scripts: { keeper: 'keeper:main' } },
    { name: 'dep-k', version: '1.0' },
    { name: 'src-only', version: '1.0', isSource: true },
    { name: 'mangled', version: '1.0', isMangled: true },
    { name: 'from-git', version: '1.0', requires: ['x @ git+https://127.0.0.1/x'] },
    { name: 'lacking', version: '1.0', requires: ['nothing-like-it'] },
    { name: 'windows', version: '1.0', tag: 'cp39-cp39-win_amd64' },
    { name: 'impostor', version: '1.0', files: { 'impostor-1.0.data/scripts/python': '#!/bin/sh\n' } },
    {
      name: 'eager',
      version: '1.0',
      scripts: { eager: 'eager:main' },
      files: { 'eager.pth': `import os; open(os.environ["HOME"] + "/ran", "w")\n` },
    },
    {
      name: 'shells',
      version: '1.0',
      files: { 'shells-1.0.data/scripts/one': '#!/bin/sh\n', 'shells-1.0.data/scripts/two': '#!python\n' },
    },
    { name: 'lost', version: '1.0', provenance: true, scripts: { lost: 'lost:main' } },
    { name: 'lost', version: '1.1', scripts: { lost: 'lost:main' } },
    { name: 'young', version: '1.0', scripts: { young: 'young:main' } },
    { name: 'young', version: '1.1', uploaded: new Date().toISOString(), scripts: { young: 'young:main' } },
  ]);
});
afterAll(async () => {
  await index.close();
  rmSync(cache, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pypi home '));
  index.answer = null;
  index.isOld = false;
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

describe.skipIf(!hasTools)('a Python package', { timeout: 180_000 }, () => {
  it('is installed, and run by the Python of its own environment', async () => {
    const prepared = await prepare(pythonSpec('good-mcp'));
    const bin = join(root, 'servers', 'some', 'versions', '1.1', 'venv', 'bin');
    expect(prepared).toMatchObject({
      ok: true,
      version: '1.1',
      argv: [join(bin, 'python'), join(bin, 'good-mcp')],
    });
    expect(execFileSync(join(bin, 'python'), [join(bin, 'good-mcp')], { encoding: 'utf8' })).toBe(
      'good-mcp 1.1\n',
    );
    const lock = readFileSync(join(bin, '../../requirements.lock'), 'utf8');
    expect(lock).toMatch(/^dep-a==2\.0 \\\n\s+--hash=sha256:[a-f\d]{64}/mu);
  });

  it('starts again without uv and without an index, also in a home that was moved', async () => {
    await prepare(pythonSpec('good-mcp'));
    const moved = `${root}-moved`;
    renameSync(root, moved);
    root = moved;
    index.answer = 500;
    const prepared = await prepare(pythonSpec('good-mcp'), { PATH: '/nowhere' });
    expect(prepared).toMatchObject({ ok: true, version: '1.1' });
    const [file = '', ...rest] = prepared.ok ? prepared.argv : [];
    expect(execFileSync(file, rest, { encoding: 'utf8' })).toBe('good-mcp 1.1\n');
  });

  it('whose Python has gone is installed again from its lock, also without the index', async () => {
    await prepare(pythonSpec('keeper'));
    const folder = join(root, 'servers', 'some', 'versions', '1.0');
    const lock = readFileSync(join(folder, 'requirements.lock'), 'utf8');
    index.publish({ name: 'dep-k', version: '2.0' });
    index.answer = 500;
    unlinkSync(join(folder, 'venv', 'bin', 'python'));
    symlinkSync('/nowhere/python3', join(folder, 'venv', 'bin', 'python'));
    const prepared = await prepare(pythonSpec('keeper'));
    expect(prepared).toMatchObject({ ok: true, version: '1.0', note: null });
    const [file = '', ...rest] = prepared.ok ? prepared.argv : [];
    expect(execFileSync(file, rest, { encoding: 'utf8' })).toBe('keeper 1.0\n');
    expect(readFileSync(join(file, '../../../requirements.lock'), 'utf8')).toBe(lock);
  });

  it('says why it is older than the newest', async () => {
    expect(await prepare(pythonSpec('aging'))).toMatchObject({
      ok: true,
      version: '1.0',
      note: expect.stringMatching(/^2\.0 needs Python >=3\.99, this is 3\.\d+\.\d+; using 1\.0, the newest/u),
    });
    expect(await prepare(pythonSpec('aging'))).toMatchObject({ ok: true, version: '1.0', note: null });
  });

  it.each([
    ['1.0', '1.0'],
    ['==1.0.0', '1.0'],
    ['<1.1', '1.0'],
    ['~=1.0', '1.1'],
    ['2.0rc1', '2.0rc1'],
    // Named exactly, what was withdrawn is installed.
    ['1.2', '1.2'],
  ])('of version %s is %s', async (version, expected) => {
    expect(await prepare(pythonSpec('good-mcp', { version }))).toMatchObject({ ok: true, version: expected });
    expect(versions()).toEqual([expected]);
  });

  it('is installed with extras and with what the config adds', async () => {
    const spec = pythonSpec('extra', { extras: ['more'], with: ['good-mcp<1.1'], bin: 'good-mcp' });
    expect(await prepare(spec)).toMatchObject({ ok: true });
    const lock = readFileSync(join(root, 'servers/some/versions/1.0/requirements.lock'), 'utf8');
    expect(lock).toMatch(/^dep-a==1\.0 /mu);
    expect(lock).toMatch(/^good-mcp==1\.0 /mu);
  });

  it('is installed beside itself when it is to be installed in another way', async () => {
    await prepare(pythonSpec('good-mcp'));
    await prepare(pythonSpec('good-mcp', { with: ['dep-a<2'] }));
    expect(versions()).toEqual(['1.1', expect.stringMatching(/^1\.1~[a-f\d]+$/u)]);
  });

  it('is installed anew when its Python is gone', async () => {
    await prepare(pythonSpec('good-mcp'));
    const python = join(root, 'servers/some/versions/1.1/venv/bin/python');
    unlinkSync(python);
    symlinkSync('/nowhere/python', python);
    const prepared = await prepare(pythonSpec('good-mcp'));
    expect(prepared).toMatchObject({ ok: true, version: '1.1' });
    expect(versions()).toHaveLength(2);
  });

  it('runs none of its code while it is installed', async () => {
    expect(await prepare(pythonSpec('eager'))).toMatchObject({ ok: true });
    expect(existsSync(join(root, 'ran'))).toBe(false);
    expect(existsSync(join(root, 'servers/some/versions/1.0/venv/lib'))).toBe(true);
  });

  it.each([
    ['python', ['python']],
    ['one', ['one']],
    ['two', ['python', 'two']],
  ])('runs its program %s', async (bin, names) => {
    const prepared = await prepare(pythonSpec('shells', { bin }));
    const folder = join(root, 'servers/some/versions/1.0/venv/bin');
    expect(prepared).toMatchObject({ ok: true, argv: names.map((name) => join(folder, name)) });
  });

  it.each([
    ['nothing-like-it', {}, 'UNKNOWN_PACKAGE', /knows no package "nothing-like-it"/],
    ['good-mcp', { version: '7.7' }, 'UNKNOWN_VERSION', /no such version/],
    ['liar', {}, 'INSTALL_FAILED', /not what was asked for/],
    ['other', {}, 'INSTALL_FAILED', /not what was asked for/],
    ['impostor', {}, 'INSTALL_FAILED', /not what was asked for/],
    ['future', {}, 'ENGINE_MISMATCH', /Python >=3\.99/],
    ['good-mcp', { interpreter: '3.99' }, 'ENGINE_MISMATCH', /Python 3\.99/],
    ['src-only', {}, 'INSTALL_FAILED', /src-only/],
    ['windows', {}, 'INSTALL_FAILED', /no wheels with a matching/],
    ['mangled', {}, 'INSTALL_FAILED', /hash mismatch/],
    ['from-git', {}, 'INSTALL_FAILED', /no index vouches for: x @ git/],
    ['lacking', {}, 'INSTALL_FAILED', /lacks something it needs: nothing-like-it/],
    ['shells', {}, 'BIN_UNRESOLVED', /several programs \(one, two\)/],
    ['extra', {}, 'BIN_UNRESOLVED', /no program; `bin: python`/],
    ['good-mcp', { bin: 'none' }, 'BIN_UNRESOLVED', /no program "none", only good-mcp/],
    ['extra', { extras: ['nope'] }, 'INSTALL_FAILED', /no extra "nope", only more/],
    ['good-mcp', { version: '^1' }, 'UNKNOWN_VERSION', /no version, range or tag/],
    ['-r x', {}, 'UNKNOWN_PACKAGE', /no package name/],
  ])('%s with %j is refused with %s, and leaves nothing', async (name, wish, code, message) => {
    expect(await prepare(pythonSpec(name, wish))).toMatchObject({
      ok: false,
      failure: { code, message: expect.stringMatching(message) },
    });
    expect(versions()).toEqual([]);
  });

  it('falls back to what fits the Python that there is', async () => {
    expect(await prepare(pythonSpec('aging'))).toMatchObject({ ok: true, version: '1.0' });
  });

  it.each([
    [401, 'INSTALL_FAILED', /refuses us/],
    [500, 'INSTALL_FAILED', /does not answer as it should/],
  ])('of an index that answers %s is refused', async (status, code, message) => {
    index.answer = status;
    expect(await prepare(pythonSpec('good-mcp'), { UV_CACHE_DIR: join(root, 'cache') })).toMatchObject({
      ok: false,
      failure: { code, message: expect.stringMatching(message) },
    });
  });

  it('is installed from an index without JSON', async () => {
    index.isOld = true;
    const changes = { UV_CACHE_DIR: join(root, 'cache') };
    expect(await prepare(pythonSpec('good-mcp'), changes)).toMatchObject({ ok: true, version: '1.1' });
  });

  const isEverywhere = ['/usr/local/bin/uv', '/opt/homebrew/bin/uv'].some((each) => existsSync(each));
  it.skipIf(isEverywhere)('asks for uv in one line', async () => {
    const prepared = await prepare(pythonSpec('good-mcp'), { PATH: '/nowhere' });
    expect(prepared).toMatchObject({
      ok: false,
      failure: {
        message: expect.stringContaining('there is no uv'),
        hint: expect.stringContaining('https://astral.sh/uv/install.sh'),
      },
    });
  });
});

describe.skipIf(!hasTools)('updates of a Python package', { timeout: 180_000 }, () => {
  const memory = NO_UPDATES;
  const updates = () =>
    createPackageUpdates({ ...parts(), clock: systemClock, queue: createInstaller(parts()).queue });

  async function check(name: string, from: string, wish: Wish = {}) {
    const spec = pythonSpec(name, wish);
    await updates().install({ ...spec, source: { ...spec.source, version: from } }, from, {
      signal: WANTED,
      onProgress: () => undefined,
    });
    await updates().switchTo(spec, from);
    return updates().check(spec, memory, WANTED);
  }

  it('offer the newest version that is neither withdrawn nor a prerelease', async () => {
    expect(await check('good-mcp', '1.0')).toMatchObject({
      running: '1.0',
      candidate: '1.1',
      latest: '1.1',
      error: null,
    });
  });

  it('say that what runs was withdrawn', async () => {
    expect(await check('good-mcp', '1.2')).toMatchObject({
      candidate: null,
      held: [{ version: '1.1', reason: 'backwards' }],
    });
  });

  it('hold back what is too young', async () => {
    expect(await check('young', '1.0', { update: { minimumAge: 86_400_000 } })).toMatchObject({
      candidate: null,
      held: [{ version: '1.1', reason: 'minimum_age' }],
    });
  });

  it('hold back what no longer proves where it was built', async () => {
    expect(await check('lost', '1.0')).toMatchObject({ held: [{ version: '1.1', reason: 'attestation' }] });
  });

  it('hold back what no Python here runs', async () => {
    expect(await check('aging', '1.0')).toMatchObject({ held: [{ version: '2.0', reason: 'engine' }] });
  });

  it('install beside, switch and go back', async () => {
    const spec = pythonSpec('good-mcp');
    const how = { signal: WANTED, onProgress: () => undefined };
    for (const version of ['1.0', '1.1']) {
      expect(await updates().install(spec, version, how)).toEqual({ ok: true });
      await updates().switchTo(spec, version);
    }
    expect(await updates().current(spec)).toBe('1.1');
    await updates().switchTo(spec, '1.0.0');
    expect(await updates().current(spec)).toBe('1.0');
    expect(versions()).toEqual(['1.0', '1.1']);
  });

  it('install nothing that is younger than allowed', async () => {
    const spec = pythonSpec('young', { update: { minimumAge: 86_400_000 } });
    const lastWeek = new Date(Date.now() - 7 * 86_400_000).toISOString();
    const limited = createPackageUpdates({
      ...parts({ UV_EXCLUDE_NEWER: lastWeek }),
      clock: systemClock,
      queue: createInstaller(parts()).queue,
    });
    expect(await limited.install(spec, '1.1', { signal: WANTED, onProgress: () => undefined })).toMatchObject(
      {
        ok: false,
        refusal: expect.stringContaining('younger than the settings of uv allow'),
      },
    );
  });
});
