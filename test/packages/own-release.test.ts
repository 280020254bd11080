import { afterAll, beforeAll, expect, test } from 'vitest';

import { findNewerRelease } from '../../src/packages/own-release.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { createHome, WANTED } from '../fakes/install-home.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import type { StaticRegistry } from '../fakes/static-registry.ts';

const NAME = 'mcp-watchdog';
let registry: StaticRegistry;

beforeAll(async () => {
  registry = await startRegistry([]);
});
afterAll(() => registry.close());

async function ask(version: string, { url = registry.url, timeout = 30_000 } = {}) {
  const home = createHome(url);
  const own = { package: NAME, version, node: 'v20.19.0' };
  const { environment } = home;
  const answer = await findNewerRelease(own, { environment, timeout, signal: WANTED, clock: systemClock });
  home.remove();
  return answer;
}

test('a package that was never published, a registry that is away or slow are no news', async () => {
  expect(await ask('0.1.0')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('knows no package'),
  });
  expect(await ask('0.1.0', { url: 'http://127.0.0.1:1/' })).toMatchObject({ kind: 'unknown' });
  registry.lie('packument', NAME, 'hang');
  expect(await ask('0.1.0', { timeout: 1500 })).toMatchObject({ kind: 'unknown' });
  registry.lie('packument', NAME, null);
  expect(await ask('unknown')).toMatchObject({ kind: 'unknown' });
});

test('the newest that this node can run is told, once it is there', async () => {
  registry.announce(NAME, ['0.1.0'], Date.now());
  expect(await ask('0.1.0')).toEqual({ kind: 'newest' });
  registry.announce(NAME, ['0.2.0', '0.3.0', '0.4.0'], Date.now());
  registry.amend(NAME, '0.3.0', { engines: { node: '>=22' } });
  registry.amend(NAME, '0.4.0', { deprecated: 'broken' });
  expect(await ask('0.1.0')).toEqual({ kind: 'newer', version: '0.2.0' });
  expect(await ask('0.2.0')).toEqual({ kind: 'newest' });
  expect(await ask('0.9.0')).toEqual({ kind: 'newest' });
});
