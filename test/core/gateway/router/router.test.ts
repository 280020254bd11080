import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject } from '../../../../src/core/base/guards.ts';
import { META } from '../../../../src/core/gateway/translate.ts';
import { RULES, parse, playRouter } from './play-router.ts';

const MODERN_META = { [META.version]: '2026-07-28', [META.capabilities]: {} };
const lastKey = (play: ReturnType<typeof playRouter>): string => play.keys().at(-1) ?? '';

describe('answers', () => {
  test('return to their client under its own id, whatever its type', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    play.open('two');
    const ports = [play.call(7, 'write'), play.call(7, 'write', 'two'), play.call('7', 'write')];
    for (const key of play.keys().toReversed()) play.answer({ id: key, result: { from: key } });
    expect(ports.map((port) => play.sent(port))).toEqual([
      [{ jsonrpc: '2.0', id: 7, result: { from: 'gw:1:1' } }],
      [{ jsonrpc: '2.0', id: 7, result: { from: 'gw:1:2' } }],
      [{ jsonrpc: '2.0', id: '7', result: { from: 'gw:1:3' } }],
    ]);
    expect(play.router.load).toEqual({ sessions: 2, inFlight: 0, queued: 0, listeners: 0 });
  });

  test('pass as they came, but for the id', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const text = '{ "result": {"big":12345678901234567890, "one":1.0},  "jsonrpc":"2.0", "id" : "gw:1:1"}';
    const port = play.call(1, 'write');
    const [action] = play.take({ kind: 'answered', at: 0, message: parse(text), text });
    expect(action).toMatchObject({ port, isLast: true, text: text.replace('"gw:1:1"', '1') });
  });

  test('of an earlier process, and second ones, are dropped', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const port = play.call(1, 'read');
    const old = lastKey(play);
    play.lose();
    play.ready();
    expect(play.answer({ id: old, result: {} })).toEqual([]);
    play.answer({ id: lastKey(play), result: {} });
    play.answer({ id: lastKey(play), result: {} });
    expect(play.sent(port)).toHaveLength(1);
  });

  test('an id that is under way in the same session is refused', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const first = play.call(1, 'write');
    const second = play.call(1, 'write');
    expect(play.sent(second)).toMatchObject([{ id: 1, error: { code: -32600 } }]);
    play.answer({ id: lastKey(play), result: {} });
    expect(play.sent(first)).toMatchObject([{ id: 1, result: {} }]);
  });
});

