import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventOf, WatchdogEvent } from '../../src/core/model/events.ts';
import type { ProcessRow, TreeRoot } from '../../src/core/lifecycle/process-tree.ts';
import { createSampler, type SamplerOptions } from '../../src/sampling/sampler.ts';
import { createBus } from '../../src/system/bus.ts';
import { type Clock, systemClock } from '../../src/system/time/clock.ts';
import { readProcessTable } from '../../src/system/process/process-table.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { waitFor } from '../fakes/wait-for.ts';

const isLinux = process.platform === 'linux';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function build(clock: Clock, options: Partial<SamplerOptions> & Pick<SamplerOptions, 'roots'>) {
  const events: WatchdogEvent[] = [];
  const bus = createBus(clock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const sampler = createSampler({ clock, bus, interval: 15_000, ...inventedOnly(options), ...options });
  cleanups.push(() => sampler.stop());
  const ofKind = <K extends 'sampled' | 'collected'>(kind: K): EventOf<K>[] =>
    events.filter((event): event is EventOf<K> => event.kind === kind);
  return {
    sampler,
    bus,
    events,
    ofKind,
    sample: async () => {
      await sampler.sampleNow();
      return ofKind('sampled').at(-1)!.usage;
    },
  };
}

/** Processes that are invented have no memory map to read. */
function inventedOnly({ readTable }: Partial<SamplerOptions>): Pick<SamplerOptions, 'proportional'> {
  return readTable === undefined ? {} : { proportional: null };
}

async function startServer(script: string): Promise<{ child: ChildProcess; root: TreeRoot; line: string }> {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  cleanups.push(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // The whole group has ended by itself.
    }
    return ended;
  });
  const [chunk] = await once(child.stdout, 'data');
  return {
    child,
    root: { server: 'files', pid: child.pid!, pgid: child.pid! },
    line: String(chunk).trim(),
  };
}

function isEmpty(pgid: number): boolean {
  try {
    return !process.kill(-pgid, 0);
  } catch {
    return true;
  }
}

const BURN = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done';

describe('createSampler() on real processes', () => {
  it('sums the whole tree', async () => {
    const { root } = await startServer('sleep 60 & sleep 60 & echo ready; wait');
    const { sample } = build(systemClock, { roots: () => [root] });
    const usage = await sample();
    expect(usage.processes).toBe(3);
    expect(usage.residentBytes).toBeGreaterThan(3 * 200_000);
    expect(usage.cpuCores).toBeNull();
    expect(usage.threads).toBe(isLinux ? 3 : null);
    if (isLinux) expect(usage.openFds).toBeGreaterThanOrEqual(9);
    expect((await sample()).cpuCores).toBeGreaterThanOrEqual(0);
  });

  it('does not lose the time of a child that has ended, and never goes back', async () => {
    const script = `(${BURN}; echo burnt; exec sleep 60) & read line; kill $!; wait $!; echo gone; sleep 60`;
    const { child, root, line } = await startServer(script);
    expect(line).toBe('burnt');
    const { sample } = build(systemClock, { roots: () => [root] });
    const first = await sample();
    expect(first.cpuSeconds).toBeGreaterThan(0.01);
    const gone = once(child.stdout!, 'data');
    child.stdin!.write('go\n');
    await gone;
    const second = await sample();
    expect(second.cpuSeconds).toBeGreaterThanOrEqual(first.cpuSeconds);
    expect(second.residentBytes).toBeGreaterThan(0);
  });

  it('finds what was started since the last sample, and what has ended', async () => {
    const script =
      'echo ready; while read line; do sleep 60 & echo started; done; kill $!; echo ended; exec sleep 60';
    const { child, root } = await startServer(script);
    const { sample } = build(systemClock, { roots: () => [root] });
    const said = async (act: () => void): Promise<number> => {
      const line = once(child.stdout!, 'data');
      act();
      await line;
      return (await sample()).processes;
    };
    expect((await sample()).processes).toBe(1);
    expect(await said(() => child.stdin!.write('go\n'))).toBe(2);
    expect(await said(() => child.stdin!.write('go\n'))).toBe(3);
    expect((await sample()).processes).toBe(3);
    await said(() => child.stdin!.end());
    await waitFor(async () => (await sample()).processes === 2);
  });

  it('goes on counting across a restart', async () => {
    let running = await startServer(`${BURN}; echo ready; sleep 60`);
    const { sample } = build(systemClock, { roots: () => [running.root] });
    const before = await sample();
    process.kill(-running.root.pid, 'SIGKILL');
    await once(running.child, 'exit');
    running = await startServer(`${BURN}; echo ready; sleep 60`);
    const after = await sample();
    expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
    expect(after.cpuCores).toBeNull();
  });

  it('says nothing of a server that has ended', async () => {
    const { root, child } = await startServer('echo ready; sleep 60');
    const { sampler, ofKind } = build(systemClock, { roots: () => [root] });
    process.kill(-root.pid, 'SIGKILL');
    await once(child, 'exit');
    await waitFor(() => isEmpty(root.pgid));
    await sampler.sampleNow();
    expect(ofKind('sampled')).toEqual([]);
    expect(ofKind('collected')).toMatchObject([{ collector: 'process_table', error: null }]);
  });

  it.runIf(isLinux)(
    'names a process that leaves the group once, and keeps it after its parent died',
    async () => {
      // The subshell waits, so that the first sample sees the chain; then it ends and the sleep is an orphan.
      const script = `exec 3<&0; (setsid sleep 60 & read line) <&3 & echo ready; wait $!; echo orphaned; read line`;
      const { root, child } = await startServer(script);
      const told: unknown[] = [];
      const { sampler, sample } = build(systemClock, {
        roots: () => [root],
        onDetached: (...news) => void told.push(news),
      });
      const [escapee] = await waitFor(async () => {
        await sampler.sampleNow();
        const found = sampler.detachedOf('files');
        return found.length > 0 ? found : null;
      });
      cleanups.push(() => process.kill(escapee!.pid, 'SIGKILL'));
      expect(escapee!.pgid).toBe(escapee!.pid);
      const orphaned = once(child.stdout!, 'data');
      child.stdin!.write('go\n');
      await orphaned;
      const rows = await readProcessTable();
      expect(rows.find(({ pid }) => pid === escapee!.pid)!.ppid).not.toBe(root.pid);
      expect((await sample()).processes).toBe(2);
      expect(sampler.detachedOf('files')).toEqual([escapee]);
      expect(told).toEqual([['files', escapee!.pid, escapee!.pgid]]);
      expect(sampler.detachedOf('other')).toEqual([]);
    },
  );
});

