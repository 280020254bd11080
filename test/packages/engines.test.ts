// Packages that ask for another Node: their dependencies only warn, they themselves give way to an older version.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { createInstaller } from '../../src/packages/installer.ts';
import { createInstallQueue } from '../../src/packages/install-queue.ts';
import { createPackageUpdates } from '../../src/packages/package-updates.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { NO_UPDATES } from '../../src/core/model/update.ts';
import { createHome, packageSpec, WANTED } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import type { StaticRegistry } from '../fakes/static-registry.ts';

const BIN = { bin: 'index.js' };
const FUTURE = { ...BIN, engines: { node: '>=99' } };
const NOW = { ...BIN, engines: { node: '>=18' } };
let registry: StaticRegistry;
let home: Home;

beforeAll(async () => {
  const one = (name: string, version: string, manifest: object = BIN) => ({
    name,
    version,
    manifest: { ...manifest },
  });
  registry = await startRegistry([
    one('moves-on', '1.0.0', NOW),
    one('moves-on', '1.1.0', NOW),
    one('moves-on', '2.0.0', FUTURE),
    one('moves-on', '2.1.0', FUTURE),
    one('new-node', '1.0.0', FUTURE),
    one('unreadable', '1.0.0', { ...BIN, engines: { node: 'the newest' } }),
    one('part', '1.0.0', { engines: { node: '>=99' } }),
    one('leans-on', '1.0.0', { ...NOW, dependencies: { part: '1' } }),
  ]);
});
afterAll(() => registry.close());
beforeEach(() => {
  home = createHome(registry.url);
});
afterEach(() => home.remove());

test('a dependency that asks for another node is installed, and told of', async () => {
  const prepared = await home.prepare(packageSpec('leans-on@latest'));
  const note = `a dependency may not run on this node, ${process.version}: part@1.0.0 asks for node >=99`;
  expect(prepared).toMatchObject({ ok: true, version: '1.0.0', note });
  expect(home.news).toContainEqual({ kind: 'using-installed', server: 'some', version: '1.0.0', why: note });
});

test('`engine-strict` in the settings of npm still refuses it, until the config overrides that', async () => {
  writeFileSync(join(home.environment['HOME'] ?? '', '.npmrc'), 'engine-strict=true\n');
  const refused = await home.prepare(packageSpec('leans-on@latest'));
  expect(refused).toMatchObject({ ok: false, failure: { code: 'ENGINE_MISMATCH', retry: 'never' } });
  expect(refused).toHaveProperty('failure.message', expect.stringContaining('part@1.0.0 needs node >=99'));
  expect(refused).toHaveProperty('failure.hint', expect.stringContaining('`engine-strict`'));
  const forced = await home.prepare(packageSpec('leans-on@latest', { ignoreEngines: true }));
  expect(forced).toMatchObject({ ok: true, version: '1.0.0' });
});

test.each(['latest', '^1 || ^2'])('the newest version that fits is taken for %s', async (wish) => {
  const prepared = await home.prepare(packageSpec(`moves-on@${wish}`));
  expect(prepared).toMatchObject({ ok: true, version: '1.1.0' });
  expect(home.versions()).toEqual(['1.1.0']);
});

test('a version older than `latest` says why', async () => {
  const prepared = await home.prepare(packageSpec('moves-on@latest'));
  const why =
    `Cannot install moves-on@latest: moves-on@2.1.0 needs node >=99, this is ${process.version}; ` +
    'using 1.1.0, the newest that fits';
  expect(prepared).toMatchObject({ ok: true, note: why });
  expect(home.news).toContainEqual({ kind: 'using-installed', server: 'some', version: '1.1.0', why });
});

test.each([
  ['an exact version', 'moves-on@2.1.0', 'moves-on@2.1.0 needs node >=99'],
  ['a package without a version that fits', 'new-node@latest', 'new-node@1.0.0 needs node >=99'],
  ['an engine that nobody can read', 'unreadable@1', 'needs node the newest'],
])('%s is refused once, and npm does not run again', async (_what, wish, words) => {
  const { servers, environment, lines } = home;
  const onProgress = (_server: string, line: string): void => void lines.push(line);
  const installer = createInstaller({ paths: { servers }, environment, onProgress });
  const refused = await installer.prepare(packageSpec(wish), WANTED);
  expect(refused).toMatchObject({ ok: false, failure: { code: 'ENGINE_MISMATCH', retry: 'never' } });
  expect(refused).toHaveProperty('failure.message', expect.stringContaining(words));
  expect(refused).toHaveProperty('failure.hint', expect.stringContaining('update: {ignoreEngines: true}'));
  expect(home.versions()).toEqual([]);
  const asked = registry.requests.length;
  expect(await installer.prepare(packageSpec(wish), WANTED)).toEqual(refused);
  expect(registry.requests.length).toBe(asked);
  const forced = await installer.prepare(packageSpec(wish, { ignoreEngines: true }), WANTED);
  expect(forced).toMatchObject({ ok: true });
});

test('an update is not held for an engine that the config ignores', async () => {
  const { servers, environment } = home;
  await home.prepare(packageSpec('moves-on@1.1.0'));
  const updates = createPackageUpdates({
    paths: { servers },
    clock: systemClock,
    queue: createInstallQueue(),
    environment,
  });
  const held = await updates.check(packageSpec('moves-on@latest'), NO_UPDATES, WANTED);
  expect(held).toMatchObject({ candidate: null, held: [{ reason: 'engine' }, { reason: 'engine' }] });
  const spec = packageSpec('moves-on@latest', { ignoreEngines: true });
  expect(await updates.check(spec, NO_UPDATES, WANTED)).toMatchObject({ candidate: '2.1.0', held: [] });
  const { signal, onProgress } = { signal: WANTED, onProgress: () => undefined };
  expect(await updates.install(spec, '2.1.0', { signal, onProgress })).toEqual({ ok: true });
});