describe('when the server dies', () => {
  test('what only reads is sent again once; a write fails at once and says that it may have run', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const write = play.call(1, 'write');
    const read = play.call(2, 'read');
    const list = play.say({ message: { id: 3, method: 'tools/list' } });
    play.lose();
    expect(play.sent(write)).toMatchObject([
      { error: { code: -32000, data: { reason: 'server_restarted', mayHaveRun: true } } },
    ]);
    play.ready();
    for (const key of play.keys().slice(3)) play.answer({ id: key, result: { tools: [] } });
    expect([...play.sent(read), ...play.sent(list)]).toMatchObject([
      { id: 2, result: {} },
      { id: 3, result: {} },
    ]);
  });

  test('a call that kills it is not sent a third time, and soon after not even twice', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const first = play.call(1, 'read poison');
    for (const _ of [1, 2]) {
      play.lose();
      play.ready();
    }
    expect(play.sent(first)).toMatchObject([{ error: { data: { reason: 'server_restarted' } } }]);
    const second = play.call(2, 'read poison');
    play.lose();
    expect(play.sent(second)).toHaveLength(1);
    play.wait(61_000);
    play.ready();
    play.call(3, 'read poison');
    play.lose();
    play.ready();
    expect(play.keys()).toHaveLength(5);
  });

  test('a call that ran longer than clients wait is not run again from the start', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const port = play.call(1, 'read');
    play.wait(31_000);
    play.lose();
    expect(play.sent(port)).toMatchObject([{ error: { data: { mayHaveRun: true } } }]);
  });

  test('calls wait in order, for as long as the patience lasts, and not beyond the bound', () => {
    const play = playRouter({ limits: { queue: 2 } });
    play.ready();
    play.open('one');
    play.lose();
    const [first, second, third] = [play.call(1, 'write'), play.call(2, 'write'), play.call(3, 'write')];
    expect(play.sent(third)).toMatchObject([{ error: { data: { reason: 'busy' } } }]);
    play.wait(29_000);
    expect([...play.sent(first), ...play.sent(second)]).toEqual([]);
    play.wait(1_000);
    expect(play.sent(second)).toMatchObject([{ error: { data: { reason: 'server_unavailable' } } }]);
    const later = play.call(4, 'write');
    play.ready();
    play.answer({ id: lastKey(play), result: {} });
    expect(play.sent(later)).toMatchObject([{ id: 4, result: {} }]);
  });

  test('calls are refused at once while it is stopped or crash looping; greetings are answered', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    play.lose();
    const waiting = play.call(1, 'write');
    const availability = { kind: 'away', state: 'crash_looping', retryAfter: 4_200 } as const;
    play.take({ kind: 'availability', at: 0, availability });
    const refused = play.call(2, 'write');
    for (const port of [waiting, refused])
      expect(play.sent(port)).toMatchObject([
        { error: { data: { reason: 'server_unavailable', state: 'crash_looping', retryAfter: 5 } } },
      ]);
    const greeting = play.say({ message: { id: 3, method: 'initialize', params: { protocolVersion: 'x' } } });
    expect(play.sent(greeting)).toMatchObject([{ result: { protocolVersion: '2025-11-25' } }]);
  });

  test('new calls wait while a stop of ours is near, and those under way go on', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const old = play.call(1, 'write');
    play.take({ kind: 'leaving' });
    play.call(2, 'write');
    expect(play.keys()).toHaveLength(1);
    play.answer({ id: lastKey(play), result: {} });
    expect(play.sent(old)).toMatchObject([{ result: {} }]);
    play.lose();
    play.ready();
    expect(play.keys()).toHaveLength(2);
  });

  test('levels and subscriptions are told to the next process', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    play.say({ message: { id: 1, method: 'logging/setLevel', params: { level: 'warning' } } });
    play.say({ message: { id: 2, method: 'resources/subscribe', params: { uri: 'a:b' } } });
    play.answer({ id: lastKey(play), result: {} });
    play.lose();
    const before = play.written().length;
    play.ready();
    expect(play.written().slice(before)).toMatchObject([
      { method: 'logging/setLevel', params: { level: 'warning' } },
      { method: 'resources/subscribe', params: { uri: 'a:b' } },
    ]);
  });
});

describe('cancelled calls', () => {
  test('are cancelled at the server under our id, answered nowhere, and dropped after 30 s', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const port = play.call(1, 'write');
    const key = lastKey(play);
    play.say({ message: { method: 'notifications/cancelled', params: { requestId: 1, reason: 'why' } } });
    expect(play.written().at(-1)).toMatchObject({ params: { requestId: key, reason: 'why' } });
    expect(play.router.load.inFlight).toBe(1);
    play.wait(30_000);
    expect(play.router.load.inFlight).toBe(0);
    play.answer({ id: key, result: {} });
    expect(play.sent(port)).toEqual([]);
    expect(play.outcomes()).toEqual(['cancelled']);
  });

  test('of another session, or of no request, change nothing', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    play.open('two');
    play.call(1, 'write');
    play.say({ session: 'two', message: { method: 'notifications/cancelled', params: { requestId: 1 } } });
    expect(play.written()).toHaveLength(1);
  });

  test('a modern client that is gone has cancelled, a legacy one has not', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const legacy = play.call(1, 'write');
    const params = { name: 'write', _meta: MODERN_META };
    const modern = play.say({
      session: null,
      era: 'modern',
      message: { id: 1, method: 'tools/call', params },
    });
    const key = lastKey(play);
    for (const port of [legacy, modern]) play.take({ kind: 'left', at: 0, port });
    expect(play.written().slice(2)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: key } },
    ]);
  });

  test('and those of a session that its client ends: their exchanges end too', () => {
    const play = playRouter();
    play.open('one');
    play.ready();
    const port = play.call(1, 'write');
    play.take({ kind: 'closed', at: play.at, session: 'one' });
    expect(play.actions).toContainEqual({
      kind: 'end',
      port,
      text: expect.stringContaining('"id":1,'),
    });
    expect(play.written().at(-1)).toMatchObject({ method: 'notifications/cancelled' });
    play.answer({ id: play.keys()[0] ?? '', result: {} });
    expect(play.sent(port)).toEqual([]);
  });

  test('while waiting are never sent', () => {
    const play = playRouter();
    play.open('one');
    play.call(1, 'write');
    play.say({ message: { method: 'notifications/cancelled', params: { requestId: 1 } } });
    play.ready();
    expect(play.keys()).toEqual([]);
  });
});

