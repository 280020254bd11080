// Streams of the gateway: one answer as JSON, more as events, and what a client gets that comes back.
import { expect, describe, test } from 'vitest';
import type { JsonObject } from '../../src/core/base/json-rpc.ts';
import { createKeptEvents } from '../../src/gateway/bounds/kept-events.ts';
import { readEventId, writeEventId } from '../../src/gateway/event-id.ts';
import { FakeClock } from '../fakes/clock.ts';
import {
  initialize,
  modern,
  startFront,
  stream,
  type FrontParts,
  type Said,
  type Script,
} from '../fakes/gateway.ts';
import { waitFor } from '../fakes/wait-for.ts';

const notice = (n: number): JsonObject => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { n },
});
const call = (id: string | number = 1): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'slow' },
});

/** A front whose calls wait for the test; greetings are answered. */
async function startHeld({ clock, onUnread }: Pick<FrontParts, 'clock' | 'onUnread'> = {}) {
  const held: Said[] = [];
  const front = await startFront({
    ...(clock !== undefined && { clock }),
    ...(onUnread !== undefined && { onUnread }),
    onSaid: (said, script: Script) =>
      said.message['method'] === 'initialize' ? script.result(said) : void held.push(said),
  });
  const session = await front.greet();
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' };
  return {
    ...front,
    held,
    session,
    headers,
    /** Sends a call and waits until it has arrived; its response is awaited later. */
    begin: async (body: JsonObject = call(), more: Readonly<Record<string, string>> = headers) => {
      const count = held.length;
      const reply = stream(front.port, { body, headers: more });
      const said = await waitFor(() => held[count]);
      return { said, reply };
    },
    own: (more: Readonly<Record<string, string>> = {}) =>
      stream(front.port, { headers: { ...headers, ...more } }),
  };
}

