// The time limit of an installation, in virtual time: it counts from the last progress.
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type FetchResult, fetchPackage, planInstall } from '../../src/packages/fetch-package.ts';
import { FakeClock } from '../fakes/clock.ts';
import { createHome, packageSpec, WANTED } from '../fakes/install-home.ts';
import type { Home } from '../fakes/install-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

const MINUTE = 60_000;
let home: Home;

beforeEach(() => {
  home = createHome('http://127.0.0.1:1/');
});
afterEach(() => home.remove());

/** Installs with a tool that goes on until it is ended, and whose folder has this size at a time. */
async function installing(bytesAt: (elapsed: number) => number) {
  const clock = new FakeClock();
  const job = await planInstall(packageSpec('some-mcp@latest'), home.servers, WANTED);
  const failed = { code: 'INSTALL_FAILED', reason: 'it was ended', hint: '' } as const;
  let isRunning = false;
  const fetching = fetchPackage(
    {
      ...job,
      manager: {
        ...job.manager,
        measure: () => Promise.resolve({ packages: 1, bytes: bytesAt(clock.elapsed) }),
        install: ({ onStarted }, { expiry }) => {
          onStarted();
          isRunning = true;
          return new Promise((resolve) => {
            expiry?.addEventListener('abort', () => resolve(failed));
          });
        },
      },
    },
    {
      clock,
      environment: {},
      timeout: 2 * MINUTE,
      progress: () => undefined,
      isCurrent: true,
      before: null,
    },
  );
  let result: FetchResult | null = null;
  void fetching.then((fetched) => (result = fetched));
  await waitFor(() => isRunning);
  return { clock, fetching, isOver: () => result !== null };
}

test('what still grows is not ended', async () => {
  const { clock, isOver, fetching } = await installing((elapsed) => Math.min(elapsed, 20 * MINUTE));
  await clock.advance(21 * MINUTE);
  expect(isOver()).toBe(false);
  await clock.advance(2 * MINUTE);
  expect(await fetching).toMatchObject({ ok: false, failure: { message: expect.stringContaining('ended') } });
});

test('what never grows is ended after the limit', async () => {
  const { clock, isOver, fetching } = await installing(() => 0);
  await clock.advance(2 * MINUTE - 1);
  expect(isOver()).toBe(false);
  await clock.advance(1);
  expect(await fetching).toMatchObject({ ok: false });
});

test('what grows for an hour is ended', async () => {
  const { clock, isOver, fetching } = await installing((elapsed) => elapsed);
  await clock.advance(59 * MINUTE);
  expect(isOver()).toBe(false);
  await clock.advance(MINUTE);
  expect(await fetching).toMatchObject({ ok: false });
});
