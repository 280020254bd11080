// The wait of `deploy` for its servers, in virtual time: it lasts as long as one of them makes progress.
import { expect, onTestFinished, test } from 'vitest';

import { verifyServers } from '../../../src/commands/setup/verify.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { ServerStatus, Status } from '../../../src/core/model/status.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { DOWN, NOW, serverStatus, status } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const MINUTE = 60_000;
const loaded = { config: { path: 'c', ok: true, error: null, loadedAt: NOW } };
const shown = (change: Partial<ServerStatus>): Status => status([serverStatus(change)], loaded);
const noAnswer = { ...DOWN, up: null };
const installing = (mebibytes: number): Partial<ServerStatus> => ({
  state: 'starting',
  pid: null,
  note: `installing: ${mebibytes} MiB`,
  health: noAnswer,
});
const crashed = { state: 'backoff', pid: null, health: DOWN } as const;

/** Waits two minutes without progress. */
async function verifying(first: Status) {
  const paths = tempHome();
  const daemon = fakeDaemon(first);
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const clock = new FakeClock();
  let heard = 0;
  let isOver = false;
  const ended = verifyServers(
    { paths, arguments: [], flags: {}, colour: false, io: fakeIo({ clock }) },
    {
      names: ['context7'],
      timeout: 2 * MINUTE,
      signal: new AbortController().signal,
      onStatus: () => void (heard += 1),
    },
  );
  ended.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  await waitFor(() => heard > 0);
  return {
    ended,
    clock,
    isOver: () => isOver,
    /** Shows the next status, and lets time pass after it. */
    show: async (change: Partial<ServerStatus>, ms: number) => {
      const before = heard;
      daemon.show(shown(change));
      await waitFor(() => heard > before);
      await clock.advance(ms);
    },
  };
}

test('an installation that goes on is waited for, however long it takes', async () => {
  const { show, ended, isOver } = await verifying(shown(installing(0)));
  for (let minute = 1; minute <= 8; minute += 1) await show(installing(minute), MINUTE);
  await show({ state: 'starting', note: null, health: noAnswer }, MINUTE);
  expect(isOver()).toBe(false);
  await show({}, 0);
  expect(await ended).toMatchObject({ isInterrupted: false, detail: 'the server answers' });
});

test('an installation that stalls ends the wait', async () => {
  const { show, ended } = await verifying(shown(installing(0)));
  await show(installing(1), MINUTE);
  await show(installing(1), MINUTE);
  await expect(ended).rejects.toThrow('1 server does not answer after 2 min');
});

test('what only comes and goes is no progress', async () => {
  const { show, ended } = await verifying(shown(crashed));
  await show({ state: 'starting', health: noAnswer }, MINUTE);
  await show(crashed, 50_000);
  await show({ state: 'starting', run: 2, health: noAnswer }, 10_000);
  await expect(ended).rejects.toThrow('1 server does not answer after 2 min');
});

test('what does not answer is named by the word that status has for it', async () => {
  const first = {
    state: 'watched',
    source: 'url',
    pid: null,
    health: { ...noAnswer, detail: 'no such host' },
  } as const;
  const { clock, ended } = await verifying(shown({ ...first, probes: {} }));
  const failed = expect(ended).rejects.toThrow(
    /^1 server does not answer after .*\n {2}context7: (?!watched)/su,
  );
  await clock.advance(2 * MINUTE);
  await failed;
});
