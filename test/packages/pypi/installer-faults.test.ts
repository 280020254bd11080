// Faults of disk and network under the installation of Python packages, with the real uv.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackageSpec } from '../../../src/core/model/server-spec.ts';
import { createInstaller } from '../../../src/packages/installer.ts';
import { namesIn } from '../../fakes/install-home.ts';
import { type PythonIndex, startPythonIndex } from '../../fakes/python-index.ts';
import { requireProgram, requireThat } from '../../fakes/require-program.ts';
import { specOf } from '../../fakes/spec.ts';
import { canMount, mountTinyDisk } from '../../fakes/tiny-disk.ts';

const hasTools = requireProgram('uv') && requireProgram('python3');
const hasDisks = requireThat('the right to mount a tmpfs', canMount());
let index: PythonIndex;
let python: string;
let cache: string;

beforeAll(async () => {
  if (!hasTools) return;
  const ask = 'import os, sys; print(os.path.dirname(sys.executable))';
  python = execFileSync('python3', ['-c', ask], { encoding: 'utf8' }).trim();
  cache = mkdtempSync(join(tmpdir(), 'uv-cache-'));
  const one = { name: 'good', scripts: { good: 'good:main' } };
  const big = { 'big/data.txt': randomBytes(1_500_000).toString('base64') };
  index = await startPythonIndex([
    { ...one, version: '1.0' },
    { ...one, version: '2.0' },
    { name: 'big', version: '1.0', scripts: { big: 'big:main' }, files: big },
  ]);
});
afterAll(async () => {
  await index?.close();
  if (cache !== undefined) rmSync(cache, { recursive: true, force: true });
});

function spec(name: string, version: string): PackageSpec {
  const python_ = { extras: [], interpreter: null, with: [] };
  const source = {
    kind: 'package',
    manager: 'pypi',
    package: `pypi:${name}`,
    version,
    bin: null,
    python: python_,
  } as const;
  return { ...specOf({ name: 'some' }), source };
}

function prepare(root: string, wanted: PackageSpec, changes: Record<string, string> = {}) {
  const environment = {
    PATH: `${python}:${process.env['PATH'] ?? ''}`,
    HOME: root,
    UV_DEFAULT_INDEX: index.url,
    UV_CACHE_DIR: cache,
    UV_PYTHON_DOWNLOADS: 'never',
    UV_HTTP_RETRIES: '0',
    ...changes,
  };
  const installer = createInstaller({ paths: { servers: join(root, 'servers') }, environment });
  return installer.prepare(wanted, new AbortController().signal);
}

const versionsIn = (root: string): string[] => namesIn(join(root, 'servers', 'some', 'versions'));

describe.skipIf(!hasTools || !hasDisks)('a full disk', { timeout: 180_000 }, () => {
  it.each([
    ['of the home', (full: string) => ({ home: full, cache })],
    [
      'of the cache of uv',
      (full: string) => ({ home: mkdtempSync(join(tmpdir(), 'home-')), cache: join(full, 'c') }),
    ],
  ])(
    '%s is one clear failure, leaves nothing, and is no hindrance once there is room',
    async (_what, where) => {
      const disk = mountTinyDisk('900k')!;
      const { home, cache: own } = where(disk.folder);
      try {
        const failed = await prepare(home, spec('big', '1.0'), { UV_CACHE_DIR: own });
        expect(failed).toMatchObject({ ok: false, failure: { code: 'DISK_FULL', retry: 'backoff' } });
        expect(versionsIn(home)).toEqual([]);
        expect(await prepare(home, spec('big', '1.0'))).toMatchObject(
          home === disk.folder ? { ok: false } : { ok: true, version: '1.0' },
        );
      } finally {
        disk.remove();
        if (home !== disk.folder) rmSync(home, { recursive: true, force: true });
      }
    },
  );
});

describe.skipIf(!hasTools)('an index that is away', { timeout: 180_000 }, () => {
  /** An address at which nobody answers. */
  async function deadAddress(): Promise<string> {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    await new Promise((resolve) => void server.close(resolve));
    return `http://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 1}/simple`;
  }

  it('leaves what is installed running, and says so; without anything it is a failure', async () => {
    const root = mkdtempSync(join(tmpdir(), 'home-'));
    try {
      const away = { UV_DEFAULT_INDEX: await deadAddress(), UV_CACHE_DIR: join(root, 'empty-cache') };
      expect(await prepare(root, spec('good', 'latest'), away)).toMatchObject({
        ok: false,
        failure: { retry: 'backoff', message: expect.stringContaining('Cannot install pypi:good@latest: ') },
      });
      expect(versionsIn(root)).toEqual([]);
      expect(await prepare(root, spec('good', '1.0'))).toMatchObject({ ok: true, version: '1.0' });
      expect(await prepare(root, spec('good', '2.0'), away)).toMatchObject({
        ok: true,
        version: '1.0',
        note: expect.stringContaining('using 1.0, which is installed'),
      });
      expect(await prepare(root, spec('good', '2.0'))).toMatchObject({
        ok: true,
        version: '2.0',
        note: null,
      });
    } finally {
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
