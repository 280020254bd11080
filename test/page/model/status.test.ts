import { describe, expect, test } from 'vitest';
import type { PageServer, PageStatus } from '../../../src/core/status/page-status.ts';
import type { Trouble } from '../../../src/core/status/troubles.ts';
import { alertTroubles, describeAlerts } from '../../../src/page/alerts/alert-troubles.ts';
import { applyChanges, changedInPlace } from '../../../src/page/model/apply.ts';
import { causesOf, countNeeds, fits, groupServers, headlineOf } from '../../../src/page/model/groups.ts';
import { updateBadge } from '../../../src/page/model/update-badge.ts';
import { MINUTE, NOW, serverStatus, status as statusOf } from '../../fakes/status.ts';
import { outlookOf, memoryOf, progressOf, updateOf } from '../../fakes/updates.ts';

const server = (name: string, change: Partial<PageServer> = {}): PageServer => ({
  ...serverStatus(),
  name,
  group: 'healthy',
  cure: null,
  beats: '',
  ...change,
});
const trouble = (about: string | null, change: Partial<Trouble> = {}): Trouble => ({
  about,
  group: 'needs_you',
  severity: 'critical',
  root: `${about} is broken`,
  cure: null,
  since: NOW,
  alerts: [],
  ...change,
});
const page = (servers: readonly PageServer[], troubles: readonly Trouble[] = []): PageStatus => ({
  daemon: statusOf().daemon,
  servers,
  troubles,
});
const groups = (...names: PageServer['group'][]): PageStatus =>
  page(names.map((group, index) => server(`s${index}`, { group })));

describe('the overview', () => {
  test('groups servers by whose turn it is, each group in the order of its troubles', () => {
    const status = page(
      [
        server('off', { group: 'off' }),
        server('b', { group: 'needs_you' }),
        server('ok'),
        server('a', { group: 'needs_you' }),
        server('mid', { group: 'handled' }),
      ],
      [trouble('a'), trouble(null), trouble('b')],
    );
    expect(
      groupServers(status, '').map(({ group, servers }) => [group, servers.map(({ name }) => name)]),
    ).toEqual([
      ['needs_you', ['a', 'b']],
      ['handled', ['mid']],
      ['healthy', ['ok']],
      ['off', ['off']],
    ]);
    expect(causesOf(status).get('a')).toBe('a is broken');
    expect(countNeeds(status)).toEqual({ servers: 2, own: 1 });
  });

  test('keeps what holds all words of the filter', () => {
    const one = server('github', { state: 'crash_looping', version: '4.2.0' });
    expect(fits(one, '')).toBe(true);
    expect(fits(one, 'CRASH looping')).toBe(true);
    expect(fits(one, 'github 4.2')).toBe(true);
    expect(fits(one, 'github 5')).toBe(false);
  });

  test.each([
    [groups('needs_you', 'healthy'), '1 of 2 servers needs you', '1 of 2 servers needed you'],
    [groups('needs_you', 'needs_you', 'off'), '2 of 3 servers need you', '2 of 3 servers needed you'],
    [groups('needs_you'), 'The server needs you', 'The server needed you'],
    [
      groups('handled', 'healthy'),
      'Nothing needs you: 1 of 2 is handled by the watchdog',
      'Nothing needed you: 1 of 2 was handled by the watchdog',
    ],
    [groups('healthy', 'healthy'), 'All 2 servers are healthy', 'All 2 servers were healthy'],
    [
      groups('healthy', 'off'),
      'All 1 servers that should run are healthy',
      'All 1 servers that should run were healthy',
    ],
    [groups('healthy'), 'The server is healthy', 'The server was healthy'],
    [groups('off'), 'All servers are off', 'All servers were off'],
    [page([server('a')], [trouble(null)]), 'The watchdog needs you', 'The watchdog needed you'],
  ])('says in one line how it stands, and how it stood', (status, now, past) => {
    expect(headlineOf(status, false)).toBe(now);
    expect(headlineOf(status, true)).toBe(past);
  });
});

