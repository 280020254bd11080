// What is read of the process table: everything at first and now and then, otherwise what is new or followed.
import { describe, expect, it } from 'vitest';
import type { ProcessRow } from '../../src/core/lifecycle/process-tree.ts';
import { createSparingTable, type TableParts } from '../../src/sampling/sparing-table.ts';

/** A system with processes of one's own making. */
class Machine {
  now = 0;
  last: number | null = 100;
  /** By pid. */
  readonly processes = new Map<number, ProcessRow>();
  /** Pids of each reading. */
  readonly read: number[][] = [];
  readonly unreadable = new Set<number>();
  fault: Error | null = null;
  readonly table = createSparingTable(this.parts(), { now: () => this.now });

  parts(): TableParts {
    return {
      listPids: () => [...this.processes.keys()],
      readSome: async (pids) => {
        if (this.fault !== null) throw this.fault;
        this.read.push([...pids]);
        return pids.map((pid) => (this.unreadable.has(pid) ? null : (this.processes.get(pid) ?? null)));
      },
      lastPid: () => this.last,
    };
  }

  /** A process with the next pid. */
  start(pid = (this.last ?? 0) + 1): number {
    this.last = pid;
    this.put(pid);
    return pid;
  }

  put(pid: number, change: Partial<ProcessRow> = {}): void {
    const born = `${this.read.length}`;
    const row = { ppid: 1, pgid: pid, state: 'alive', residentBytes: 0, cpuSeconds: 0, threads: 1 } as const;
    this.processes.set(pid, { startToken: born, ...row, pid, ...change });
  }

  /** @returns the pids whose rows were read */
  async reading(...followed: number[]): Promise<number[]> {
    const { rows, isFresh } = await this.table.read(new Set(followed));
    expect(rows.map(({ pid }) => pid)).toEqual(
      [...this.processes.keys()].filter((pid) => !this.unreadable.has(pid)),
    );
    expect(rows.filter(isFresh).map(({ pid }) => pid)).toEqual(
      this.read.at(-1)?.filter((pid) => this.processes.has(pid) && !this.unreadable.has(pid)),
    );
    return this.read.at(-1) ?? [];
  }
}

function machineWith(...pids: number[]): Machine {
  const machine = new Machine();
  for (const pid of pids) machine.put(pid);
  return machine;
}

describe('createSparingTable()', () => {
  it('reads everything at first, then what is new or followed', async () => {
    const machine = machineWith(10, 20, 30);
    expect(await machine.reading()).toEqual([10, 20, 30]);
    expect(await machine.reading(20)).toEqual([20]);
    const child = machine.start();
    expect(await machine.reading(20)).toEqual([20, child]);
    expect(await machine.reading()).toEqual([]);
  });

  it('shows a followed process as it is now, and another as it was', async () => {
    const machine = machineWith(10, 20);
    await machine.reading();
    machine.put(10, { threads: 7 });
    machine.put(20, { threads: 7 });
    const { rows } = await machine.table.read(new Set([20]));
    expect(rows.map(({ threads }) => threads)).toEqual([1, 7]);
  });

  it('forgets a process that is gone, and reads another one with its pid', async () => {
    const machine = machineWith(10, 20, 300);
    await machine.reading();
    machine.processes.delete(20);
    await machine.reading();
    // Pids have begun again at the start.
    machine.last = 15;
    machine.start(20);
    expect(await machine.reading()).toEqual([10, 300, 20]);
    expect(await machine.reading()).toEqual([]);
  });

  it('knows of the end of the pids', async () => {
    const machine = machineWith(5, 10, 500);
    machine.last = 900;
    await machine.reading();
    machine.last = 7;
    machine.put(950);
    machine.put(3);
    expect(await machine.reading()).toEqual([5, 950, 3]);
  });

  it('reads what appeared while it read the last time again', async () => {
    const machine = machineWith(10);
    const listed = machine.table.read(new Set());
    const late = machine.start();
    await listed;
    expect(await machine.reading()).toEqual([late]);
    expect(await machine.reading()).toEqual([]);
  });

  it('reads everything with every fortieth reading', async () => {
    const machine = machineWith(10, 20);
    const sizes: number[] = [];
    for (let reading = 0; reading < 81; reading += 1) sizes.push((await machine.reading()).length);
    expect(sizes).toEqual(Array.from({ length: 81 }, (_, reading) => (reading % 40 === 0 ? 2 : 0)));
  });

  it.each([60_000, -60_000])('reads everything after a gap of %i ms', async (gap) => {
    const machine = machineWith(10, 20);
    await machine.reading();
    machine.now += gap / 2;
    expect(await machine.reading()).toEqual([]);
    machine.now += gap;
    expect(await machine.reading()).toEqual([10, 20]);
  });

  it('reads everything where the system does not tell the last pid', async () => {
    const machine = machineWith(10, 20);
    machine.last = null;
    await machine.reading();
    expect(await machine.reading()).toEqual([10, 20]);
  });

  it('reads everything, for good, where pids are not given in order', async () => {
    const machine = machineWith(10, 20);
    await machine.reading();
    machine.put(5000);
    expect(await machine.reading()).toEqual([10, 20, 5000]);
    expect(await machine.reading()).toEqual([10, 20, 5000]);
  });

  it('does not mistake a process that may not be read for a new one', async () => {
    const machine = machineWith(10, 20);
    machine.unreadable.add(20);
    await machine.reading();
    expect(await machine.reading()).toEqual([]);
    expect(await machine.reading(20)).toEqual([20]);
  });

  it('reads again what a reading that failed did not bring', async () => {
    const machine = machineWith(10, 20);
    await machine.reading();
    const child = machine.start();
    machine.fault = new Error('no descriptor is left');
    await expect(machine.reading()).rejects.toThrow('no descriptor is left');
    machine.fault = null;
    expect(await machine.reading()).toEqual([child]);
  });

  it('reads those that are followed by what is kept open for them, and the rest as ever', async () => {
    const machine = machineWith(10, 20, 30);
    const kept: number[][] = [];
    const one: number[] = [];
    const table = createSparingTable(
      {
        ...machine.parts(),
        openFollowed: () => ({
          read(pid) {
            one.push(pid);
            return machine.processes.get(pid) ?? null;
          },
          keepOnly: (pids) => void kept.push([...pids]),
        }),
      },
      { now: () => machine.now },
    );
    await table.read(new Set());
    machine.put(20, { threads: 7 });
    const child = machine.start();
    const { rows, isFresh, find } = await table.read(new Set([20, 99]));
    expect(rows.map(({ pid, threads }) => [pid, threads])).toEqual([
      [10, 1],
      [20, 7],
      [30, 1],
      [child, 1],
    ]);
    expect(rows.filter(isFresh).map(({ pid }) => pid)).toEqual([20, child]);
    expect([find(20)?.threads, find(99)]).toEqual([7, null]);
    machine.processes.delete(20);
    await table.read(new Set());
    table.release();
    expect([machine.read, one, kept]).toEqual([[[10, 20, 30], [child], []], [20], [[], [20, 99], [], []]]);
  });
});
