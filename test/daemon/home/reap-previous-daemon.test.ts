import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { type ReapParts, reapPreviousDaemon } from '../../../src/daemon/home/reap-previous-daemon.ts';
import { identifyProcess, readBootId } from '../../../src/system/process/process-identity.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { isRunning, startGroup } from '../../fakes/processes.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const MARKER = 'MCP_WATCHDOG_RUN';

function setUp(given: Partial<ReapParts> = {}) {
  const paths = tempHome();
  const published: UnstampedEvent[] = [];
  const said: string[] = [];
  const say = (_: object, sentence: string): void => void said.push(sentence);
  const log = { trace: say, debug: say, info: say, warn: say, error: say, fatal: say };
  const clock = new FakeClock();
  const parts: ReapParts = {
    paths,
    clock,
    log,
    bus: { publish: (news) => void published.push(news) },
    ...given,
  };
  const write = (bootId: string | null, processes: readonly unknown[]): void =>
    writeFileSync(paths.processes, JSON.stringify({ version: 1, bootId, processes }));
  return { paths, clock, parts, published, said, write };
}

const recordOf = (pid: number, marker = 'm') => ({
  server: 'files',
  pid,
  pgid: pid,
  startToken: identifyProcess(pid)?.startToken ?? '',
  marker,
  strays: [],
});

const unreadable = (): never => {
  throw new WatchdogError('PROCESS_TABLE_UNREADABLE', 'Cannot read the process table: busy');
};

describe('what an earlier daemon left', () => {
  test('is waited for while the system does not tell, and then ended', async () => {
    let attempts = 0;
    const { parts, clock, said, published, write } = setUp({
      reap: (records) => {
        attempts += 1;
        if (attempts < 4) unreadable();
        return Promise.resolve(records.map(({ server, pid }) => ({ server, pid, command: null })));
      },
    });
    write(readBootId(), [recordOf(4242)]);
    const reaping = reapPreviousDaemon(parts);
    await clock.advance(5000);
    expect(await reaping).toEqual(new Set(['files']));
    expect(attempts).toBe(4);
    expect(said).toEqual(['Cannot read the processes of an earlier daemon, retrying']);
    expect(published).toMatchObject([{ kind: 'reaped', server: 'files', pid: 4242 }]);
  });

  test('keeps the daemon from starting when the system never tells, and stays written down', async () => {
    const { parts, clock, paths, write } = setUp({ reap: () => Promise.resolve().then(unreadable) });
    write(readBootId(), [recordOf(4242)]);
    const before = readFileSync(paths.processes, 'utf8');
    const failed = expect(reapPreviousDaemon(parts)).rejects.toMatchObject({
      code: 'PROCESS_TABLE_UNREADABLE',
    });
    await clock.advance(20_000);
    await failed;
    expect(readFileSync(paths.processes, 'utf8')).toBe(before);
  });

  test('is not believed of a boot that nobody can name', async () => {
    const { parts, clock, write, published } = setUp();
    const stranger = startGroup(['sleep', '60']);
    write(null, [recordOf(stranger.pid)]);
    const failed = expect(reapPreviousDaemon(parts)).rejects.toMatchObject({
      code: 'PROCESS_TABLE_UNREADABLE',
      hint: expect.stringContaining('remove that file'),
    });
    await clock.advance(20_000);
    await failed;
    expect(isRunning(stranger.pid)).toBe(true);
    expect(published).toEqual([]);
  });

  test('of a boot that nobody can name is nothing when none of it lives', async () => {
    const { parts, write } = setUp();
    const stranger = startGroup(['sleep', '60']);
    write(null, [{ ...recordOf(stranger.pid), startToken: '1' }]);
    expect(await reapPreviousDaemon(parts)).toEqual(new Set());
    expect(isRunning(stranger.pid)).toBe(true);
  });

  test('of another boot is nothing', async () => {
    const { parts, write } = setUp({ reap: (records) => Promise.resolve(records.map(() => unreadable())) });
    write('earlier', [recordOf(startGroup(['sleep', '60']).pid)]);
    expect(await reapPreviousDaemon(parts)).toEqual(new Set());
  });

  test.skipIf(process.platform !== 'linux')(
    'and is written down no more is known by the mark of a daemon that had this home',
    async () => {
      const { parts, paths, said } = setUp({ clock: systemClock });
      const daemon = { pid: 4_000_001, startToken: '77', bootId: readBootId() };
      const ours = startGroup(['sleep', '60'], { [MARKER]: '4000001.77.uuid/files/3' });
      const another = startGroup(['sleep', '60'], { [MARKER]: '4000001.78.uuid/files/3' });
      const odd = startGroup(['sleep', '60'], { [MARKER]: '4000001.77.uuid' });
      expect(await reapPreviousDaemon(parts)).toEqual(new Set());
      // Without an owner nobody looks, so that a new home costs nothing.
      expect(said).toEqual([]);
      mkdirSync(join(paths.run, 'lock'), { mode: 0o700 });
      writeFileSync(join(paths.run, 'lock', '1'), JSON.stringify(daemon));
      expect(await reapPreviousDaemon(parts)).toEqual(new Set(['files']));
      await waitFor(() => !isRunning(ours.pid), { what: 'the end of what was left' });
      expect([another, odd].map(({ pid }) => isRunning(pid))).toEqual([true, true]);
      expect(existsSync(paths.processes)).toBe(false);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'and was started too late to be written down is known by its mark, beside a record that is whole',
    async () => {
      const { parts, paths, said, write } = setUp({ clock: systemClock });
      const daemon = { pid: 4_000_001, startToken: '77', bootId: readBootId() };
      const marker = '4000001.77.uuid/files/3';
      const recorded = startGroup(['sleep', '60'], { [MARKER]: marker });
      const itsChild = startGroup(['sleep', '60'], { [MARKER]: marker });
      mkdirSync(join(paths.run, 'lock'), { mode: 0o700 });
      writeFileSync(join(paths.run, 'lock', '1'), JSON.stringify(daemon));
      write(readBootId(), [recordOf(recorded.pid, marker)]);
      expect(await reapPreviousDaemon(parts)).toEqual(new Set(['files']));
      await waitFor(() => !isRunning(recorded.pid) && !isRunning(itsChild.pid), { what: 'their end' });
      expect(said).toEqual([]);

      const late = startGroup(['sleep', '60'], { [MARKER]: '4000001.77.uuid/browser/1' });
      write(readBootId(), []);
      expect(await reapPreviousDaemon(parts)).toEqual(new Set(['browser']));
      await waitFor(() => !isRunning(late.pid), { what: 'the end of what nobody wrote down' });
      expect(said).toHaveLength(1);
    },
  );
});