describe('an exchange', () => {
  test('is JSON when the first message is the last', async () => {
    const { begin, script } = await startHeld();
    const { said, reply } = await begin();
    script.result(said, { a: 1 });
    const { headers, state } = await reply;
    await waitFor(() => state.isEnded);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(state.text)).toEqual({ jsonrpc: '2.0', id: 1, result: { a: 1 } });
  });

  test('is a stream from the first notification on, which begins with an id alone', async () => {
    const { begin, script } = await startHeld();
    const { said, reply } = await begin();
    script.send(said, notice(1), { isLast: false });
    const { headers, state, messages, events } = await reply;
    script.send(said, notice(2), { isLast: false });
    script.result(said);
    await waitFor(() => state.isEnded);
    expect(headers['content-type']).toBe('text/event-stream');
    expect(messages()).toEqual([notice(1), notice(2), { jsonrpc: '2.0', id: 1, result: {} }]);
    expect(events().map(({ id, data }) => [readEventId(id ?? '')?.number, data !== ''])).toEqual([
      [0, false],
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  test('of an older version has ids, but no event without data', async () => {
    const front = await startHeld();
    const session = await front.greet('2025-06-18');
    const { said, reply } = await front.begin(call(), {
      'mcp-session-id': session,
      'mcp-protocol-version': '2025-06-18',
    });
    front.script.send(said, notice(1), { isLast: false });
    front.script.result(said);
    const { state, events } = await reply;
    await waitFor(() => state.isEnded);
    expect(events().map(({ id }) => readEventId(id ?? '')?.number)).toEqual([1, 2]);
  });

  test('of the modern era has no ids', async () => {
    const front = await startHeld();
    const asked = modern('tools/call', { name: 'slow' });
    const { said, reply } = await front.begin(asked.body, asked.headers);
    front.script.send(said, notice(1), { isLast: false });
    front.script.fail(said, -32_601);
    const { status, state, events } = await reply;
    await waitFor(() => state.isEnded);
    expect([status, events().map(({ id }) => id)]).toEqual([200, [null, null]]);
  });

  test('becomes a stream within 10 s of silence, with a comment each 15 s, and no timer is left behind', async () => {
    const clock = new FakeClock();
    const { begin, script } = await startHeld({ clock });
    const { said, reply } = await begin();
    await clock.advance(10_000);
    const { headers, state, messages } = await reply;
    expect(headers['content-type']).toBe('text/event-stream');
    expect(state.text).not.toContain(': alive');
    await clock.advance(15_000);
    await waitFor(() => state.text.includes(': alive'));
    const before = state.text.split(': alive').length;
    await clock.advance(60_000);
    await waitFor(() => state.text.split(': alive').length >= before + 4);
    script.result(said);
    await waitFor(() => state.isEnded);
    expect(messages()).toHaveLength(1);
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('has its events on one line each, whatever white space the server writes', async () => {
    const { begin, script, front } = await startHeld();
    const { said, reply } = await begin();
    script.send(said, notice(1), { isLast: false });
    front.perform('files', {
      kind: 'send',
      port: said.port,
      text: '{"jsonrpc":"2.0",\r\n\r\n"id":1,\r"result":{}}',
      isLast: true,
      code: null,
    });
    const { state, messages } = await reply;
    await waitFor(() => state.isEnded);
    expect(messages()[1]).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  });

  test('that was cancelled ends with the text that the router gives', async () => {
    const { begin, front } = await startHeld();
    const { said, reply } = await begin();
    front.perform('files', {
      kind: 'end',
      port: said.port,
      text: '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}',
    });
    const { state } = await reply;
    await waitFor(() => state.isEnded);
    expect(JSON.parse(state.text)).toMatchObject({ error: { code: -32_000 } });
  });

  test('whose client leaves 16 MiB unread is cut off, others go on', async () => {
    const { begin, script, events } = await startHeld();
    const asked = modern('tools/call', { name: 'slow' });
    const slow = await begin(asked.body, asked.headers);
    const fast = await begin();
    script.send(slow.said, notice(1), { isLast: false });
    const reply = await slow.reply;
    reply.pause();
    const big = {
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { data: 'a'.repeat(1024 * 1024) },
    };
    for (let count = 0; count < 40; count += 1) script.send(slow.said, big, { isLast: false });
    expect(await waitFor(() => events.find(({ kind }) => kind === 'left'))).toMatchObject({
      port: slow.said.port,
    });
    script.result(fast.said);
    expect((await fast.reply).status).toBe(200);
  });

  test('whose answer is not read is cut off once too much of its server is unread; each is told', async () => {
    const cutOff: string[] = [];
    const { begin, script } = await startHeld({ onUnread: (server) => void cutOff.push(server) });
    const deaf = [];
    for (let id = 1; id <= 8; id += 1) {
      const { said, reply } = await begin(call(id));
      script.send(said, notice(1), { isLast: false });
      (await reply).pause();
      deaf.push(said);
    }
    for (const said of deaf) script.result(said, { text: 'a'.repeat(14 * 1024 * 1024) });
    await waitFor(() => cutOff.length >= 1);
    const { said, reply } = await begin(call(9));
    script.result(said, { text: 'b' });
    const { state } = await reply;
    await waitFor(() => state.isEnded);
    expect(state.text).toContain('"b"');
    expect(new Set(cutOff)).toEqual(new Set(['files']));
    expect(cutOff.length).toBeLessThan(8);
  });
});

describe("a session's own stream", () => {
  test('gets what is said unasked, also what was said before it opened', async () => {
    const { own, script, session } = await startHeld();
    script.tell(session, notice(1));
    const { state, messages, events, status, headers } = await own();
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-cache, no-transform',
    ]);
    await waitFor(() => messages().length === 1);
    script.tell(session, notice(2));
    await waitFor(() => messages().length === 2);
    expect(messages()).toEqual([notice(1), notice(2)]);
    expect(events()[0]).toMatchObject({ data: '' });
    expect(state.isEnded).toBe(false);
  });

  test('replaces an earlier one, and nothing comes twice', async () => {
    const { own, script, session } = await startHeld();
    const first = await own();
    script.tell(session, notice(1));
    await waitFor(() => first.messages().length === 1);
    const second = await own();
    await waitFor(() => first.state.isEnded);
    script.tell(session, notice(2));
    await waitFor(() => second.messages().length === 1);
    expect(second.messages()).toEqual([notice(2)]);
    expect(first.messages()).toEqual([notice(1)]);
  });

  test.each([0, 1, 3])('goes on after %i events that the client has', async (has) => {
    const { own, script, session } = await startHeld();
    const first = await own();
    for (const n of [1, 2, 3]) script.tell(session, notice(n));
    await waitFor(() => first.messages().length === 3);
    const { id } = first.events()[has] ?? {};
    first.close();
    script.tell(session, notice(4));
    const second = await own({ 'last-event-id': id ?? '' });
    const expected = [1, 2, 3, 4].slice(has).map(notice);
    await waitFor(() => second.messages().length === expected.length);
    expect(second.messages()).toEqual(expected);
  });

  test('keeps the last 100 events for a client that is away', async () => {
    const { own, script, session } = await startHeld();
    for (let n = 1; n <= 101; n += 1) script.tell(session, notice(n));
    const { messages } = await own();
    await waitFor(() => messages().length === 100);
    expect(messages()[0]).toEqual(notice(2));
  });

  test.each(['rubbish', 'deadbeef-0-5', 'deadbeef-0-99999999999999', '%00'])(
    'begins anew after the id %s',
    async (id) => {
      const { own, script, session } = await startHeld();
      script.tell(session, notice(1));
      const { messages } = await own({ 'last-event-id': id });
      await waitFor(() => messages().length === 1);
    },
  );

  test('ends with its session, and with the daemon', async () => {
    const { own, ask, headers, front, greet, port } = await startHeld();
    const deleted = await own();
    expect((await ask({ method: 'DELETE', headers })).status).toBe(204);
    await waitFor(() => deleted.state.isEnded);
    const session = await greet();
    const other = await stream(port, { headers: { 'mcp-session-id': session } });
    front.perform('files', { kind: 'forget', session });
    await waitFor(() => other.state.isEnded);
    const last = await stream(port, { headers: { 'mcp-session-id': session } });
    front.drain();
    await waitFor(() => last.state.isEnded);
  });
});

describe('a request whose client was cut off', () => {
  test('goes on where it was, with what was missed', async () => {
    const { begin, own, script, events } = await startHeld();
    const { said, reply } = await begin();
    script.send(said, notice(1), { isLast: false });
    const first = await reply;
    await waitFor(() => first.messages().length === 1);
    const { id } = first.events().at(-1) ?? {};
    first.close();
    await waitFor(() => events.some(({ kind }) => kind === 'left'));
    script.send(said, notice(2), { isLast: false });
    const second = await own({ 'last-event-id': id ?? '' });
    script.send(said, notice(3), { isLast: false });
    script.result(said);
    await waitFor(() => second.state.isEnded);
    expect(second.messages()).toEqual([notice(2), notice(3), { jsonrpc: '2.0', id: 1, result: {} }]);
  });

  test('gets an answer that came meanwhile, once, and nothing of other streams', async () => {
    const { begin, own, script, session } = await startHeld();
    const other = await begin(call(2));
    const { said, reply } = await begin();
    for (const one of [said, other.said]) script.send(one, notice(1), { isLast: false });
    const first = await reply;
    await waitFor(() => first.messages().length === 1);
    const { id } = first.events().at(-1) ?? {};
    first.close();
    script.result(said);
    script.result(other.said);
    script.tell(session, notice(9));
    const second = await own({ 'last-event-id': id ?? '' });
    await waitFor(() => second.state.isEnded);
    expect(second.messages()).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    const third = await own({ 'last-event-id': second.events().at(-1)?.id ?? '' });
    await waitFor(() => third.state.isEnded);
    expect(third.messages()).toEqual([]);
    const fourth = await own();
    await waitFor(() => fourth.messages().length === 1);
    expect(fourth.messages()).toEqual([notice(9)]);
  });

  test('does not reach the stream of another session', async () => {
    const { begin, script, greet, port } = await startHeld();
    const { said, reply } = await begin();
    script.send(said, notice(1), { isLast: false });
    const first = await reply;
    await waitFor(() => first.messages().length === 1);
    const thief = await stream(port, {
      headers: { 'mcp-session-id': await greet(), 'last-event-id': first.events()[0]?.id ?? '' },
    });
    await waitFor(() => thief.state.isEnded);
    expect(thief.messages()).toMatchObject([{ id: 1, error: { code: -32_000 } }]);
    script.result(said, { secret: true });
    await waitFor(() => first.state.isEnded);
    expect(first.messages()).toHaveLength(2);
    expect(thief.state.text).not.toContain('secret');
  });

  test('by the end of the daemon gets an error in its own id at once', async () => {
    const { own } = await startHeld();
    const id = writeEventId({ boot: 'deadbeef', stream: 12, number: 3, request: 'call-1' });
    const { state, messages } = await own({ 'last-event-id': id });
    await waitFor(() => state.isEnded);
    expect(messages()).toEqual([
      {
        jsonrpc: '2.0',
        id: 'call-1',
        error: {
          code: -32_000,
          message: expect.any(String),
          data: { reason: 'server_restarted', mayHaveRun: true },
        },
      },
    ]);
  });

  test('gets an error when its answer is no longer kept', async () => {
    const { begin, own, script, session } = await startHeld();
    const { said, reply } = await begin();
    script.send(said, notice(1), { isLast: false });
    const first = await reply;
    await waitFor(() => first.messages().length === 1);
    first.close();
    script.result(said);
    for (let n = 0; n < 100; n += 1) script.tell(session, notice(n));
    const second = await own({ 'last-event-id': first.events()[0]?.id ?? '' });
    await waitFor(() => second.state.isEnded);
    expect(second.messages()).toMatchObject([
      { id: 1, error: { data: { reason: 'answer_lost', mayHaveRun: true } } },
    ]);
  });

  test('before it was a stream cannot come back: nothing is kept for it', async () => {
    const { begin, script, front, events } = await startHeld();
    const { said, reply } = await begin(call(5));
    script.send(said, notice(0), { isLast: false });
    (await reply).close();
    await waitFor(() => events.filter(({ kind }) => kind === 'left').length === 1);
    script.result(said);
    expect(front.load.exchanges).toBe(0);
  });
});

describe('the gateway', () => {
  test('cuts off the clients of a server that is removed', async () => {
    const { begin, own, front } = await startHeld();
    const stream = await own();
    const { reply } = await begin();
    front.dropServer('files');
    await expect(reply).rejects.toThrow();
    await waitFor(() => stream.state.isEnded);
    expect(front.load).toEqual({ exchanges: 0, sessions: 0, streams: 0 });
  });

  test('keeps nothing of 1,000 sessions that were deleted', async () => {
    const { ask, front, script } = await startFront();
    for (let count = 0; count < 1_000; count += 1) {
      const { headers } = await ask({ body: initialize() });
      const session = String(headers['mcp-session-id']);
      script.tell(session, notice(1));
      await ask({ method: 'DELETE', headers: { 'mcp-session-id': session } });
    }
    expect(front.load).toEqual({ exchanges: 0, sessions: 0, streams: 0 });
    // 2,000 requests and as many writes to the disk.
  }, 120_000);
});

describe('kept events', () => {
  const event = (number: number, text = 'a', stream = 0) => ({ stream, number, text, isLast: false });

  test('are the last of each session', () => {
    const kept = createKeptEvents({ events: 2, bytes: 10, allBytes: 100 });
    for (const number of [1, 2, 3]) kept.add('s', event(number));
    expect(kept.after('s', 0, 0).map(({ number }) => number)).toEqual([2, 3]);
    kept.add('s', event(4, 'a'.repeat(10)));
    expect(kept.after('s', 0, 0).map(({ number }) => number)).toEqual([4]);
    kept.add('s', event(5, 'a'.repeat(11)));
    expect([kept.after('s', 0, 0), kept.bytes]).toEqual([[], 0]);
  });

  test('have a bound for all: who was told nothing for longest loses first', () => {
    const kept = createKeptEvents({ events: 9, bytes: 100, allBytes: 10 });
    kept.add('a', event(1, 'aaaa'));
    kept.add('b', event(1, 'bbbb'));
    kept.add('a', event(2, 'a'));
    kept.add('c', event(1, 'cccc'));
    expect([kept.after('b', 0, 0).length, kept.after('a', 0, 0).length, kept.bytes, kept.sessions]).toEqual([
      0, 2, 9, 2,
    ]);
    kept.forget('a');
    kept.forget('a');
    expect([kept.bytes, kept.sessions]).toEqual([4, 1]);
  });
});

describe('an event id', () => {
  test.each([null, 0, 1.5, 'a', 'with - and 🙂', ''])('holds the request %j', (request) => {
    const id = { boot: 'deadbeef', stream: 3, number: 9, request };
    expect(writeEventId(id)).toMatch(/^[\w-]+$/u);
    expect(readEventId(writeEventId(id))).toEqual(id);
  });

  test('leaves out a request with a long id', () => {
    const text = writeEventId({ boot: 'deadbeef', stream: 3, number: 9, request: 'a'.repeat(100) });
    expect(readEventId(text)).toMatchObject({ request: null });
  });

  test.each(['', 'deadbeef-1', 'deadbeef-a-1', 'x-1-1', 'deadbeef-1-1-bm8', `deadbeef-${'9'.repeat(20)}-1`])(
    'never throws for %j',
    (text) => {
      expect(readEventId(text)?.request ?? null).toBeNull();
    },
  );
});