test('changes replace servers, add and remove some, and leave the others the same objects', () => {
  const before = page([server('a'), server('b')], [trouble('a')]);
  const changed = applyChanges(before, { seq: 2, servers: [server('b', { state: 'backoff' }), server('c')] });
  expect(changed.servers.map(({ name, state }) => [name, state])).toEqual([
    ['a', 'running'],
    ['b', 'backoff'],
    ['c', 'running'],
  ]);
  expect(changed.servers[0]).toBe(before.servers[0]);
  expect(changed.troubles).toBe(before.troubles);
  const ordered = applyChanges(changed, { seq: 3, servers: [], order: ['c', 'a'], troubles: [] });
  expect(ordered.servers.map(({ name }) => name)).toEqual(['c', 'a']);
  expect(ordered.troubles).toEqual([]);
});

test('a status that changes servers in their places names them; one that moves anything does not', () => {
  const [a, b, c] = [server('a'), server('b'), server('c')];
  const before = page([a, b, c], [trouble('a')]);
  const given = (...servers: PageServer[]): PageStatus => ({ ...before, servers });
  const b2 = server('b', { version: '2' });
  expect(changedInPlace(before, { ...before })).toEqual([]);
  expect(changedInPlace(before, given(a, b2, c))).toEqual([b2]);
  expect(changedInPlace(before, given(a, c, b))).toBeNull();
  expect(changedInPlace(before, given(a, b))).toBeNull();
  expect(changedInPlace(before, given(a, b, c, server('d')))).toBeNull();
  expect(changedInPlace(before, given(a, server('b', { group: 'off' }), c))).toBeNull();
  expect(changedInPlace(before, { ...before, troubles: [trouble('a')] })).toBeNull();
});

describe('the badge beside a version', () => {
  const badge = (update: PageServer['update']) =>
    updateBadge(server('a', { update, version: '4.0.7' }), NOW)?.text;
  const held = [{ version: '5.0.0', reason: 'engine', detail: 'it needs node >=22' }] as const;
  test('tells what can be done, what is done, and what is held', () => {
    expect(badge(null)).toBeUndefined();
    expect(badge(updateOf({ outlook: outlookOf() }))).toBe('↑ 4.1.1');
    expect(badge(updateOf({ outlook: outlookOf({ candidate: null, held }) }))).toBe('held 5.0.0');
    expect(badge(updateOf({ progress: progressOf() }))).toBe('→ 4.1.1');
    expect(badge(updateOf({ progress: progressOf({ phase: 'probation' }) }))).toBe('from 4.0.7');
    expect(badge(updateOf({ memory: memoryOf({ pinned: '4.0.7' }) }))).toBe('pinned');
  });
});

describe('alerts', () => {
  const alert = {
    name: 'McpServerDown',
    about: 'a',
    severity: 'critical',
    since: NOW - MINUTE,
    summary: 'down',
  } as const;
  const rule = { ...alert, state: 'firing', value: '0', expression: 'up == 0', holds: 120 } as const;

  test('stand with the trouble that they are about; one that waits is a trouble of its own', () => {
    const status = page([server('a')], [trouble('a', { alerts: [alert] }), trouble('b')]);
    const found = alertTroubles(status, [
      rule,
      { ...rule, name: 'McpServerSlow', state: 'pending', summary: '' },
    ]);
    expect(found.firing.map(({ alerts }) => alerts[0]?.expression)).toEqual(['up == 0']);
    expect(found.quiet.map(({ trouble: { about } }) => about)).toEqual(['b']);
    expect(found.pending.map(({ trouble: { root } }) => root)).toEqual(['McpServerSlow']);
    expect(alertTroubles(status, []).firing[0]?.alerts[0]).toMatchObject({
      name: 'McpServerDown',
      expression: '',
    });
  });

  test.each([
    [0, 0, 'No alert fires'],
    [1, 0, '1 trouble, handled by the watchdog'],
    [1, 1, '1 trouble, which needs you'],
    [5, 3, '5 troubles, 3 of them need you'],
    [5, 1, '5 troubles, 1 of them needs you'],
    [2, 2, '2 troubles, all of which need you'],
  ])('%i of which %i need somebody', (firing, needs, text) => {
    expect(describeAlerts(firing, needs)).toBe(text);
  });
});
