import { expect, test } from 'vitest';
import { type AlertmanagerTarget, openSilenceBook } from '../../../src/daemon/alerts/silence-book.ts';
import { AlertSilences } from '../../../src/daemon/alerts/alert-silences.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { FakeClock } from '../../fakes/clock.ts';

const HOUR = 3_600_000;
const REQUEST = { server: 'files', alert: 'McpServerDown', hours: 1, by: 'page' };

function create(saved: unknown = null) {
  const clock = new FakeClock();
  const store = { saved };
  const events: UnstampedEvent[] = [];
  const book = openSilenceBook({
    clock,
    bus: { publish: (event) => void events.push(event) },
    stateStore: { silences: () => store.saved, setSilences: (record) => (store.saved = record) },
  });
  return { clock, store, events, book };
}

function alertmanager(
  trouble: string | null,
  owner: 'us' | 'engine',
): AlertmanagerTarget & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    owner: () => owner,
    silences: () => [
      {
        id: 'theirs',
        startsAt: 0,
        endsAt: Infinity,
        matchers: [{ name: 'a', value: 'b.*', isRegex: true, isEqual: true }],
      },
    ],
    client: () => ({
      async silence(_silence, { by }) {
        asked.push(`silence by ${by}`);
        return trouble === null ? { id: 'remote' } : { trouble };
      },
      async endSilence(id) {
        asked.push(`end ${id}`);
        return trouble;
      },
    }),
  };
}

test('a silence covers its alert of its server, until it ends, and outlives the daemon', async () => {
  const { book, clock, store, events } = create();
  const made = await book.add(REQUEST);
  expect(made).toMatchObject({
    matchers: 'alertname="McpServerDown", server="files"',
    by: 'page',
    until: clock.now() + HOUR,
  });
  expect(events).toEqual([
    { kind: 'acted', about: 'files', action: 'silence', by: 'page', detail: 'McpServerDown for 1 h' },
  ]);
  const again = create(JSON.parse(JSON.stringify(store.saved)));
  expect(again.book.list()).toEqual([made]);
  const saved = { silences: [], instance: null };
  const silences = new AlertSilences({ saved, evaluated: () => [], own: () => again.book.active() });
  const covers = (name: string, about: string): boolean =>
    silences.cover({ name, about, severity: 'critical' }, again.clock.now());
  expect([
    covers('McpServerDown', 'files'),
    covers('McpServerDown', 'other'),
    covers('Other', 'files'),
  ]).toEqual([true, false, false]);
  await again.clock.advance(HOUR);
  expect([covers('McpServerDown', 'files'), again.book.list()]).toEqual([false, []]);
});

test('a silence can be ended', async () => {
  const { book } = create();
  const { id } = await book.add({ ...REQUEST, alert: null });
  expect(await book.remove('other', { by: 'page' })).toBe(false);
  expect(await book.remove(id, { by: 'page' })).toBe(true);
  expect(book.list()).toEqual([]);
});

test('where Alertmanager is, the silence is made and ended there too', async () => {
  const { book } = create();
  const there = alertmanager(null, 'engine');
  book.follow(there);
  const { id } = await book.add(REQUEST);
  expect(book.list().map((one) => [one.by, one.matchers])).toEqual([
    ['page', 'alertname="McpServerDown", server="files"'],
    ['Alertmanager', 'a=~"b.*"'],
  ]);
  expect(await book.remove(id, { by: 'page' })).toBe(true);
  expect(await book.remove('theirs', { by: 'page' })).toBe(true);
  expect(there.asked).toEqual(['silence by mcp-watchdog (page)', 'end remote', 'end theirs']);
});

test('an Alertmanager that refuses counts only where it delivers', async () => {
  const { book, store } = create();
  book.follow(alertmanager('it is away', 'us'));
  await book.add(REQUEST);
  expect(book.active()).toHaveLength(1);
  book.follow(alertmanager('it is away', 'engine'));
  await expect(book.add(REQUEST)).rejects.toThrow('Alertmanager did not take the silence: it is away');
  expect(store.saved).toHaveLength(1);
});

test.each([[[{}, 7, { silence: { id: 1 } }]], ['text'], [{ a: 1 }]])(
  'saved rubbish is left out: %j',
  (saved) => {
    expect(create(saved).book.list()).toEqual([]);
  },
);
