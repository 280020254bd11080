// Pictures of the live view at the sizes that people have, and every size between: nothing is wider, the state is always readable.
import { describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import { NAMED_CLIENTS } from '../../../src/config/import/clients/registry.ts';
import { clientSnippet } from '../../../src/config/rewrite/client-snippet.ts';
import { copied } from '../../../src/commands/monitor/connect-view.ts';
import { frame, lastOffset } from '../../../src/commands/monitor/frame.ts';
import {
  type Facts,
  type Model,
  press,
  shownServers,
  START,
  withStatus,
} from '../../../src/commands/monitor/model.ts';
import { retryText, signsOf, sparkline } from '../../../src/commands/monitor/words.ts';
import type { ShownEvent } from '../../../src/core/status/shown-event.ts';
import { orderOf } from '../../../src/core/status/troubles.ts';
import { widthOf } from '../../../src/commands/views/style.ts';
import { factsAbout } from '../../fakes/monitor-facts.ts';
import { DOWN, MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const failing = (name: string, change: Partial<ServerStatus> = {}): ServerStatus =>
  serverStatus({
    name,
    state: 'crash_looping',
    since: NOW - 47 * MINUTE,
    pid: null,
    startedAt: null,
    health: { ...DOWN, up: null, detail: null },
    usage: null,
    nextAttemptAt: NOW + 4 * MINUTE,
    lastFailure: {
      at: NOW,
      code: 'EXITED_BEFORE_READY',
      message: 'It ended before it was ready',
      hint: `set DATABASE_URL below servers.${name}.env`,
      retry: 'backoff',
      cause: 'exits with code 3',
      quote: 'DATABASE_URL is not set',
    },
    ...change,
  });

const SERVERS = [
  serverStatus({ name: 'fetch' }),
  failing('postgres'),
  serverStatus({ name: 'slack', state: 'stopped', desired: 'down', since: NOW - 120 * MINUTE }),
  serverStatus({ name: 'browser', health: DOWN, since: NOW - 40_000 }),
  failing('a-very-long-server-name-that-nobody-would-type-0001'),
  ...Array.from({ length: 20 }, (_, index) => serverStatus({ name: `healthy-${index}` })),
];

function factsOf(servers: readonly ServerStatus[] = SERVERS): Facts {
  const facts = factsAbout(servers);
  const beats = Object.fromEntries(servers.map(({ name }) => [name, 'u'.repeat(60) + 'r'.repeat(12)]));
  return { ...facts, view: { ...facts.view, beats } };
}

function draw(width: number, rows: number, model: Model, facts = factsOf(), isUnicode = true): string[] {
  return frame(model, facts, { width, rows, colour: false, signs: signsOf(isUnicode) });
}

const shown = (server: string, text: string, count: number): ShownEvent => ({
  at: NOW,
  firstAt: NOW,
  kind: 'exited',
  server,
  text,
  tone: 'warn',
  count,
});

const ADDRESS = {
  name: 'postgres',
  url: 'http://127.0.0.1:9639/postgres/mcp',
  command: ['/usr/bin/node', '/home/ada/mcp-watchdog/dist/cli.js', 'connect', 'postgres'],
} as const;
const CLIENTS = NAMED_CLIENTS.map((client) => clientSnippet(client, ADDRESS));

const namesOf = (servers: readonly ServerStatus[]): string[] => servers.map(({ name }) => name);
const fresh = (servers = SERVERS): Model => withStatus(START, status(servers), { now: NOW, isQuiet: true });

describe('the list', () => {
  it('is in the order of what needs somebody', () => {
    expect(namesOf(orderOf(status(SERVERS), NOW)).slice(0, 4)).toEqual([
      'postgres',
      'a-very-long-server-name-that-nobody-would-type-0001',
      'browser',
      'fetch',
    ]);
    expect(orderOf(status(SERVERS), NOW).at(-1)?.name).toBe('slack');
  });

  it('says cause, cure and next attempt at 80×24', () => {
    const lines = draw(80, 24, fresh());
    expect(lines[0]).toMatch(
      /^mcp-watchdog 0\.1\.0 {2}up 2h +✗ 2 need you {2}◐ 1 handled {2}✓ 21 healthy {2}– 1 off$/u,
    );
    expect(lines[2]).toMatch(/^>✗ postgres +crash looping 47m {2}[▁▆]{20}/u);
    expect(lines[3]).toMatch(/^ {3}exits with code 3: “DATABASE_URL is not set” +retry in 4 min 0 s$/u);
    expect(widthOf(lines[3] ?? '')).toBe(80);
    expect(lines[4]).toBe('   → set DATABASE_URL below servers.postgres.env');
    expect(lines.at(-1)).toMatch(/^ j k move .*\? help {2}q quit$/u);
    expect(lines.some((line) => / ▾ \d+ 1\/25 ──$/u.test(line))).toBe(true);
  });

  it('has titles of groups where all fits', () => {
    const text = draw(120, 60, fresh()).join('\n');
    for (const title of ['NEEDS YOU', 'HANDLED BY THE WATCHDOG', 'HEALTHY', 'OFF', 'TROUBLES'])
      expect(text).toContain(title);
    expect(text).toMatch(/SERVER.*LAST 6 HOURS.*MEM.*P95.*CALLS.*RST.*VERSION/u);
  });

  it('shows the state of every server that is visible, and the selected one, at every size', () => {
    const facts = factsOf();
    for (const width of [30, 40, 53, 80, 100, 120]) {
      for (const rows of [6, 20, 40]) {
        let model = fresh();
        for (const key of ['', 'j', 'G', 'k', 'pageup']) {
          if (key !== '') [model] = press(model, key, { status: facts.status, page: 5, last: 0 });
          const lines = draw(width, rows, model);
          expect(lines).toHaveLength(rows);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
          const servers = lines.filter((line) => /^[ >][✗◐✓–] /u.test(line) && !line.includes('need'));
          expect(
            servers.some((line) => line.startsWith('>')),
            `${width}×${rows} ${key}`,
          ).toBe(true);
          for (const line of servers.filter((one) => !/exits with|no answer/u.test(one)))
            expect(line).toMatch(/crash loop|crash…|down|running|stopped/u);
        }
      }
    }
  });

  it('counts down to the next attempt', () => {
    for (const [left, text] of [
      [400, 'retry now'],
      [12_900, 'retry in 12 s'],
      [59_999, 'retry in 59 s'],
      [60_000, 'retry in 1 min 0 s'],
      [228_000, 'retry in 3 min 48 s'],
      [29 * MINUTE, 'retry in 29 min'],
    ] as const)
      expect(retryText(failing('postgres', { nextAttemptAt: NOW + left }), NOW)).toBe(text);
    expect(retryText(failing('postgres', { nextAttemptAt: null }), NOW)).toBe('');
    expect(retryText(serverStatus({ nextAttemptAt: NOW + 5000 }), NOW)).toBe('');
  });

  it('says at 120×40 why of each that needs somebody, and how much is called', () => {
    const servers = [failing('one'), failing('two'), serverStatus({ name: 'three' })];
    const facts = factsOf(servers);
    const view = {
      ...facts.view,
      traffic: { one: { perMinute: 40, p95: 5 }, three: { perMinute: 9, p95: 5 } },
      events: [
        shown('one', 'exited with code 3', 2),
        shown('the-second', 'ready', 1),
        shown('one', 'exited with code 3', 5),
      ],
    };
    const lines = draw(120, 40, fresh(servers), { ...facts, view });
    expect(lines[0]).toMatch(/ 49 calls\/min$/u);
    expect(lines.filter((line) => line.includes('→ set DATABASE_URL'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes('retry in 4 min 0 s'))).toHaveLength(2);
    expect(lines.slice(-4, -1).join('\n')).toMatch(
      /\n\d\d:\d\d:\d\d one {8}exited with code 3, 7 times\n\d\d:\d\d:\d\d the-second ready$/u,
    );
  });

  it('breaks reason and cure where there is no width for them', () => {
    const lines = draw(40, 20, fresh());
    const at = lines.findIndex((line) => line.startsWith('>✗ postgres'));
    expect(lines.slice(at + 1, at + 6)).toEqual([
      '   exits with code 3: “DATABASE_URL is',
      '   not set”',
      '   → set DATABASE_URL below',
      '   servers.postgres.env',
      '   retry in 4 min 0 s',
    ]);
  });

  it('hides nothing of the state at 40 columns', () => {
    const lines = draw(40, 20, fresh());
    expect(lines[0]).toBe(' ✗ 2 need you ◐ 1 ✓ 21 – 1');
    expect(lines.find((line) => line.includes('postgres'))).toMatch(/^>✗ postgres +crash looping 47m$/u);
    expect(lines.find((line) => line.includes('0001'))).toMatch(/^ ✗ a-very-l.*0001 crash looping 47m$/u);
  });

  it.each([40, 80, 120])('leaves the time away rather than half of it, with %i columns', (width) => {
    const servers = [
      failing('gone', { state: 'needs_attention', since: NOW - 12_000 }),
      ...SERVERS.slice(4, 8),
    ];
    const row = draw(width, 30, fresh(servers), factsOf(servers)).find((line) => line.includes('✗ gone'));
    expect(row).toMatch(width > 80 ? / needs attention 12s / : / needs attention( 12s)?(?: |$)/u);
    expect(row).not.toContain('1…');
  });

  it('is one line where there is no room', () => {
    expect(draw(29, 20, fresh())[0]).toBe('✗ 2 need you: postgres, a-ve…');
    expect(draw(20, 5, fresh()).slice(1)).toEqual([
      '✗ postgres',
      '✗ a-very-lo…ype-0001',
      '◐ browser',
      '✓ fetch',
    ]);
    expect(draw(80, 3, fresh())[0]).toMatch(/^✗ 2 need you: postgres, a-very/u);
    expect(draw(80, 3, fresh([serverStatus()]), factsOf([serverStatus()]))[0]).toBe('✓ 1 healthy');
    const handled = serverStatus({ name: 'browser', health: DOWN });
    expect(draw(29, 9, fresh([handled]), factsOf([handled]))[0]).toBe('◐ 1 handled');
    const both = [handled, serverStatus()];
    expect(draw(29, 9, fresh(both), factsOf(both))[0]).toBe('◐ 1 ✓ 1');
    expect(draw(29, 9, { ...fresh(both), filter: 'brow' }, factsOf(both)).slice(1, 3)).toEqual([
      '◐ browser',
      '',
    ]);
    const lost = draw(29, 9, fresh(both), { ...factsOf(both), lostAt: NOW });
    expect(lost[0]).toMatch(/^gone since \d\d:\d\d:\d\d$/u);
  });

  it('measures wide characters, and shows no control characters', () => {
    const quote = '数据库 👩‍👩‍👧 \u001B[31m\u202Ered';
    const servers = [failing('db', { lastFailure: { ...failing('db').lastFailure!, quote } })];
    for (let width = 30; width < 90; width += 4) {
      const lines = draw(width, 20, fresh(servers), factsOf(servers));
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      // eslint-disable-next-line no-control-regex -- none of them may be left
      expect(lines.join('')).not.toMatch(/[\u0000-\u001F\u202E]/u);
    }
  });

  it('is ASCII where the terminal is', () => {
    const text = draw(80, 24, fresh(), factsOf(), false).join('');
    expect(text).toContain('>x postgres');
    expect(text).toContain('"DATABASE_URL is not set"');
    expect(text).toMatch(/^[\u0020-\u007E]*$/u);
  });
});

describe('keys', () => {
  const facts = factsOf();
  const typing = (keys: readonly string[], from = fresh()): Model =>
    keys.reduce((model, key) => press(model, key, { status: facts.status, page: 10, last: 0 })[0], from);

  it('filter by a part of the name, until esc', () => {
    const filtered = typing(['/', 'b', 'r', 'o', 'enter']);
    expect(shownServers(filtered, facts.status).map(({ name }) => name)).toEqual(['browser']);
    expect(filtered.selected).toBe('browser');
    expect(draw(80, 24, typing(['/', 'x', 'x'])).join('\n')).toContain('No server has "xx" in its name');
    expect(typing(['escape'], filtered).filter).toBe('');
  });

  it('keep the selection on its server, and the order for a while', () => {
    const model = typing(['j', 'j']);
    expect(model.selected).toBe('browser');
    const healed = status(
      SERVERS.map((one) => (one.name === 'postgres' ? serverStatus({ name: 'postgres' }) : one)),
    );
    const still = withStatus(model, healed, { now: NOW, isQuiet: false });
    expect([still.order, still.selected]).toEqual([model.order, 'browser']);
    const later = withStatus(model, healed, { now: NOW, isQuiet: true });
    expect([later.order[0], later.selected]).toEqual([
      'a-very-long-server-name-that-nobody-would-type-0001',
      'browser',
    ]);
    const gone = withStatus(model, status([serverStatus()]), { now: NOW, isQuiet: true });
    expect(gone.selected).toBe('context7');
  });

  it('ask before they act, and take any other key for no', () => {
    const [asking] = press(fresh(), 'r', { status: facts.status, page: 1, last: 0 });
    expect(draw(80, 24, asking).at(-1)).toBe(' Restart postgres?   y yes   any other key no');
    expect(press(asking, 'y', { status: facts.status, page: 1, last: 0 })[1]).toEqual({
      action: 'restart',
      server: 'postgres',
    });
    expect(press(asking, 'x', { status: facts.status, page: 1, last: 0 })).toEqual([
      { ...asking, asked: null },
      'redraw',
    ]);
    const [off] = press(typing(['G']), 's', { status: facts.status, page: 1, last: 0 });
    expect(off.asked).toEqual({ action: 'start', server: 'slack' });
  });

  it('say what becomes of calls in flight', () => {
    const servers = [serverStatus({ clients: { sessions: 2, streams: 0, inFlight: 2, queued: 0 } })];
    const asking = (key: string): string[] => {
      const [model] = press(fresh(servers), key, { status: status(servers), page: 1, last: 0 });
      return draw(80, 24, model, factsOf(servers)).slice(-3);
    };
    expect(asking('r')).toEqual([
      ' Restart context7? 2 clients, 2 calls in flight.',
      ' What may be repeated is sent again, the others are told.',
      ' y yes   any other key no',
    ]);
    expect(asking('s')[1]).toBe(' They end with an error.');
  });

  it('scroll a list no further than its end', () => {
    const events = Array.from({ length: 100 }, (_, index) => shown('fetch', `event ${index}`, 1));
    const many = { ...factsOf(), view: { ...factsOf().view, events } };
    const size = { width: 80, rows: 24, colour: false, signs: signsOf(true) };
    let model = typing(['e']);
    for (const key of ['G', 'k'])
      [model] = press(model, key, { status: many.status, page: 10, last: lastOffset(model, many, size) });
    const lines = draw(80, 24, model, many);
    expect(lines.at(-2)).toContain('event 98');
    expect(lines.some((line) => line.includes('event 99'))).toBe(false);
  });

  it('show what each client is told, whole, and which one is selected', () => {
    const facts = { ...factsOf(), snippets: { snippets: CLIENTS, shimOnly: 'the gateway wants a token' } };
    for (const [width, rows] of [
      [80, 24],
      [120, 40],
      [40, 20],
      [30, 6],
    ] as const) {
      let model = typing(['c']);
      for (const [index, { title, command, text }] of CLIENTS.entries()) {
        const lines = draw(width, rows, model, facts);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        const at = lines.findIndex((line) => line.startsWith(`> ${title}`));
        expect(at, `${title} at ${width}×${rows}`).toBeGreaterThan(0);
        const rest = lines.slice(at + 1).map((line) => line.slice(3));
        if (rows >= 20) expect(rest.join('')).toContain((command ?? text).replaceAll('\n', ''));
        expect(copied(model, facts)).toBe(CLIENTS[index]);
        [model] = press(model, 'j', {
          status: facts.status,
          page: 1,
          last: lastOffset(model, facts, { width, rows, colour: false, signs: signsOf(true) }),
        });
      }
      expect(copied(model, facts)).toBe(CLIENTS.at(-1));
      expect(press(model, 'y', { status: facts.status, page: 1, last: 0 })).toEqual([model, 'copy']);
      expect(press(model, 'escape', { status: facts.status, page: 1, last: 0 })[0].screen).toBe('server');
    }
    const failed = { ...factsOf(), snippets: { failed: 'The gateway has no server "x"' } };
    expect(draw(80, 24, typing(['c']), failed)[2]).toBe('The gateway has no server "x"');
    expect(copied(typing(['c']), failed)).toBeNull();
  });

  it('open every screen and come back', () => {
    for (const [key, screen] of [
      ['a', 'alerts'],
      ['e', 'events'],
      ['?', 'help'],
      ['l', 'log'],
      ['enter', 'server'],
    ] as const) {
      const model = typing([key]);
      expect(model.screen).toBe(screen);
      for (const [width, rows] of [
        [80, 24],
        [120, 40],
        [40, 20],
      ] as const)
        for (const line of draw(width, rows, model)) expect(widthOf(line)).toBeLessThanOrEqual(width);
      expect(typing(['escape', 'escape'], model).screen).toBe('list');
    }
    expect(typing(['enter', ']']).selected).toBe('a-very-long-server-name-that-nobody-would-type-0001');
  });
});

it('a daemon that is gone leaves what was, dimmed', () => {
  const facts = { ...factsOf(), lostAt: NOW };
  const lines = frame(fresh(), facts, { width: 80, rows: 24, colour: true, signs: signsOf(true) });
  expect(lines[0]).toMatch(/not reachable since \d\d:\d\d:\d\d, trying again \(mcp-watchdog start\)/u);
  expect(lines[2]?.startsWith('\u001B[2m>✗ postgres')).toBe(true);
});

it('a curve shows all of its time, however narrow it is', () => {
  const values = [8, ...Array.from({ length: 70 }, () => 1), null];
  expect(sparkline(values, 72, signsOf(true)).startsWith('█▂')).toBe(true);
  expect(sparkline(values, 6, signsOf(true))).toBe('█▂▂▂▂▂');
  expect(sparkline([null, 4], 4, signsOf(true))).toBe('   █');
});
