// Planned restarts of a real server: files that change, and a cron rule.
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { fixture, startDaemon } from './daemon.ts';

test('a server is restarted when its files change, and by its cron rule', { timeout: 180_000 }, async () => {
  const { home } = tempHome();
  mkdirSync(`${home}/src/deep`, { recursive: true });
  const daemon = await startDaemon(
    {
      watched: fixture([], { restart: { watch: ['src'] } }),
      nightly: fixture([], { restart: { at: '*/3 * * * * *' } }),
      other: fixture(),
    },
    { home },
  );
  for (const name of ['watched', 'nightly', 'other']) await daemon.up(name);
  writeFileSync(`${home}/src/deep/tool.js`, 'changed');
  const watched = await waitFor(async () => {
    const server = await daemon.server('watched');
    return server.restarts.requested === 1 && server;
  });
  expect(watched.lastRestart).toMatchObject({
    reason: 'requested',
    detail: 'deep/tool.js changed (restart.watch)',
  });
  const nightly = await waitFor(async () => {
    const server = await daemon.server('nightly');
    return server.restarts.requested >= 1 && server;
  });
  expect(nightly.lastRestart).toMatchObject({ detail: 'planned: restart.at */3 * * * * *' });
  expect(nightly.backoff).toBe(0);
  expect((await daemon.server('other')).run).toBe(1);
});
