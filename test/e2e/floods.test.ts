// Flooding server: it loses lines of its own and affects no other server.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, freePort, httpFixture, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const MIB = 2 ** 20;

/** Slow answers of a server that is busy printing are not what is looked at here. */
const PATIENT: Settings = { probe: { interval: '500ms', timeout: '20s', failures: 3 } };

/** What the daemon says and weighs while `isOver` is false. */
async function watchDaemon(
  daemon: RunningDaemon,
  isOver: () => boolean,
): Promise<{ slowest: number; largest: number }> {
  let slowest = 0;
  let largest = 0;
  await waitFor(
    async () => {
      const asked = performance.now();
      const resident = await daemon.metric('process_resident_memory_bytes');
      slowest = Math.max(slowest, performance.now() - asked);
      largest = Math.max(largest, resident ?? Infinity);
      return isOver();
    },
    { timeout: 300_000, what: 'the end of the flood' },
  );
  return { slowest, largest };
}

function logOf({ home }: RunningDaemon, server: string): string {
  const path = `${home}/logs/servers/${server}.log`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function droppedBytes(daemon: RunningDaemon, server: string): number {
  const notes = logOf(daemon, server).matchAll(/\((\d+) bytes\) of std(?:out|err) came too fast/g);
  return [...notes].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

describe('a flood of 100 MB/s', { timeout: 400_000 }, () => {
  test.each([
    ['stderr of a server on a pipe', 'flood-stderr', 'stdio'],
    ['stdout of a server over HTTP', 'flood-stdout', 'http'],
  ] as const)(
    'on the %s leaves the daemon awake and small, and the other server alone',
    async (_, behaviour, transport) => {
      const args = ['--behaviour', behaviour, '--rate', '100000000'];
      const daemon = await startDaemon({
        calm: fixture([], PATIENT),
        loud: transport === 'stdio' ? fixture(args, PATIENT) : httpFixture(await freePort(), args, PATIENT),
      });
      const [calm, loud] = [await daemon.up('calm'), await daemon.up('loud')];
      // More than a daemon that kept it all could hold; beside other work a full pipe is emptied 20 times a second only.
      const { slowest, largest } = await watchDaemon(daemon, () => droppedBytes(daemon, 'loud') > 100 * MIB);
      expect(slowest).toBeLessThan(5000);
      expect(largest).toBeLessThan(150 * MIB);
      expect(await daemon.server('calm')).toMatchObject({ pid: calm.pid, health: { up: true } });
      expect(await daemon.server('loud')).toMatchObject({
        pid: loud.pid,
        health: { up: true },
        lastRestart: null,
      });
      await waitFor(
        async () => (await daemon.journal('log-dropped')).some(({ server }) => server === 'loud'),
        { what: 'the journal to tell' },
      );
      expect(statSync(`${daemon.home}/logs/servers/loud.log`).size).toBeLessThan(11 * MIB);
    },
  );
});

test('a line of 100 MB is kept as its beginning', { timeout: 400_000 }, async () => {
  const daemon = await startDaemon({
    calm: fixture([], PATIENT),
    long: fixture(['--behaviour', 'long-line'], PATIENT),
  });
  const { slowest, largest } = await watchDaemon(daemon, () => toldBytes(daemon) > 99 * MIB);
  expect(slowest).toBeLessThan(5000);
  expect(largest).toBeLessThan(150 * MIB);
  const lines = logOf(daemon, 'long').split('\n');
  // One line, or two: what the server says of itself may end it after the first megabyte.
  expect(lines.filter((line) => line.includes('xxx')).length).toBeLessThanOrEqual(2);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(20_000);
  for (const name of ['calm', 'long']) expect((await daemon.up(name)).run).toBe(1);
});

/** All that the log says is missing. */
function toldBytes(daemon: RunningDaemon): number {
  const cuts = logOf(daemon, 'long').matchAll(/\[(\d+) more bytes\]$/gm);
  return [...cuts].reduce((sum, [, bytes]) => sum + Number(bytes), droppedBytes(daemon, 'long'));
}
