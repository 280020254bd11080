import { lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openStore, removeLeftovers } from '../../src/packages/store.ts';
import type { StoredPackage } from '../../src/packages/store.ts';
import type { InstalledVersion } from '../../src/packages/manager/package-manager.ts';
import { npmManager } from '../../src/packages/npm/npm-manager.ts';

const stored = (id: string): StoredPackage => ({
  manager: npmManager,
  source: { kind: 'package', manager: 'npm', package: id, version: 'latest', bin: null },
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function fill(target: string, name: string, version: string): Promise<void> {
  const packageFolder = join(target, 'node_modules', name);
  await mkdir(packageFolder, { recursive: true });
  await writeFile(
    join(packageFolder, 'package.json'),
    JSON.stringify({ name, version, engines: { node: '>=18' } }),
  );
}

async function add(version: string, name = '@a/b'): Promise<InstalledVersion> {
  const store = openStore(folder, stored(name));
  const staged = await store.stage();
  await fill(staged, name, version);
  const found = store.inspect(staged);
  if (found === null) throw new Error('nothing staged');
  return store.commit(found);
}

describe('a store', () => {
  test('lists complete versions, newest first', async () => {
    for (const version of ['1.2.0', '1.10.0', '2.0.0-rc.1']) await add(version);
    const versions = (await openStore(folder, stored('@a/b')).list()).map(({ version }) => version);
    expect(versions).toEqual(['2.0.0-rc.1', '1.10.0', '1.2.0']);
  });

  test('is empty, and not an error, before anything is installed', async () => {
    const store = openStore(join(folder, 'never'), stored('@a/b'));
    expect(await store.list()).toEqual([]);
    expect(await store.current()).toBe(null);
  });

  test.each([
    ['an empty folder', () => mkdir(join(folder, 'versions/1.0.0'), { recursive: true })],
    ['another version than its name says', () => fill(join(folder, 'versions/1.0.0'), '@a/b', '1.0.1')],
    ['another package', () => fill(join(folder, 'versions/1.0.0'), 'c', '1.0.0')],
    [
      'a half-written package.json',
      async () => {
        await fill(join(folder, 'versions/1.0.0'), '@a/b', '1.0.0');
        await writeFile(join(folder, 'versions/1.0.0/node_modules/@a/b/package.json'), '{"name":"@a/b","ver');
      },
    ],
  ])('does not take %s for an installed version', async (_what, make) => {
    await make();
    expect(await openStore(folder, stored('@a/b')).list()).toEqual([]);
  });

  test('keeps what bears the name of a new version, and puts the new one beside it', async () => {
    await add('1.0.0', 'c');
    const added = await add('1.0.0');
    expect((await openStore(folder, stored('@a/b')).list()).map(({ folder: each }) => each)).toEqual([
      added.folder,
    ]);
    expect((await openStore(folder, stored('c')).list()).map(({ version }) => version)).toEqual(['1.0.0']);
  });

  test('keeps the version that is there when it is installed again', async () => {
    const first = await add('1.0.0');
    expect((await add('1.0.0')).folder).toBe(first.folder);
  });

  test('points current at a version with a link relative to its own folder', async () => {
    const store = openStore(folder, stored('@a/b'));
    await store.switchTo(await add('1.0.0'));
    expect((await store.current())?.version).toBe('1.0.0');
    await store.switchTo(await add('1.1.0'));
    expect(await readlink(join(folder, 'current'))).toBe('versions/1.1.0');
    expect((await store.current())?.version).toBe('1.1.0');
    expect(await readdir(folder)).toEqual(['current', 'versions']);
  });

  test('has no current version when the link leads nowhere', async () => {
    await add('1.0.0');
    await symlink('versions/9.9.9', join(folder, 'current'));
    expect(await openStore(folder, stored('@a/b')).current()).toBe(null);
  });

  test('leaves the old link where it was when the new one cannot take its place', async () => {
    const added = await add('1.0.0');
    await mkdir(join(folder, 'current/in-the-way'), { recursive: true });
    await expect(openStore(folder, stored('@a/b')).switchTo(added)).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['current', 'versions']);
  });
});

test('removeLeftovers() removes what was interrupted and no version', async () => {
  const store = openStore(folder, stored('@a/b'));
  await store.switchTo(await add('1.0.0'));
  await fill(await store.stage(), '@a/b', '2.0.0');
  await symlink('versions/2.0.0', join(folder, '.tmp-12345678'));
  await removeLeftovers(folder);
  expect(await readdir(folder)).toEqual(['current', 'versions']);
  expect(await readdir(join(folder, 'versions'))).toEqual(['1.0.0']);
  expect((await lstat(join(folder, 'current'))).isSymbolicLink()).toBe(true);
});