const root: TreeRoot = { server: 'files', pid: 100, pgid: 100 };
const row: ProcessRow = {
  pid: 100,
  ppid: 50,
  pgid: 100,
  state: 'alive',
  startToken: 'a',
  residentBytes: 1000,
  cpuSeconds: 1,
  threads: 2,
};

describe('createSampler() in virtual time', () => {
  it('samples once every interval, and soon after a spawn', async () => {
    const clock = new FakeClock();
    const { sampler, bus, ofKind } = build(clock, {
      roots: () => [root],
      readTable: async () => [row],
    });
    sampler.start();
    await clock.advance(14_999);
    expect(ofKind('sampled')).toHaveLength(0);
    await clock.advance(1);
    expect(ofKind('sampled')).toHaveLength(1);
    bus.publish({ kind: 'spawned', server: 'files', run: 1, pid: 100, version: null });
    sampler.sampleSoon();
    await clock.advance(2000);
    expect(ofKind('sampled')).toHaveLength(2);
    await clock.advance(60_000);
    expect(ofKind('sampled')).toHaveLength(6);
    sampler.stop();
    await clock.advance(60_000);
    expect(ofKind('sampled')).toHaveLength(6);
    expect(clock.pending).toBe(0);
  });

  it('tells cores from the time between two samples', async () => {
    const clock = new FakeClock();
    let cpuSeconds = 3;
    const { sample } = build(clock, {
      roots: () => [root],
      readTable: async () => [{ ...row, cpuSeconds, residentBytes: 5000 }],
    });
    expect(await sample()).toMatchObject({
      cpuSeconds: 3,
      cpuCores: null,
      residentBytes: 5000,
      processes: 1,
      threads: 2,
    });
    cpuSeconds = 6;
    clock.elapsed += 2000;
    expect(await sample()).toMatchObject({ cpuSeconds: 6, cpuCores: 1.5 });
  });

  it('reads processes again that were of no server before', async () => {
    const rows = new Map([
      [100, row],
      [101, { ...row, pid: 101, ppid: 100 }],
      [200, { ...row, pid: 200, pgid: 200 }],
    ]);
    let roots: TreeRoot[] = [{ server: 'other', pid: 200, pgid: 200 }];
    const { sampler, ofKind } = build(new FakeClock(), {
      roots: () => roots,
      proportional: null,
      tableParts: {
        listPids: () => [...rows.keys()],
        readSome: async (pids) => pids.map((pid) => rows.get(pid) ?? null),
        lastPid: () => 200,
      },
    });
    await sampler.sampleNow();
    for (const one of rows.values()) rows.set(one.pid, { ...one, residentBytes: 7000 });
    roots = [...roots, root];
    await sampler.sampleNow();
    const sizes = ofKind('sampled').map(({ server, usage }) => [server, usage.residentBytes]);
    expect(sizes).toEqual([
      ['other', 1000],
      ['other', 7000],
      ['files', 14_000],
    ]);
  });

  it('counts 0 for what the table does not tell of a process', async () => {
    const { sample } = build(new FakeClock(), {
      roots: () => [root],
      readTable: async () => [row, { ...row, pid: 101, ppid: 100, cpuSeconds: null, residentBytes: null }],
    });
    expect(await sample()).toMatchObject({ cpuSeconds: 1, residentBytes: 1000, processes: 2 });
  });

  it('reads a server that is over a limit once more, and takes what that says', async () => {
    const asked: (readonly number[])[] = [];
    const inTwo = { ...row, pid: 101, ppid: 100 };
    const { sample } = build(new FakeClock(), {
      roots: () => [{ server: 'other', pid: 200, pgid: 200 }, root],
      readTable: async () => [row, inTwo, { ...row, pid: 200, pgid: 200 }],
      memoryLimit: (server) => (server === 'files' ? 1999 : 1000),
      readAgain: async (pids) => {
        asked.push(pids);
        return new Map([[100, { cpuSeconds: 3, residentBytes: 600 }]]);
      },
    });
    expect(await sample()).toMatchObject({ residentBytes: 1600, cpuSeconds: 4 });
    expect(asked.map((pids) => pids.toSorted((a, b) => a - b))).toEqual([[100, 101]]);
  });

  it('reads nothing while no server runs', async () => {
    const { sampler, ofKind } = build(new FakeClock(), {
      roots: () => [],
      readTable: () => Promise.reject(new Error('was read')),
    });
    await sampler.sampleNow();
    expect(ofKind('collected')).toMatchObject([{ error: null }]);
  });

  it.each<[string, Partial<SamplerOptions>]>([
    ['the table', { readTable: () => Promise.reject(new Error('Cannot read\nat all')) }],
    [
      'what is over a limit',
      {
        readTable: async () => [row],
        memoryLimit: () => 1,
        readAgain: () => Promise.reject(new Error('Cannot read')),
      },
    ],
  ])('publishes an error and no values when %s cannot be read', async (_, options) => {
    const { sampler, ofKind } = build(new FakeClock(), { roots: () => [root], ...options });
    await sampler.sampleNow();
    expect(ofKind('sampled')).toEqual([]);
    expect(ofKind('collected')).toMatchObject([{ collector: 'process_table', error: 'Cannot read' }]);
  });

  it('gives up a reading that hangs, starts no second one beside it, and recovers when it comes back', async () => {
    const clock = new FakeClock();
    const hung: { signal: AbortSignal; release: (rows: ProcessRow[]) => void }[] = [];
    const { sampler, ofKind } = build(clock, {
      roots: () => [root],
      readTable: (signal) => new Promise((resolve) => hung.push({ signal, release: resolve })),
    });
    sampler.start();
    await clock.advance(25_000);
    expect(ofKind('collected')).toMatchObject([{ error: 'no answer within 10 s', took: 10_000 }]);
    expect(hung[0]!.signal.aborted).toBe(true);
    await clock.advance(15_000);
    expect(ofKind('collected').at(-1)).toMatchObject({ error: 'an earlier reading has not come back yet' });
    expect(hung).toHaveLength(1);
    hung[0]!.release([row]);
    await settle();
    expect(ofKind('sampled')).toEqual([]);
    await clock.advance(5000);
    hung[1]!.release([row]);
    await settle();
    expect(ofKind('sampled')).toHaveLength(1);
    expect(ofKind('collected').at(-1)).toMatchObject({ error: null });
  });

  it('publishes nothing of a process that ended or was replaced while it was read', async () => {
    let roots: TreeRoot[] = [root];
    const { sampler, ofKind } = build(new FakeClock(), {
      roots: () => roots,
      readTable: async () => {
        roots = [{ ...root, pid: 101, pgid: 101 }];
        return [row];
      },
    });
    await sampler.sampleNow();
    expect(ofKind('sampled')).toEqual([]);
  });

  it('publishes nothing once stopped, even by a sample that is under way', async () => {
    const { sampler, events } = build(new FakeClock(), {
      roots: () => [root],
      readTable: async () => [row],
    });
    sampler.start();
    const under = sampler.sampleNow();
    sampler.stop();
    await under;
    expect(events).toEqual([]);
  });

  it('begins at zero for a server that was removed and came back', async () => {
    const { sampler, sample, bus } = build(new FakeClock(), {
      roots: () => [root],
      readTable: async () => [row],
    });
    sampler.start();
    expect(await sample()).toMatchObject({ cpuSeconds: 1 });
    bus.publish({ kind: 'server-removed', server: 'files' });
    expect(await sample()).toMatchObject({ cpuSeconds: 1, cpuCores: null });
  });
});

describe('pace()', () => {
  it('counts another interval from now on, and does not begin what is not begun', async () => {
    const clock = new FakeClock();
    const { sampler, ofKind } = build(clock, { roots: () => [] });
    sampler.changeInterval(60_000);
    expect([sampler.interval, clock.pending]).toEqual([60_000, 0]);
    sampler.start();
    await clock.advance(59_000);
    sampler.changeInterval(1000);
    await clock.advance(3000);
    expect(ofKind('collected')).toHaveLength(3);
    sampler.changeInterval(10_000);
    await clock.advance(9999);
    expect(ofKind('collected')).toHaveLength(3);
    await clock.advance(1);
    expect(ofKind('collected')).toHaveLength(4);
  });
});
