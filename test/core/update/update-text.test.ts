// Texts about versions and updates: harmless, short, and the same everywhere.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutralise } from '../../../src/core/base/text.ts';
import type { UpdateStatus } from '../../../src/core/model/update.ts';
import { UPDATE_PHASES } from '../../../src/core/model/vocabulary.ts';
import { updateFacts } from '../../../src/core/update/update-facts.ts';
import {
  availableVersion,
  summarizeHeld,
  describeHeld,
  describeLastUpdate,
  describePhase,
  describeProgress,
  versionColumn,
} from '../../../src/core/update/update-text.ts';
import { statusSummary } from '../../../src/core/status/health-summary.ts';
import { DOWN, MINUTE, NOW, serverStatus } from '../../fakes/status.ts';
import { COMMITTED, memoryOf, outlookOf, progressOf, ROLLED_BACK, updateOf } from '../../fakes/updates.ts';

const old = (update: UpdateStatus) => ({ version: '4.0.7', update });
const bad = [{ version: '4.1.1', reason: 'it hangs', at: NOW - 2 * 24 * 60 * MINUTE }];

describe('the version of a server', () => {
  it.each([
    ['what runs, before the first look', updateOf(), '4.0.7'],
    ['what it could go to', updateOf({ outlook: outlookOf() }), '4.0.7 → 4.1.1'],
    [
      'nothing else when there is no candidate',
      updateOf({ outlook: outlookOf({ candidate: null }) }),
      '4.0.7',
    ],
    ['what it is on its way to', updateOf({ progress: progressOf({ phase: 'canary' }) }), '4.0.7 → 4.1.1'],
    [
      'no candidate that has just failed',
      updateOf({ outlook: outlookOf(), memory: memoryOf({ bad }) }),
      '4.0.7',
    ],
  ])('is %s', (_, update, text) => {
    expect(versionColumn(old(update))).toBe(text);
  });

  it('is one version once it runs, and both again on the way back', () => {
    const probation = updateOf({ progress: progressOf({ phase: 'probation' }) });
    expect(versionColumn({ version: '4.1.1', update: probation })).toBe('4.1.1');
    const back = updateOf({ progress: progressOf({ phase: 'rolling_back' }) });
    expect(versionColumn({ version: '4.1.1', update: back })).toBe('4.1.1 → 4.0.7');
    expect(versionColumn({ version: '4.0.7', update: back })).toBe('4.0.7');
  });

  it('is nothing while it is not known, and no update is available for what is no package', () => {
    expect(versionColumn({ version: null, update: updateOf({ outlook: outlookOf() }) })).toBe('');
    expect(availableVersion(null)).toBeNull();
  });

  it('is not available any more while it is on its way', () => {
    const outlook = outlookOf();
    expect(availableVersion(updateOf({ outlook }))).toBe('4.1.1');
    expect(availableVersion(updateOf({ outlook, progress: progressOf() }))).toBeNull();
  });
});

describe('an update on its way', () => {
  it.each([
    [{ phase: 'installing', detail: '12 packages, 3 MiB' }, 'installing 4.1.1: 12 packages, 3 MiB'],
    [{ phase: 'canary' }, 'canary of 4.1.1'],
    [
      { phase: 'waiting', until: NOW + 3 * MINUTE, detail: 'waiting for a quiet moment' },
      'ready to switch to 4.1.1, within 3 min: waiting for a quiet moment',
    ],
    [{ phase: 'switching' }, 'switching to 4.1.1'],
    [{ phase: 'probation', until: NOW + 8 * MINUTE }, '4.1.1 on probation, 8 min left'],
    [{ phase: 'probation', detail: 'on hold until it is up' }, '4.1.1 on probation: on hold until it is up'],
    [{ phase: 'rolling_back', detail: 'it hangs' }, 'rolling back to 4.0.7: it hangs'],
  ] as const)('%j is told', (change, text) => {
    expect(describeProgress(updateOf({ progress: progressOf(change) }), NOW)).toBe(text);
  });

  it('is told beside the server, unless something is wrong with it', () => {
    const update = updateOf({ progress: progressOf({ phase: 'probation', until: NOW + 8 * MINUTE }) });
    expect(statusSummary(serverStatus({ update }), NOW)).toBe('4.1.1 on probation, 8 min left');
    expect(statusSummary(serverStatus({ update, health: DOWN }), NOW)).toBe('no answer within 5 s');
  });

  it('is the reason for everything while it is taken back', () => {
    const update = updateOf({ progress: progressOf({ phase: 'rolling_back', detail: 'it hangs' }) });
    expect(statusSummary(serverStatus({ update, health: DOWN, state: 'backoff' }), NOW)).toBe(
      'rolling back to 4.0.7: it hangs',
    );
  });
});

describe('an update that has ended', () => {
  it.each([
    [COMMITTED, 'update 4.0.7 → 4.1.1 committed 3 min ago'],
    [ROLLED_BACK, 'update 4.0.7 → 4.1.1 rolled back 3 min ago: it ended: exited with code 1'],
    [
      { ...COMMITTED, result: 'held', reason: 'the tool search is gone' } as const,
      'update 4.0.7 → 4.1.1 held 3 min ago: the tool search is gone',
    ],
  ])('is told with its reason', (last, text) => {
    expect(describeLastUpdate(last, NOW)).toBe(text);
  });

  it('is the last thing known of a server, until it is restarted for another reason', () => {
    const update = updateOf({ memory: memoryOf({ last: COMMITTED }) });
    const restartedAt = (at: number) =>
      serverStatus({ update, lastRestart: { at, reason: 'update', detail: '4.0.7 → 4.1.1' } });
    expect(statusSummary(restartedAt(COMMITTED.at - MINUTE), NOW)).toBe(
      'update 4.0.7 → 4.1.1 committed 3 min ago',
    );
    expect(statusSummary(restartedAt(COMMITTED.at + MINUTE), NOW)).toContain('restarted 2 min ago');
  });
});

