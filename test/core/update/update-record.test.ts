// Update record: checked reading of what an earlier daemon saved, and recovery from it.
import { anything, assert, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterOutcome,
  clearBadVersion,
  rejudge,
  checkWithoutRegistry,
} from '../../../src/core/update/update-memory.ts';
import {
  newRecord,
  readRecords,
  recover,
  type SavedProgress,
  toSave,
} from '../../../src/core/update/update-record.ts';
import type { UpdateOutcome, UpdatePlan, UpdateState } from '../../../src/core/update/update-state.ts';
import { NO_UPDATES, type UpdateCheck } from '../../../src/core/model/update.ts';

const PLAN: UpdatePlan = {
  kind: 'update',
  from: '1.0.0',
  to: '2.0.0',
  by: 'schedule',
  wish: 'latest',
  isPin: false,
  since: 5,
};
const SAVED: SavedProgress = {
  phase: 'probation',
  plan: PLAN,
  notice: null,
  verdict: null,
  deaths: 0,
  baselineBytes: 7,
  isPaused: false,
};

describe('recover()', () => {
  test.each([
    ['installing', null, 'failed'],
    ['canary', null, 'failed'],
    ['waiting', null, 'failed'],
    ['switching', '1.0.0', 'rolled_back'],
  ] as const)('takes one that was %s for not begun', (phase, link, result) => {
    const recovery = recover({ ...SAVED, phase });
    expect(recovery).toMatchObject({
      state: { phase: 'idle' },
      link,
      outcome: { result, bad: null, runs: 'from', reason: expect.stringContaining('interrupted') },
    });
  });

  test('finishes the way back, and remembers why it was taken', () => {
    const verdict = { reason: 'it ended', isBad: true, isAsked: false };
    expect(recover({ ...SAVED, phase: 'rolling_back', verdict })).toMatchObject({
      link: '1.0.0',
      outcome: { result: 'rolled_back', reason: 'it ended', bad: '2.0.0' },
    });
  });

  test('begins a probation anew, until the third death of the daemon', () => {
    expect(recover(SAVED)).toEqual({
      state: { phase: 'probation', plan: PLAN, notice: null, deadline: null, isUp: false, deaths: 1 },
      link: '2.0.0',
      outcome: null,
    });
    expect(recover({ ...SAVED, deaths: 2 })).toMatchObject({
      link: '1.0.0',
      outcome: { result: 'rolled_back', bad: '2.0.0' },
    });
    expect(recover({ ...SAVED, deaths: 2, isPaused: true })).toMatchObject({ state: { deaths: 2 } });
  });
});

describe('readRecords()', () => {
  const FULL = {
    ...newRecord('@x/s'),
    memory: {
      previous: '0.9.0',
      bad: [{ version: '2.0.0', reason: 'it hangs', at: 3 }],
      pinned: '1.0.0',
      chosen: { wish: '^1', version: '2.0.0' },
      last: { at: 4, from: '0.9.0', to: '1.0.0', result: 'committed' as const, reason: null },
    },
    progress: SAVED,
    checkedAt: 9,
    outlook: {
      server: 's',
      package: '@x/s',
      running: '1.0.0',
      latest: '3.0.0',
      candidate: null,
      held: [{ version: '3.0.0', reason: 'minimum_age' as const, detail: 'too young' }],
      error: null,
    },
  };

  test('gives back what was written', () => {
    const { records, dropped } = readRecords(JSON.parse(JSON.stringify({ s: FULL })));
    expect(records.get('s')).toEqual(FULL);
    expect(dropped).toEqual([]);
  });

  test.each([
    ['an unknown phase', { phase: 'levitating' }],
    ['a plan without a version', { plan: { ...PLAN, to: 7 } }],
    ['no plan', { plan: null }],
  ])('drops an update with %s, and says so; the memory stays', (_, change) => {
    const { records, dropped } = readRecords({ s: { ...FULL, progress: { ...SAVED, ...change } } });
    expect(records.get('s')).toEqual({ ...FULL, progress: null });
    expect(dropped).toEqual(['s']);
  });

  test('believes no more of anything than makes sense', () => {
    assert(
      property(anything(), (rubbish) => {
        for (const value of [
          rubbish,
          { s: rubbish },
          { s: { package: 'x', memory: rubbish, progress: rubbish } },
        ])
          expect(() => readRecords(value)).not.toThrow();
      }),
    );
    expect(readRecords(undefined)).toEqual({ records: new Map(), dropped: [] });
    expect(readRecords({ s: 'x' })).toEqual({ records: new Map(), dropped: ['s'] });
  });
});

test('toSave() has nothing touched before the link is: a backup that is made then must not say otherwise', () => {
  const state: UpdateState = {
    phase: 'switching',
    plan: PLAN,
    step: 'back-up',
    isSeen: false,
    deadline: null,
    notice: 'a tool is gone',
  };
  expect(toSave(state, null)).toMatchObject({ phase: 'waiting', notice: 'a tool is gone' });
  expect(toSave({ ...state, step: 'link' }, 3)).toMatchObject({ phase: 'switching', baselineBytes: 3 });
});

/** As another package manager has it: `2.0` is `2.0.0`. */
const isSame = (one: string, other: string): boolean =>
  one.replace(/(\.0)+$/, '') === other.replace(/(\.0)+$/, '');

