import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type StdinPeer,
  judgeOrphan,
  type OrphanFacts,
  orphanTree,
} from '../../../src/core/orphans/orphans.ts';
import type { ProcessRow } from '../../../src/core/lifecycle/process-tree.ts';

const MINUTE = 60_000;

/** A stdio server whose client died: the plainest orphan. */
const ABANDONED: OrphanFacts = {
  parent: 'init',
  age: 10 * MINUTE,
  daemon: 'none',
  isService: false,
  leadsGroup: false,
  leadsSession: false,
  terminal: 'none',
  input: 'gone',
  isHttp: false,
  isUsed: false,
  lostWrapper: false,
};
const WEB = { isHttp: true, input: 'null' } as const;
const kindOf = (change: Partial<OrphanFacts>) => judgeOrphan({ ...ABANDONED, ...change }, MINUTE).kind;

describe('judge()', () => {
  it.each<[string, Partial<OrphanFacts>]>([
    ['nobody holds its input', {}],
    ['nobody holds its input, although it has a terminal', { terminal: 'alive' }],
    ['nobody holds its input, and a subreaper took it in', { parent: 'stranger' }],
    ['nobody holds its input, although it leads its session', { leadsGroup: true, leadsSession: true }],
    ['it reads from /dev/null', { input: 'null' }],
    ['the npx of an HTTP server is gone', { ...WEB, lostWrapper: true }],
    ['its watchdog is dead', { daemon: 'dead', input: 'unknown', isHttp: null, isService: true }],
  ])('is certain when %s', (_, change) => expect(kindOf(change)).toBe('certain'));

  it.each<[string, Partial<OrphanFacts>]>([
    ['somebody holds its input', { input: 'held' }],
    ['it cannot be seen who holds its input', { input: 'unknown' }],
    ['it serves over HTTP', WEB],
    ['it serves over HTTP, and its input is gone', { ...WEB, input: 'gone' }],
    ['it may serve over HTTP', { isHttp: null }],
    [
      'the npx of an HTTP server is gone, and a client is connected',
      { ...WEB, lostWrapper: true, isUsed: true },
    ],
    [
      'the npx of an HTTP server is gone, and it cannot be seen who is connected',
      { ...WEB, lostWrapper: true, isUsed: null },
    ],
    [
      'the npx of an HTTP server is gone, and it has gone into the background',
      { ...WEB, lostWrapper: true, leadsGroup: true },
    ],
    ['it was detached with /dev/null', { input: 'null', leadsGroup: true, leadsSession: true }],
  ])('is not certain when %s', (_, change) => expect(kindOf(change)).toBe('uncertain'));

  it.each<[string, Partial<OrphanFacts>]>([
    ['its parent lives', { parent: 'own' }],
    ['its parent lives, even if its watchdog is dead', { parent: 'own', daemon: 'dead' }],
    ['its watchdog lives', { daemon: 'alive' }],
    ['it is young', { age: MINUTE - 1 }],
    ['its age is not known', { age: null }],
    ['a service manager runs it', { isService: true }],
    ['somebody is at its terminal', { terminal: 'alive', input: 'held' }],
    ['a stranger has it, and nothing is proven', { parent: 'stranger', input: 'held' }],
  ])('leaves it alone when %s', (_, change) => expect(kindOf(change)).toBe('none'));

  it('says the proof', () => {
    expect(judgeOrphan(ABANDONED, MINUTE)).toEqual({
      kind: 'certain',
      because: ['its parent is gone', 'nobody holds the other end of its standard input'],
    });
  });

  const facts = fc.record<OrphanFacts>({
    parent: fc.constantFrom('own', 'init', 'stranger'),
    age: fc.option(fc.nat(5 * MINUTE)),
    daemon: fc.constantFrom('none', 'alive', 'dead'),
    isService: fc.boolean(),
    leadsGroup: fc.boolean(),
    leadsSession: fc.boolean(),
    terminal: fc.constantFrom('none', 'alive', 'dead'),
    input: fc.constantFrom<StdinPeer>('gone', 'held', 'null', 'unknown'),
    isHttp: fc.constantFrom(true, false, null),
    isUsed: fc.constantFrom(true, false, null),
    lostWrapper: fc.boolean(),
  });

  it('never calls certain what has a parent, a living watchdog, a client or an open input', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const verdict = judgeOrphan(each, MINUTE);
        if (verdict.kind === 'none') return;
        expect(verdict.because.length).toBeGreaterThan(1);
        expect(each.parent).not.toBe('own');
        expect(each.daemon).not.toBe('alive');
        expect(each.age).toBeGreaterThanOrEqual(MINUTE);
        if (verdict.kind === 'uncertain' || each.daemon === 'dead') return;
        expect(each.isService).toBe(false);
        expect(['gone', 'null']).toContain(each.input);
        expect(each.isHttp).not.toBeNull();
        if (each.isHttp === true)
          expect(each).toMatchObject({ isUsed: false, lostWrapper: true, leadsGroup: false });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('treeOf()', () => {
  const row = (
    pid: number,
    ppid: number,
    pgid: number,
    state: ProcessRow['state'] = 'alive',
  ): ProcessRow => ({
    pid,
    ppid,
    pgid,
    state,
    startToken: String(pid),
    residentBytes: 1,
    cpuSeconds: 0,
    threads: 1,
  });
  const root = row(10, 1, 10);

  it('is the orphan and everything below it, zombies excepted', () => {
    const rows = [
      row(1, 0, 0),
      root,
      row(11, 10, 10),
      row(12, 11, 12),
      row(13, 10, 10, 'zombie'),
      row(20, 1, 20),
    ];
    const { members, ownsGroup } = orphanTree(root, rows);
    expect(members.map(({ pid }) => pid)).toEqual([10, 11, 12]);
    expect(ownsGroup).toBe(true);
  });

  it('does not own a group in which somebody else lives', () => {
    expect(orphanTree(root, [root, row(30, 5, 10)]).ownsGroup).toBe(false);
    expect(orphanTree(root, [root, row(30, 5, 10, 'zombie')]).ownsGroup).toBe(true);
    expect(orphanTree(row(10, 1, 0), []).ownsGroup).toBe(false);
  });
});