describe('the facts about the versions of a server', () => {
  it('are none for what is no package, and none before anything is known', () => {
    expect(updateFacts({ package: 'x', update: null }, NOW)).toEqual([]);
    expect(updateFacts({ package: 'x', update: updateOf() }, NOW)).toEqual([]);
  });

  it('tell what there is, what is held and why, what failed and when, and how to go back', () => {
    const held = [
      { version: '5.0.0', reason: 'engine', detail: 'it needs node >=22, this is 20.19.0' },
      { version: '4.2.0', reason: 'minimum_age', detail: 'published 2 h ago' },
    ] as const;
    const memory = memoryOf({
      previous: '4.0.6',
      pinned: '4.0.7',
      chosen: { wish: '4.0.6', version: '4.0.7' },
      bad,
      last: ROLLED_BACK,
    });
    const update = updateOf({
      checkedAt: NOW - MINUTE,
      outlook: outlookOf({ held, candidate: '4.1.2' }),
      memory,
      toolChanges: [{ tool: 'read', parts: ['description', 'annotations'] }],
    });
    expect(updateFacts({ package: 'x', update }, NOW).map(({ label, text }) => `${label}: ${text}`)).toEqual([
      'available: 4.1.2',
      'held: 5.0.0: it needs node >=22, this is 20.19.0',
      'held: 4.2.0: published 2 h ago',
      'previous: 4.0.6',
      'pinned: 4.0.7, by you; not updated by itself',
      'chosen: 4.0.7, while the config says 4.0.6',
      'bad version: 4.1.1, 2 d ago: it hangs',
      'last update: update 4.0.7 → 4.1.1 rolled back 3 min ago: it ended: exited with code 1',
      'it changed: "read" (description, hints)',
      'asked: the registry 1 min ago',
    ]);
  });

  it('tell on probation what a rollback would lead to then', () => {
    const progress = progressOf({ phase: 'probation' });
    const facts = updateFacts(
      { package: 'x', update: updateOf({ progress, memory: memoryOf({ previous: '4.1.1' }) }) },
      NOW,
    );
    expect(facts.find(({ label }) => label === 'previous')?.text).toBe(progress.from);
  });

  it('tell the newest few of many', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({
      version: `1.0.${index}`,
      reason: 'x',
      at: index,
    }));
    const facts = updateFacts({ package: 'x', update: updateOf({ memory: memoryOf({ bad: many }) }) }, NOW);
    expect(facts).toHaveLength(5);
    expect(facts[0]?.text).toContain('1.0.8');
  });

  it('tell why the registry could not be asked', () => {
    const outlook = outlookOf({ candidate: null, error: 'Cannot ask for the versions of x: no network' });
    expect(updateFacts({ package: 'x', update: updateOf({ checkedAt: NOW, outlook }) }, NOW)).toEqual([
      {
        label: 'asked',
        text: 'the registry just now: Cannot ask for the versions of x: no network',
        isNotable: false,
      },
    ]);
  });
});

it('keeps a held version short where there is no room', () => {
  const held = { version: '5.0.0', reason: 'engine', detail: 'it needs node >=22' } as const;
  expect(describeHeld(held, 'x')).toBe('5.0.0: it needs node >=22');
  expect(summarizeHeld(held, 'x')).toBe('5.0.0, needs another node');
  const failed = { version: '4.1.1', reason: 'bad', detail: 'it ended: exit code 1' } as const;
  expect(describeHeld(failed, 'x')).toBe('4.1.1: a bad version, it ended: exit code 1');
});

it('makes one short harmless line of whatever a registry says', () => {
  const evil = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.constantFrom('\u001B]0;owned\u0007x', '1.0.0\u202Egnp', 'a\nb\r\nc', '9'.repeat(5000)),
  );
  const phases = UPDATE_PHASES.filter((phase) => phase !== 'idle');
  fc.assert(
    fc.property(evil, evil, fc.constantFrom(...phases), (text, other, phase) => {
      const progress = progressOf({ phase, from: text, to: other, detail: text, until: NOW });
      const memory = memoryOf({
        previous: text,
        pinned: other,
        bad: [{ version: text, reason: other, at: NOW }],
        last: { ...COMMITTED, from: text, to: other, reason: text },
      });
      const held = [{ version: text, reason: 'deprecated', detail: other }] as const;
      const update = updateOf({ outlook: outlookOf({ held, candidate: text, error: other }), memory });
      const lines = [
        describePhase(progress),
        describeProgress({ ...update, progress }, NOW) ?? '',
        versionColumn({ version: text, update }),
        ...updateFacts({ package: 'x', update: { ...update, checkedAt: NOW } }, NOW).map((fact) => fact.text),
      ];
      for (const line of lines) {
        expect(neutralise(line)).toBe(line);
        expect(line).not.toMatch(/[\r\n]/u);
        expect(line.length).toBeLessThan(420);
      }
    }),
  );
});
