import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createHome, packageSpec } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { requireThat } from '../fakes/require-program.ts';

const NAME = '@upstash/context7-mcp';
const isReachable = spawnSync('npm', ['view', NAME, 'version'], { timeout: 20_000 }).status === 0;
let home: Home;

beforeEach(() => {
  home = createHome('');
});
afterEach(() => home.remove());

test.skipIf(!requireThat('an npm registry', isReachable))(
  'context7 is installed from the registry that this machine is configured for',
  async () => {
    const environment = process.env;
    const prepared = await home.prepare(packageSpec(`${NAME}@latest`, { name: 'context7' }), { environment });
    if (!prepared.ok) throw new Error(prepared.failure.message);
    const { version, argv } = prepared;
    expect(home.versions('context7')).toEqual([version]);
    expect(readlinkSync(join(home.servers, 'context7', 'current'))).toBe(`versions/${version}`);
    const folder = join(home.servers, 'context7', 'versions', version, 'node_modules', NAME);
    expect(argv).toEqual([process.execPath, join(folder, 'dist', 'index.js')]);
    const told = new RegExp(
      String.raw`^context7: installing ${NAME}@latest: \d+ packages, [\d.]+ MiB, \d+ s$`,
    );
    expect(home.lines).toContainEqual(expect.stringMatching(told));
    const [node, file] = argv;
    const { stdout } = spawnSync(node, [file ?? '', '--version'], { encoding: 'utf8' });
    expect(stdout.trim()).toBe(version);
  },
  120_000,
);