describe('the server asks a client', () => {
  const sampling = { id: 5, method: 'sampling/createMessage', params: {} };

  test('only when one session has calls under way, and has declared it; the answer counts from that session only', () => {
    const play = playRouter();
    play.ready();
    play.open('one', { capabilities: ['sampling'] });
    play.open('two', { capabilities: ['sampling'] });
    const port = play.call(1, 'write');
    play.answer(sampling);
    const [asked] = play.sent(port);
    const id = String(asked?.['id']);
    expect(asked).toMatchObject({ method: 'sampling/createMessage' });
    play.say({ session: 'two', message: { id, result: { stolen: true } } });
    play.say({ message: { id, result: { ok: true } } });
    expect(play.written().slice(1)).toEqual([{ jsonrpc: '2.0', id: 5, result: { ok: true } }]);
    play.call(1, 'write', 'two');
    play.answer({ ...sampling, id: 6 });
    expect(play.written().at(-1)).toMatchObject({ id: 6, error: { code: -32601 } });
  });

  test('and is told when its server is gone', () => {
    const play = playRouter();
    play.ready();
    play.open('one', { capabilities: ['sampling'] });
    const port = play.call(1, 'read');
    play.answer(sampling);
    play.lose();
    expect(play.sent(port).at(-1)).toMatchObject({ method: 'notifications/cancelled' });
  });
});

describe('news', () => {
  test('progress goes to its call, under the token of the client', () => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const params = { name: 'write', _meta: { progressToken: 0, own: 1 } };
    const port = play.say({ message: { id: 1, method: 'tools/call', params } });
    const key = lastKey(play);
    expect(play.written()).toMatchObject([{ params: { _meta: { progressToken: key, own: 1 } } }]);
    play.answer({ method: 'notifications/progress', params: { progressToken: key, progress: 1 } });
    expect(play.sent(port)).toMatchObject([{ params: { progressToken: 0, progress: 1 } }]);
  });

  test('a call with progress does not time out', () => {
    const play = playRouter({ limits: { timeout: 1_000 } });
    play.ready();
    play.open('one');
    const port = play.call(1, 'write');
    play.wait(900);
    play.answer({ method: 'notifications/progress', params: { progressToken: lastKey(play), progress: 1 } });
    play.wait(900);
    expect(play.sent(port)).toEqual([]);
    play.wait(100);
    expect(play.sent(port)).toMatchObject([{ error: { code: -32001, data: { reason: 'timeout' } } }]);
  });

  test('log messages reach the sessions that want their level', () => {
    const play = playRouter();
    play.ready();
    for (const [session, level] of [
      ['one', 'debug'],
      ['two', 'error'],
    ] as const) {
      play.open(session);
      play.say({ session, message: { id: 1, method: 'logging/setLevel', params: { level } } });
    }
    expect(play.written().map(({ params }) => params)).toEqual([{ level: 'debug' }, { level: 'debug' }]);
    play.answer({ method: 'notifications/message', params: { level: 'info', data: 'x' } });
    expect([play.told('one').length, play.told('two').length]).toEqual([1, 0]);
  });

  test('the first subscription and the last end of one reach the server', () => {
    const play = playRouter();
    play.ready();
    const ask = (session: string, method: string): number =>
      play.say({ session, message: { id: 1, method, params: { uri: 'a:b' } } });
    play.open('one');
    play.open('two');
    ask('one', 'resources/subscribe');
    play.answer({ id: lastKey(play), result: {} });
    ask('two', 'resources/subscribe');
    play.answer({ method: 'notifications/resources/updated', params: { uri: 'a:b' } });
    ask('one', 'resources/unsubscribe');
    expect(play.keys()).toHaveLength(1);
    ask('two', 'resources/unsubscribe');
    expect(play.keys()).toHaveLength(2);
    expect([play.told('one').length, play.told('two').length]).toEqual([1, 1]);
  });

  test('a session that comes back hears of lists that changed meanwhile', () => {
    const play = playRouter();
    play.ready({}, { changed: ['tools'] });
    play.open('new');
    play.say({ session: 'new', message: { id: 1, method: 'initialize', params: {} } });
    play.open('back');
    play.call(1, 'read', 'back');
    expect(play.told('new')).toEqual([]);
    expect(play.told('back')).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
  });

  test('a modern client listens across restarts', () => {
    const play = playRouter();
    play.ready();
    const notifications = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['a:b'],
    };
    const message = {
      id: 'L',
      method: 'subscriptions/listen',
      params: { notifications, _meta: MODERN_META },
    };
    const port = play.say({ session: null, era: 'modern', message });
    expect(play.sent(port)).toMatchObject([
      {
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:b'] } },
      },
    ]);
    play.lose();
    play.ready({}, { changed: ['tools', 'prompts'] });
    play.answer({ method: 'notifications/resources/updated', params: { uri: 'a:b' } });
    expect(play.sent(port).slice(1)).toMatchObject([
      { method: 'notifications/tools/list_changed', params: { _meta: { [META.subscription]: 'L' } } },
      { method: 'notifications/resources/updated', params: { uri: 'a:b' } },
    ]);
    play.take({ kind: 'left', at: 0, port });
    expect(play.written().at(-1)).toMatchObject({ method: 'resources/unsubscribe' });
    expect(play.router.load.listeners).toBe(0);
  });
});

