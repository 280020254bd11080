import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  findUv,
  isTooOld,
  readUvVersion,
  requireUv,
  uvEnvironment,
} from '../../../src/packages/pypi/uv-command.ts';
import { systemClock } from '../../../src/system/time/clock.ts';

const root = mkdtempSync(join(tmpdir(), 'uv-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Makes a uv that prints a line and ends; returns its folder. */
function fakeUv(name: string, script: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'uv'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

function runWith(path: string) {
  const environment = { PATH: `${path}:/usr/bin:/bin`, HOME: root };
  return { environment, timeout: 25_000, signal: new AbortController().signal, clock: systemClock };
}

describe('findUv()', () => {
  it('prefers the PATH, then looks where the installers put it', () => {
    const first = fakeUv('first', '');
    const own = fakeUv('.local/bin', '');
    expect(findUv({ PATH: `relative:${root}/none:${first}`, HOME: root })).toBe(join(first, 'uv'));
    expect(findUv({ PATH: `${root}/none`, HOME: root })).toBe(join(own, 'uv'));
  });
});

describe('requireUv()', () => {
  it('takes one that is new enough', async () => {
    const found = await requireUv(runWith(fakeUv('new', 'echo "uv 0.13.9 (x86_64-unknown-linux-gnu)"')));
    expect(found).toMatchObject({ ok: true, uv: { version: '0.13.9' } });
  });

  it('refuses one that is too old, with its cure', async () => {
    const found = await requireUv(runWith(fakeUv('old', 'echo uv 0.9.30')));
    expect(found).toMatchObject({
      ok: false,
      error: {
        reason: expect.stringContaining('is older than 0.10.8'),
        hint: expect.stringContaining('uv self update'),
      },
    });
  });

  it('refuses one that does not run', async () => {
    const found = await requireUv(runWith(fakeUv('broken', 'exit 3')));
    expect(found).toMatchObject({
      ok: false,
      error: { reason: expect.stringContaining('does not run (exit code 3)') },
    });
  });

  it.each([
    ['0.10.7', true],
    ['0.9.99', true],
    ['0.10.8', false],
    ['0.13.0', false],
    ['1.0.0', false],
  ])('%s is too old: %s', (version, expected) => {
    expect(isTooOld(version)).toBe(expected);
  });

  it('reads versions', () => {
    expect(readUvVersion('uv 0.10.8\n')).toBe('0.10.8');
    expect(readUvVersion('something else')).toBeNull();
  });
});

describe('uvEnvironment()', () => {
  it('keeps what reaches an index, and nothing of another Python', () => {
    const kept = {
      HOME: '/h',
      PATH: '/bin',
      HTTPS_PROXY: 'http://proxy',
      SSL_CERT_FILE: '/ca',
      UV_DEFAULT_INDEX: 'https://index/simple',
      UV_INDEX_OWN_PASSWORD: 'x',
      UV_PYTHON_DOWNLOADS: 'never',
      UV_CONFIG_FILE: '/uv.toml',
      UV_SYSTEM_CERTS: '1',
    };
    const dropped = {
      UV_PYTHON: '3.9',
      UV_NO_BINARY: '1',
      UV_PRERELEASE: 'allow',
      UV_SKIP_WHEEL_FILENAME_CHECK: '1',
      VIRTUAL_ENV: '/v',
      PYTHONPATH: '/p',
      CONDA_PREFIX: '/c',
      PIP_INDEX_URL: 'https://x',
    };
    expect(uvEnvironment({ ...kept, ...dropped, GONE: undefined })).toEqual({
      ...kept,
      UV_NO_WRAP: '1',
      NO_COLOR: '1',
      UV_NO_PROGRESS: '1',
      UV_LOCK_TIMEOUT: '60',
    });
  });
});
