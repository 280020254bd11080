import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildProcessTrees,
  mergeByServer,
  treeKey,
  type ProcessRow,
} from '../../../src/core/lifecycle/process-tree.ts';

function row(pid: number, facts: Partial<ProcessRow> = {}): ProcessRow {
  return {
    pid,
    ppid: 1,
    pgid: pid,
    state: 'alive',
    startToken: `s${pid}`,
    residentBytes: 1000,
    cpuSeconds: 0,
    threads: 1,
    ...facts,
  };
}

const daemon = row(50, { ppid: 1 });
const root = { server: 'files', pid: 100, pgid: 100 };
const leader = row(100, { ppid: 50 });

function pidsOf(rows: readonly ProcessRow[], remembered = new Map()): number[] {
  const [tree] = buildProcessTrees(rows, [root], remembered);
  return tree!.members.map((member) => member.pid).sort((a, b) => a - b);
}

describe('growTrees()', () => {
  it('takes the whole group, also those whose parent has died', () => {
    expect(
      pidsOf([daemon, leader, row(101, { ppid: 100, pgid: 100 }), row(102, { ppid: 1, pgid: 100 })]),
    ).toEqual([100, 101, 102]);
  });

  it('takes the group that outlives its leader', () => {
    expect(pidsOf([daemon, row(101, { ppid: 1, pgid: 100 })])).toEqual([101]);
  });

  it('takes descendants that left the group, and names them', () => {
    const rows = [leader, row(101, { ppid: 100, pgid: 101 }), row(102, { ppid: 101, pgid: 101 })];
    expect(pidsOf(rows)).toEqual([100, 101, 102]);
    expect(buildProcessTrees(rows, [root], new Map())[0]!.detached).toEqual([
      { pid: 101, startToken: 's101', pgid: 101 },
      { pid: 102, startToken: 's102', pgid: 101 },
    ]);
  });

  it('leaves zombies out', () => {
    expect(pidsOf([leader, row(101, { ppid: 100, pgid: 100, state: 'zombie' })])).toEqual([100]);
  });

  it('never takes the parent of the root, nor what else the parent started', () => {
    expect(pidsOf([daemon, leader, row(200, { ppid: 50 })])).toEqual([100]);
  });

  it('keeps an escapee whose parent died, with what it started since', () => {
    const orphan = row(101, { ppid: 1, pgid: 101 });
    const rows = [leader, orphan, row(102, { ppid: 101, pgid: 102 }), row(103, { ppid: 1, pgid: 101 })];
    expect(pidsOf(rows)).toEqual([100]);
    const remembered = new Map([['files', [{ pid: 101, startToken: 's101', pgid: 101 }]]]);
    expect(pidsOf(rows, remembered)).toEqual([100, 101, 102, 103]);
  });

  it('does not take another process that got the pid of an escapee', () => {
    const remembered = new Map([['files', [{ pid: 101, startToken: 'before', pgid: 101 }]]]);
    expect(pidsOf([leader, row(101)], remembered)).toEqual([100]);
  });

  it('counts a process for one server only', () => {
    const rows = [leader, row(101, { ppid: 100, pgid: 101 }), row(102, { ppid: 101, pgid: 101 })];
    const trees = buildProcessTrees(rows, [root, { server: 'inner', pid: 101, pgid: 101 }], new Map());
    expect(trees.map((tree) => tree.members.length)).toEqual([3, 0]);
  });

  it('holds its promises for any process table', () => {
    const anyRow = fc.record({
      pid: fc.integer({ min: 2, max: 30 }),
      ppid: fc.integer({ min: 0, max: 30 }),
      pgid: fc.integer({ min: 1, max: 30 }),
      state: fc.constantFrom('alive' as const, 'zombie' as const),
    });
    const anyTable = fc.uniqueArray(anyRow, { selector: ({ pid }) => pid, maxLength: 30 });
    fc.assert(
      fc.property(
        anyTable,
        fc.uniqueArray(fc.integer({ min: 2, max: 30 }), { maxLength: 5 }),
        (table, leaders) => {
          const rows = table.map((facts) => row(facts.pid, facts));
          const roots = leaders.map((pid) => ({ server: `s${pid}`, pid, pgid: pid }));
          const trees = buildProcessTrees(rows, roots, new Map());
          const members = trees.flatMap((tree) => tree.members);
          expect(new Set(members.map(({ pid }) => pid)).size).toBe(members.length);
          expect(members.every(({ state }) => state === 'alive')).toBe(true);
          const grouped = rows.filter(({ pgid, state }) => state === 'alive' && leaders.includes(pgid));
          expect(members).toEqual(expect.arrayContaining(grouped));
        },
      ),
    );
  });
});

describe('several processes of one server', () => {
  const side = { server: 'files', pid: 200, pgid: 200, side: 7 };
  const rows = [leader, row(200, { ppid: 50 }), row(201, { ppid: 200, pgid: 201 })];

  it('are summed under the first of them', () => {
    const merged = mergeByServer(buildProcessTrees(rows, [root, side], new Map()));
    expect(merged.map((tree) => [tree.server, tree.root, tree.members.map(({ pid }) => pid)])).toEqual([
      ['files', 100, [100, 200, 201]],
    ]);
    expect(mergeByServer(buildProcessTrees(rows, [side], new Map()))).toMatchObject([{ root: 200 }]);
  });

  it('keep what left their groups apart', () => {
    const [main, beside] = buildProcessTrees(rows, [root, side], new Map());
    expect([main?.key, main?.detached]).toEqual(['files', []]);
    expect([beside?.key, beside?.detached.map(({ pid }) => pid)]).toEqual([treeKey(side), [201]]);
    const remembered = new Map([[treeKey(side), beside?.detached ?? []]]);
    const orphaned = [leader, row(200, { ppid: 50 }), row(201, { ppid: 1, pgid: 201 })];
    const [first, second] = buildProcessTrees(orphaned, [root, side], remembered);
    expect([first?.members.length, second?.members.length]).toEqual([1, 2]);
  });
});
