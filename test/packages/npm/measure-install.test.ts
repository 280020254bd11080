import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { measureInstall } from '../../../src/packages/npm/measure-install.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'progress-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, bytes: number): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), 'x'.repeat(bytes));
}

test('measureInstall() counts packages at any depth and the bytes of all files', async () => {
  await write('package.json', 10);
  await write('node_modules/a/index.js', 100);
  await write('node_modules/a/lib/deep/x.js', 1000);
  await write('node_modules/a/node_modules/c/index.js', 1);
  await write('node_modules/@s/b/index.js', 2);
  await write('node_modules/.bin/a', 4);
  expect(await measureInstall(folder)).toEqual({ packages: 3, bytes: 1117 });
});

test('measureInstall() finds nothing in a folder that is gone', async () => {
  expect(await measureInstall(join(folder, 'gone'))).toEqual({ packages: 0, bytes: 0 });
});
