import { describe, expect, test } from 'vitest';
import { readProcessRecords, createProcessRegistry } from '../../src/supervisor/process-registry.ts';
import { reapLeftovers } from '../../src/supervisor/reap-leftovers.ts';
import { RUN_MARKER } from '../../src/core/lifecycle/run-marker.ts';
import type { Leader } from '../../src/supervisor/leftover-processes.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { writeFileAtomic } from '../../src/system/files/write-file-atomic.ts';
import { identifyProcess, readBootId } from '../../src/system/process/process-identity.ts';
import { firstLine, isRunning, startGroup, STUBBORN_TREE } from '../fakes/processes.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

const leaderOf = (pid: number, marker = `test/${pid}`): Leader => ({
  server: 'files',
  pid,
  pgid: pid,
  startToken: identifyProcess(pid)?.startToken ?? '',
  marker,
});
const record = (leader: Leader) => ({ ...leader, strays: [] });

describe('reapLeftovers()', () => {
  test('ends a whole tree that an earlier daemon left, TERM-ignoring members included', async () => {
    const left = startGroup(STUBBORN_TREE);
    const child = Number(await firstLine(left));
    const reaped = await reapLeftovers([record(leaderOf(left.pid))], systemClock);
    await waitFor(() => !isRunning(left.pid) && !isRunning(child), { what: 'the end of the tree' });
    expect(reaped.map(({ pid }) => pid)).toContain(left.pid);
  });

  test('never touches a process that only has the number of an earlier one', async () => {
    const stranger = startGroup(['sleep', '60']);
    const stale = { ...leaderOf(stranger.pid), startToken: '1' };
    expect(await reapLeftovers([record(stale)], systemClock)).toEqual([]);
    expect(isRunning(stranger.pid)).toBe(true);
  });

  test('ends what is left of a group whose leader died, known by what it inherited', async () => {
    const marker = `test/orphan/${Math.random()}`;
    const leader = startGroup(['/bin/sh', '-c', 'sleep 60 & echo $!; exit 0'], { [RUN_MARKER]: marker });
    const leaderRecord = record(leaderOf(leader.pid, marker));
    const orphan = Number(await firstLine(leader));
    await waitFor(() => !isRunning(leader.pid));
    expect((await reapLeftovers([leaderRecord], systemClock)).map(({ pid }) => pid)).toEqual([orphan]);
    await waitFor(() => !isRunning(orphan));
  });

  test('leaves alone a group whose leader died and that cannot be told from a stranger', async () => {
    const leader = startGroup(['/bin/sh', '-c', 'sleep 60 & echo $!; exit 0']);
    const leaderRecord = record(leaderOf(leader.pid));
    const member = Number(await firstLine(leader));
    await waitFor(() => !isRunning(leader.pid));
    expect(await reapLeftovers([leaderRecord], systemClock)).toEqual([]);
    expect(isRunning(member)).toBe(true);
  });
});

describe('process records', () => {
  const guardian = { hold: () => {}, drop: () => {}, pid: null, close: () => {} };

  test('are on disk from the start of a process until its end', () => {
    const { processes } = tempHome();
    const registry = createProcessRegistry(processes, { guardian, onFault: () => {} });
    const leader = leaderOf(startGroup(['sleep', '60']).pid);
    registry.add(leader);
    expect(readProcessRecords(processes)).toEqual([record(leader)]);
    registry.addDetached(leader, { pid: 4242, pgid: 4242, startToken: '9' });
    expect(readProcessRecords(processes)[0]?.strays).toHaveLength(1);
    registry.remove(leader);
    expect(readProcessRecords(processes)).toEqual([]);
  });

  test('let go of the group of a stray with its last member', () => {
    const { processes } = tempHome();
    const held = new Set<number>();
    const registry = createProcessRegistry(processes, {
      guardian: { ...guardian, hold: (pgid) => held.add(pgid), drop: (pgid) => held.delete(pgid) },
      onFault: () => {},
    });
    const leader = leaderOf(startGroup(['sleep', '60']).pid);
    const [first, second] = [4242, 4243].map((pid) => ({ pid, pgid: 4242, startToken: '9' }));
    if (first === undefined || second === undefined) throw new Error('two strays');
    registry.add(leader);
    registry.addDetached(leader, first);
    registry.addDetached(leader, second);
    registry.removeDetached(leader, first);
    expect(held).toEqual(new Set([leader.pgid, 4242]));
    registry.removeDetached(leader, second);
    expect(held).toEqual(new Set([leader.pgid]));
    expect(readProcessRecords(processes)[0]?.strays).toEqual([]);
  });

  test.each([
    [
      'of another boot',
      {
        version: 1,
        bootId: 'other',
        processes: [{ server: 's', pid: 500, pgid: 500, startToken: '1', marker: 'm', strays: [] }],
      },
    ],
    [
      'that would address every process',
      {
        version: 1,
        bootId: readBootId(),
        processes: [{ server: 's', pid: 1, pgid: -1, startToken: '1', marker: 'm', strays: [] }],
      },
    ],
    ['of another shape', { version: 1, bootId: readBootId(), processes: [{ pid: 'x' }, null, 7] }],
    ['that are no list', { version: 1, bootId: readBootId(), processes: {} }],
  ])('%s are not read', (_, file) => {
    const { processes } = tempHome();
    writeFileAtomic(processes, JSON.stringify(file));
    expect(readProcessRecords(processes)).toEqual([]);
  });

  test('a truncated file is as good as none', () => {
    const { processes } = tempHome();
    writeFileAtomic(processes, '{"version":1,"bootId"');
    expect(readProcessRecords(processes)).toEqual([]);
  });
});
