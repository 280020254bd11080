import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { describeGrowth, watchGrowth } from '../../src/packages/install-progress.ts';
import { measureInstall } from '../../src/packages/npm/measure-install.ts';
import { FakeClock } from '../fakes/clock.ts';
import { waitFor } from '../fakes/wait-for.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'progress-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, bytes: number): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), 'x'.repeat(bytes));
}

test('watchGrowth() tells once a second what is new, and nothing after its end', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const end = watchGrowth(folder, {
    measure: measureInstall,
    clock,
    onGrowth: (growth, elapsed) => told.push(describeGrowth(growth, elapsed)),
  });
  await clock.advance(999);
  expect(told).toEqual([]);
  await write('node_modules/a/index.js', 1024 * 1024);
  const wait = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await waitFor(() => clock.pending === 1, { what: 'the next alarm' });
  };
  await wait(1);
  await wait(1000);
  await write('node_modules/b/index.js', 512 * 1024);
  await wait(1000);
  end();
  await write('node_modules/c/index.js', 1);
  await clock.advance(10_000);
  expect(told).toEqual(['1 package, 1.0 MiB, 1 s', '2 packages, 1.5 MiB, 3 s']);
});
