import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/core/base/json-rpc.ts';
import { servedStage as stage } from '../../fakes/served-server.ts';

const READ_ONLY = { annotations: { readOnlyHint: true } };

const write = (id: number): JsonObject => ({ id, method: 'tools/call', params: { name: 'write' } });

describe('a request that the server did not take', () => {
  test('waits for the next process, and is sent once', async () => {
    const { clock, spawn, say, sent } = stage();
    const first = spawn([], () => 'gone');
    await clock.advance(0);
    const port = say(write(1));
    expect(sent(port)).toEqual([]);
    first.gone();
    const second = spawn([]);
    await clock.advance(0);
    expect(second.written).toMatchObject([{ method: 'tools/call' }]);
    second.answer(second.written[0]?.['id']);
    expect(sent(port)).toMatchObject([{ id: 1, result: {} }]);
  });

  test('is refused as busy when the server does not read', async () => {
    const { clock, spawn, say, sent } = stage();
    spawn([], () => 'full');
    await clock.advance(0);
    expect(sent(say(write(1)))).toMatchObject([{ error: { data: { reason: 'busy' } } }]);
  });
});

test('a request whose connection broke is sent again if it only reads, else it fails', async () => {
  const { clock, spawn, say, sent } = stage();
  const { events, written } = spawn([{ name: 'read', ...READ_ONLY }, { name: 'write' }]);
  await clock.advance(0);
  const read = say({ id: 1, method: 'tools/call', params: { name: 'read' } });
  const failed = say(write(2));
  for (const { id } of written.slice()) events.onBroken(String(id));
  expect(written).toHaveLength(3);
  expect(sent(failed)).toMatchObject([{ error: { data: { mayHaveRun: true } } }]);
  events.onBroken(String(written[2]?.['id']));
  expect(sent(read)).toMatchObject([{ error: { data: { reason: 'server_restarted' } } }]);
});

describe('a drain', () => {
  test('ends with the last call, and new calls wait', async () => {
    const { clock, server, spawn, say } = stage();
    const { answer, written } = spawn([]);
    await clock.advance(0);
    expect(server.drain()).toBeNull();
    say(write(1));
    let isDone = false;
    void server.drain()?.then(() => (isDone = true));
    say(write(2));
    await clock.advance(1_000);
    expect([isDone, written.length]).toEqual([false, 1]);
    answer(written[0]?.['id']);
    await clock.advance(0);
    expect(isDone).toBe(true);
  });

  test('ends after 2 s at the latest', async () => {
    const { clock, server, spawn, say } = stage();
    spawn([]);
    await clock.advance(0);
    say(write(1));
    let isDone = false;
    void server.drain()?.then(() => (isDone = true));
    await clock.advance(1_999);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(isDone).toBe(true);
  });
});

test('the next daemon knows lists, introduction, levels and subscriptions', async () => {
  const before = stage();
  before.spawn([{ name: 'a' }]);
  await before.clock.advance(0);
  before.say({ id: 1, method: 'logging/setLevel', params: { level: 'error' } });
  before.memory.save();

  const after = stage({ home: before.home });
  const greeting = after.say({ id: 1, method: 'initialize', params: {} }, 'new');
  expect(after.sent(greeting)).toMatchObject([{ result: { serverInfo: { name: 's' } } }]);
  after.say({ method: 'notifications/initialized' });
  const { written } = after.spawn([{ name: 'b' }]);
  await after.clock.advance(0);
  expect(written).toMatchObject([{ method: 'logging/setLevel', params: { level: 'error' } }]);
  const told = after.actions.flatMap((one) => (one.kind === 'tell' ? [JSON.parse(one.text)] : []));
  expect(told).toContainEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
});

test('calls that waited for a process come before its lists are read, once they were known', async () => {
  const { clock, spawn, say } = stage();
  const first = spawn([{ name: 'write' }]);
  await clock.advance(0);
  first.gone();
  say(write(1));
  const second = spawn([{ name: 'write' }]);
  await clock.advance(0);
  expect(second.methods).toEqual(['tools/call', 'tools/list']);
});

test('a hundred notices of changed tools are two readings, and clients are told twice', async () => {
  const { clock, spawn, actions } = stage();
  const { events, methods } = spawn([{ name: 'a' }]);
  await clock.advance(0);
  const before = methods.length;
  for (let notice = 0; notice < 100; notice += 1) events.onListChanged('tools');
  await clock.advance(60_000);
  expect(methods.slice(before)).toEqual(['tools/list', 'tools/list']);
  expect(actions.filter(({ kind }) => kind === 'tell').length).toBeLessThanOrEqual(2);
});

test('tools that are not marked as read-only are not called before the list was read, nor after', async () => {
  const { clock, spawn, say, sent } = stage({
    gateway: { tools: { allow: ['*'], deny: [], readOnly: true } },
  });
  const early = say({ id: 1, method: 'tools/list' });
  const { answer, written } = spawn([{ name: 'read', ...READ_ONLY }, { name: 'write' }]);
  await clock.advance(0);
  answer(written[0]?.['id']);
  expect(sent(early)).toHaveLength(1);
  expect(sent(say(write(2)))).toMatchObject([{ error: { code: -32602 } }]);
  say({ id: 3, method: 'tools/call', params: { name: 'read' } });
  expect(written).toHaveLength(2);
});
