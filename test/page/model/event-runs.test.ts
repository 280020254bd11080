import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ShownEvent } from '../../../src/core/status/shown-event.ts';
import { type EventEntry, foldRuns } from '../../../src/page/model/event-runs.ts';

type Told = readonly [server: string | null, kind: ShownEvent['kind'], text: string];

/** Events a second apart, told the oldest first, returned the newest first. */
const history = (...told: readonly Told[]): ShownEvent[] =>
  told
    .map(([server, kind, text], at): ShownEvent => ({
      at,
      firstAt: at,
      server,
      kind,
      text,
      tone: kind === 'exited' ? 'warn' : 'info',
      count: 1,
    }))
    .toReversed();

/** One time of a crash loop. */
const crash = (server: string, pid: number, code = 3): Told[] => [
  [server, 'spawned', `started, pid ${pid}`],
  [server, 'exited', `exited with code ${code}`],
  [server, 'restarted', `restarted: exit code ${code}`],
];

const shortly = (entries: readonly EventEntry[]): string[] =>
  entries.map((entry) =>
    entry.kind === 'run'
      ? `${entry.run.server} ${entry.run.count} times ${entry.run.firstAt}-${entry.run.at}`
      : `${entry.event.server} ${entry.event.text}`,
  );

describe('a crash loop', () => {
  test('is one entry with its count, its first and its last time', () => {
    const events = history(...[1, 2, 3, 4].flatMap((pid) => crash('a', pid)));
    const [entry, ...rest] = foldRuns(events);
    expect(rest).toEqual([]);
    expect(entry).toEqual({
      kind: 'run',
      run: {
        server: 'a',
        texts: ['started', 'exited with code 3', 'restarted: exit code 3'],
        tone: 'warn',
        count: 4,
        at: 11,
        firstAt: 0,
        events,
      },
    });
  });

  test('of two servers at once is two entries, and what others do stays between', () => {
    const events = history(
      ...[1, 2, 3].flatMap((pid): Told[] => [
        ...crash('a', pid),
        ...crash('b', pid, 4),
        ['c', 'health', `answers ${pid}`],
      ]),
    );
    expect(shortly(foldRuns(events))).toEqual([
      'c answers 3',
      'b 3 times 3-19',
      'a 3 times 0-16',
      'c answers 2',
      'c answers 1',
    ]);
  });

  test('keeps what happened once beside it, and ends with it', () => {
    const events = history(
      ['a', 'server-added', 'added by the config'],
      ...[1, 2, 3].flatMap((pid) => crash('a', pid)),
      ['a', 'transition', 'fails again and again, next attempt in 4 min'],
    );
    expect(shortly(foldRuns(events))).toEqual([
      'a fails again and again, next attempt in 4 min',
      'a 3 times 1-9',
      'a added by the config',
    ]);
  });

  test('is another one after what is new to it, another exit code too, and after a deed of a person', () => {
    const codes = history(
      ...[1, 2, 3].flatMap((pid) => crash('a', pid)),
      ...[4, 5, 6].flatMap((pid) => crash('a', pid, 1)),
    );
    expect(shortly(foldRuns(codes))).toHaveLength(2);
    const acted = history(
      ...[1, 2, 3].flatMap((pid) => crash('a', pid)),
      ['a', 'acted', 'restart was asked for by the page'],
      ...[4, 5, 6].flatMap((pid) => crash('a', pid)),
    );
    expect(shortly(foldRuns(acted))).toEqual([
      'a 3 times 10-18',
      'a restart was asked for by the page',
      'a 3 times 0-8',
    ]);
  });

  test('is none where it came twice, where nothing alternates, and of the watchdog itself', () => {
    const twice = history(...crash('a', 1), ...crash('a', 2));
    expect(shortly(foldRuns(twice))).toHaveLength(6);
    const same = history(...[1, 2, 3, 4].map((pid): Told => ['a', 'spawned', `started, pid ${pid}`]));
    expect(shortly(foldRuns(same))).toHaveLength(4);
    const own = history(
      ...[1, 2, 3].flatMap((): Told[] => [
        [null, 'job', 'x'],
        [null, 'gap', 'y'],
      ]),
    );
    expect(shortly(foldRuns(own))).toHaveLength(6);
  });

  test('goes on when more of it comes, with the same beginning', () => {
    const told = [1, 2, 3, 4, 5].flatMap((pid) => crash('a', pid));
    for (let length = 9; length <= told.length; length += 1) {
      const entries = foldRuns(history(...told.slice(0, length)));
      expect(entries).toHaveLength(1);
      expect(entries[0]).toMatchObject({ kind: 'run', run: { firstAt: 0, at: length - 1 } });
    }
  });
});

test('every event is in exactly one entry, in its order', () => {
  const told = fc.tuple(
    fc.constantFrom('a', 'b', null),
    fc.constantFrom('spawned' as const, 'exited' as const, 'acted' as const, 'health' as const),
    fc.constantFrom('x', 'y', 'pid 1', 'pid 2'),
  );
  fc.assert(
    fc.property(fc.array(told, { maxLength: 60 }), (list) => {
      const events = history(...list);
      const entries = foldRuns(events);
      const all = entries.flatMap((entry) => (entry.kind === 'run' ? entry.run.events : [entry.event]));
      expect(new Set(all)).toEqual(new Set(events));
      expect(all).toHaveLength(events.length);
      const times = entries.map((entry) => (entry.kind === 'run' ? entry.run.at : entry.event.at));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }),
  );
});
