// Time of a global install, and its size on the disk. It needs the network: all dependencies come from the registry.
import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../lib/clean-up.mjs';
import { row } from '../lib/rows.mjs';

export const title = 'npm install --global, with a warm cache of npm';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
/** Ms: a connection of npm that says nothing is tried again, and an install that does not end is given up. */
const [SILENT, LONGEST] = [20_000, 180_000];

export async function measure({ quick }) {
  const folder = await temporaryFolder();
  // Without `prepack`, which would build once more.
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: ROOT });
  const [tarball] = await readdir(folder);
  const times = [];
  let size = 0;
  // The first one fills the cache.
  for (let round = -1; round < (quick ? 1 : 5); round += 1) {
    const prefix = await temporaryFolder();
    const since = performance.now();
    await run(
      'npm',
      [
        'install',
        '--global',
        '--prefix',
        prefix,
        '--no-audit',
        '--no-fund',
        `--fetch-timeout=${SILENT}`,
        join(folder, tarball),
      ],
      { timeout: LONGEST },
    );
    if (round >= 0) times.push(performance.now() - since);
    size = await bytesBelow(prefix);
  }
  const mebibytes = 1024 ** 2;
  return [
    row({ who: 'mcp-watchdog, time', samples: times, unit: 'ms', target: { of: 'median', atMost: 6000 } }),
    row({
      who: 'mcp-watchdog, size',
      samples: [size / mebibytes],
      unit: 'MiB',
      target: { of: 'median', atMost: 30 },
    }),
  ];
}

async function bytesBelow(folder) {
  let sum = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const stats = await lstat(join(folder, name));
    if (stats.isFile()) sum += stats.size;
  }
  return sum;
}