describe('afterOutcome()', () => {
  const outcome = (change: Partial<UpdateOutcome>): UpdateOutcome => ({
    plan: PLAN,
    result: 'committed',
    reason: null,
    bad: null,
    runs: 'to',
    ...change,
  });

  test('of a version that runs now knows what ran before, and what was chosen', () => {
    const memory = afterOutcome(NO_UPDATES, outcome({}), { at: 8, isSame });
    expect(memory).toEqual({
      previous: '1.0.0',
      bad: [],
      pinned: null,
      chosen: { wish: 'latest', version: '2.0.0' },
      last: { at: 8, from: '1.0.0', to: '2.0.0', result: 'committed', reason: null },
    });
    const pinned = afterOutcome(NO_UPDATES, outcome({ plan: { ...PLAN, isPin: true, wish: '2.0.0' } }), {
      at: 8,
      isSame,
    });
    expect(pinned).toMatchObject({ pinned: '2.0.0', chosen: null });
  });

  test('of one that failed keeps all but the bad list as it was', () => {
    const before = { ...NO_UPDATES, previous: '0.9.0', chosen: { wish: 'latest', version: '1.0.0' } };
    const memory = afterOutcome(
      before,
      outcome({ result: 'rolled_back', runs: 'from', bad: '2.0.0', reason: 'x' }),
      { at: 8, isSame },
    );
    expect(memory).toMatchObject({
      previous: '0.9.0',
      chosen: before.chosen,
      bad: [{ version: '2.0.0', reason: 'x' }],
    });
  });

  test('knows a version by all of its spellings', () => {
    const spelled = outcome({ plan: { ...PLAN, to: '2.0', wish: '2.0.0' } });
    expect(afterOutcome(NO_UPDATES, spelled, { at: 8, isSame }).chosen).toBeNull();
    const bad = outcome({ result: 'failed', runs: 'from', bad: '2.0', reason: 'x' });
    const known = { version: '2.0.0', reason: 'y', at: 1 };
    const memory = { ...NO_UPDATES, previous: '2.0.0', bad: [known] };
    expect(afterOutcome(memory, bad, { at: 8, isSame })).toMatchObject({
      previous: null,
      bad: [{ version: '2.0', reason: 'x' }],
    });
    const back = outcome({ plan: { ...PLAN, kind: 'rollback', from: '2.0', to: '1.0.0' } });
    expect(afterOutcome({ ...NO_UPDATES, pinned: '2.0.0' }, back, { at: 8, isSame }).pinned).toBeNull();
    expect(clearBadVersion(memory, '2', isSame).bad).toEqual([]);
  });

  test('remembers a bad version once, the newest twenty, until it is forgiven', () => {
    let memory = NO_UPDATES;
    for (let patch = 0; patch < 30; patch += 1) {
      for (const reason of ['first', 'second'])
        memory = afterOutcome(
          memory,
          outcome({ result: 'failed', runs: 'from', bad: `2.0.${patch}`, reason }),
          { at: patch, isSame },
        );
    }
    expect(memory.bad).toHaveLength(20);
    expect(memory.bad.at(-1)).toEqual({ version: '2.0.29', reason: 'second', at: 29 });
    expect(clearBadVersion(memory, '2.0.29', isSame).bad).toHaveLength(19);
    expect(clearBadVersion(memory, '9.9.9', isSame)).toBe(memory);
  });
});

describe('an outlook', () => {
  const OUTLOOK: UpdateCheck = {
    server: 's',
    package: '@x/s',
    running: '1.0.0',
    latest: '2.0.0',
    candidate: '2.0.0',
    held: [],
    error: null,
  };

  test('changes with what runs', () => {
    expect(rejudge(OUTLOOK, '2.0.0', { memory: NO_UPDATES, isSame })).toMatchObject({
      running: '2.0.0',
      candidate: null,
      held: [],
    });
    const memory = { ...NO_UPDATES, bad: [{ version: '2.0.0', reason: 'it hangs', at: 1 }] };
    expect(rejudge(OUTLOOK, '1.0.0', { memory, isSame })).toMatchObject({
      candidate: null,
      held: [{ version: '2.0.0', reason: 'bad', detail: 'it hangs' }],
    });
  });

  test('knows the version that runs by all of its spellings', () => {
    const context = { memory: NO_UPDATES, isSame };
    expect(rejudge(OUTLOOK, '2.0', context).candidate).toBeNull();
    const memory = { ...NO_UPDATES, bad: [{ version: '2', reason: 'x', at: 1 }] };
    expect(rejudge(OUTLOOK, '1.0.0', { memory, isSame }).candidate).toBeNull();
  });

  test('forgets that a version was bad once it is forgiven', () => {
    const held = [{ version: '2.0.0', reason: 'bad', detail: 'it hangs' }] as const;
    expect(
      rejudge({ ...OUTLOOK, candidate: null, held }, '1.0.0', { memory: NO_UPDATES, isSame }).held,
    ).toEqual([]);
  });

  test('is not lost when the registry is away', () => {
    const away = { ...OUTLOOK, latest: null, candidate: null, error: 'offline' };
    expect(checkWithoutRegistry(OUTLOOK, away, { memory: NO_UPDATES, isSame })).toEqual({
      ...OUTLOOK,
      error: 'offline',
    });
    expect(checkWithoutRegistry(null, away, { memory: NO_UPDATES, isSame })).toBe(away);
    expect(checkWithoutRegistry(away, OUTLOOK, { memory: NO_UPDATES, isSame })).toBe(OUTLOOK);
  });
});
