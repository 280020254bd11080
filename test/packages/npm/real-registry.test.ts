import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { NO_UPDATES } from '../../../src/core/model/update.ts';
import { createInstallQueue } from '../../../src/packages/install-queue.ts';
import { createPackageUpdates } from '../../../src/packages/package-updates.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { createHome, packageSpec, WANTED } from '../../fakes/install-home.ts';
import type { Home } from '../../fakes/install-home.ts';
import { npmEnvironment } from '../../fakes/npm-environment.ts';
import { requireThat } from '../../fakes/require-program.ts';

const NAME = '@upstash/context7-mcp';
const { status } = spawnSync('npm', ['view', NAME, 'version'], { env: npmEnvironment(), timeout: 20_000 });
const isReachable = status === 0;
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

test.skipIf(!requireThat('an npm registry', isReachable))(
  'of an older context7 the newer one is found, installed beside it and switched to',
  async () => {
    const older = '4.0.0';
    const environment = process.env;
    const spec = packageSpec(`${NAME}@^${older}`, { name: 'context7' });
    const prepared = await home.prepare(packageSpec(`${NAME}@${older}`, { name: 'context7' }), {
      environment,
    });
    expect(prepared).toMatchObject({ ok: true, version: older });
    const updates = createPackageUpdates({ paths: home, clock: systemClock, queue: createInstallQueue() });
    const { candidate, ...outlook } = await updates.check(spec, NO_UPDATES, WANTED);
    expect(outlook).toMatchObject({ running: older, error: null });
    expect(candidate).toMatch(/^4\.\d+\.\d+$/);
    if (candidate === null) throw new Error('No candidate');
    const options = { signal: WANTED, onProgress: () => undefined };
    expect(await updates.install(spec, candidate, options)).toEqual({ ok: true });
    expect(home.versions('context7')).toEqual([older, candidate].sort());
    expect(await updates.current(spec)).toBe(older);
    await updates.switchTo(spec, candidate);
    expect(await home.prepare(spec, { environment })).toMatchObject({ ok: true, version: candidate });
    expect(await updates.check(spec, NO_UPDATES, WANTED)).toMatchObject({
      running: candidate,
      candidate: null,
    });
  },
  120_000,
);