describe('eras', () => {
  test('a modern client at a legacy server: our words of _meta are taken out, its result is completed', () => {
    const play = playRouter();
    play.ready();
    const message = {
      id: 1,
      method: 'tools/list',
      params: { cursor: 'c', _meta: { ...MODERN_META, own: 1 } },
    };
    const port = play.say({ session: null, era: 'modern', message });
    expect(play.written()).toMatchObject([{ params: { cursor: 'c', _meta: { own: 1 } } }]);
    expect(JSON.stringify(play.written())).not.toContain('modelcontextprotocol');
    play.answer({ id: lastKey(play), result: { tools: [] } });
    expect(play.sent(port)).toMatchObject([
      { id: 1, result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', tools: [] } },
    ]);
  });

  test('a legacy client at a modern server: its requests get an envelope, and its level', () => {
    const play = playRouter();
    play.ready({ era: 'modern' });
    play.open('one');
    play.say({ message: { id: 0, method: 'logging/setLevel', params: { level: 'info' } } });
    const port = play.say({ message: { id: 1, method: 'tools/list' } });
    expect(play.written().at(-1)).toMatchObject({
      method: 'tools/list',
      params: { _meta: { ...MODERN_META, [META.level]: 'info' } },
    });
    play.answer({ id: lastKey(play), result: { resultType: 'input_required' } });
    expect(play.sent(port)).toMatchObject([{ error: { code: -32603 } }]);
  });

  test.each([
    ['modern', 'ping'],
    ['modern', 'initialize'],
    ['legacy', 'server/discover'],
    ['legacy', 'subscriptions/listen'],
    ['legacy', 'tasks/get'],
  ] as const)('a %s client may not ask for %s', (era, method) => {
    const play = playRouter();
    play.ready();
    play.open('one');
    const port = play.say({ era, message: { id: 1, method, params: { _meta: MODERN_META } } });
    expect(play.sent(port)).toMatchObject([{ error: { code: -32601 } }]);
  });
});

test('tools that are not allowed are neither listed nor called, also when the rules change while calls wait', () => {
  const rules = { ...RULES, isFilter: true, mayCall: (tool: string) => tool !== 'secret' };
  const play = playRouter({ rules });
  play.open('one');
  const early = play.call(1, 'secret');
  play.ready();
  const list = play.say({ message: { id: 2, method: 'tools/list' } });
  play.answer({ id: lastKey(play), result: { tools: [{ name: 'secret' }, { name: 'open' }] } });
  expect(play.sent(early)).toMatchObject([{ error: { code: -32602 } }]);
  expect(play.sent(list)).toMatchObject([{ id: 2, result: { tools: [{ name: 'open' }] } }]);
});

test('the least recently used session without a call is forgotten, beyond the bound or after a day', () => {
  const play = playRouter({ limits: { sessions: 2 } });
  play.ready();
  for (const session of ['one', 'two', 'three']) play.open(session);
  expect(play.actions).toContainEqual({ kind: 'forget', session: 'one' });
  expect(play.router.knows('one')).toBe(false);
  play.wait(86_400_000);
  expect(play.router.load.sessions).toBe(0);
});

test('when the watchdog ends, waiting calls are refused and listeners get a result', () => {
  const play = playRouter();
  play.ready();
  const message = {
    id: 'L',
    method: 'subscriptions/listen',
    params: { notifications: {}, _meta: MODERN_META },
  };
  const port = play.say({ session: null, era: 'modern', message });
  play.take({ kind: 'ending', at: 0 });
  expect(play.sent(port).at(-1)).toMatchObject({ id: 'L', result: { resultType: 'complete' } });
});

// Any history keeps these: one last answer for each request, in its own id; nothing sent twice that must not be; no
// remains once everybody is gone.
test('any history of clients and deaths', () => {
  const session = fc.constantFrom('one', 'two', 'three');
  const id = fc.constantFrom(1, 2, '1');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('call'), session, id, fc.constantFrom('read', 'write')) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('modern'), session, id, fc.constantFrom('read', 'write')) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('answer'), fc.nat(20)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('cancel'), session, id) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('leave'), fc.nat(20)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('close'), session) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('lose')) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('ready')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('leaving')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('ask')) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('wait'), fc.constantFrom(100, 10_000, 31_000)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const play = playRouter({ limits: { queue: 3, timeout: 60_000 } });
      const ids = new Map<number, unknown>();
      let isUp = false;
      for (const [kind, ...given] of steps) {
        const [first, second, third] = given;
        if (kind === 'call' || kind === 'modern') {
          const name = String(first);
          if (!play.router.knows(name)) play.open(name, { capabilities: ['sampling'] });
          const era = kind === 'call' ? 'legacy' : 'modern';
          const params = { name: `${third} ${ids.size}`, mark: ids.size };
          const message = { id: second, method: 'tools/call', params };
          ids.set(play.say({ session: era === 'legacy' ? name : null, era, message }), second);
        }
        if (kind === 'answer') play.answer({ id: play.keys().at(-1 - Number(first)) ?? 'x', result: {} });
        if (kind === 'cancel')
          play.say({
            session: String(first),
            message: { method: 'notifications/cancelled', params: { requestId: second } },
          });
        if (kind === 'leave') play.take({ kind: 'left', at: play.at, port: Number(first) });
        if (kind === 'close') play.take({ kind: 'closed', at: play.at, session: String(first) });
        if (kind === 'lose' && isUp) play.lose();
        if (kind === 'ready' && !isUp) play.ready();
        if (kind === 'lose') isUp = false;
        if (kind === 'ready') isUp = true;
        if (kind === 'leaving') play.take({ kind: 'leaving' });
        if (kind === 'ask') play.answer({ id: 1, method: 'sampling/createMessage', params: {} });
        if (kind === 'wait') play.wait(Number(first));
      }
      for (const name of ['one', 'two', 'three']) play.take({ kind: 'closed', at: play.at, session: name });
      play.lose();
      play.wait(60_000);
      play.wait(31_000);

      const lasts = play.actions.flatMap((action) =>
        action.kind === 'send' && action.isLast ? [[action.port, parse(action.text)['id']] as const] : [],
      );
      expect(new Set(lasts.map(([port]) => port)).size).toBe(lasts.length);
      for (const [port, own] of lasts) expect(own).toBe(ids.get(port));
      const times = new Map<string, number>();
      for (const { method, params } of play.written()) {
        if (method !== 'tools/call') continue;
        const name = String(isObject(params) && params['name']);
        times.set(name, (times.get(name) ?? 0) + 1);
      }
      for (const [name, count] of times) expect(count).toBeLessThanOrEqual(name.startsWith('read') ? 2 : 1);
      expect(play.router.load).toEqual({ sessions: 0, inFlight: 0, queued: 0, listeners: 0 });
    }),
    { numRuns: 500 },
  );
});
