import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/core/base/json-rpc.ts';
import type { ClientAction } from '../../../src/core/gateway/model.ts';
import { createServedServer } from '../../../src/daemon/gateway/served-server.ts';
import { openGatewayMemory } from '../../../src/daemon/gateway/server-memory.ts';
import type { UpstreamEvents, WriteResult } from '../../../src/gateway/upstream/upstream.ts';
import { legacyPeer } from '../../../src/wire/handshake.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';

const READ_ONLY = { annotations: { readOnlyHint: true } };

function stage({ home = tempHome().home, gateway = {} }: { home?: string; gateway?: object } = {}) {
  const clock = new FakeClock();
  const path = join(home, 'lists.json');
  const memory = openGatewayMemory({ path, clock, scrub: (value) => value, onFault: () => undefined });
  const actions: ClientAction[] = [];
  const spec = specOf();
  const server = createServedServer(
    { ...spec, gateway: { ...spec.gateway, ...gateway } },
    {
      clock,
      version: '1',
      generation: 1,
      settings: () => ({ timeout: 600_000 }),
      lists: { add: () => {}, read: () => ({}) },
      memory: memory.of('server', 'program'),
      perform: (action) => void actions.push(action),
      onExchange: () => undefined,
      onWake: () => undefined,
      onUse: () => undefined,
      judgeTools: () => new Set(),
      onFault(error) {
        throw error;
      },
    },
  );
  let runs = 0;
  let ports = 0;

  /** A process that offers these tools; `takes` says whether it takes what is written. */
  function spawn(tools: readonly object[], takes: () => WriteResult = () => 'written') {
    const written: JsonObject[] = [];
    let events: UpstreamEvents | null = null;
    const process = server.attach({
      run: (runs += 1),
      version: null,
      call: () =>
        Promise.resolve({ kind: 'response', response: { kind: 'result', id: 'x', result: { tools } } }),
      open(given) {
        events = given;
        return {
          write(text) {
            written.push(JSON.parse(text));
            return takes();
          },
          close: () => undefined,
        };
      },
    });
    const peer = legacyPeer({
      protocolVersion: '2025-11-25',
      capabilities: { tools: {}, logging: {} },
      serverInfo: { name: 's', version: '1' },
    });
    if (peer !== null) events!.onHandshake(peer);
    const answer = (id: unknown): void => {
      const message = { jsonrpc: '2.0', id, result: {} };
      events!.onMessage(message, JSON.stringify(message));
    };
    return { ...process, written, answer, events: events! };
  }

  function say(message: JsonObject, session = 'one'): number {
    const full = { jsonrpc: '2.0', ...message };
    const port = (ports += 1);
    if (!server.knows(session))
      server.take({ kind: 'opened', at: 0, session, facts: { version: '2025-11-25', capabilities: [] } });
    const text = JSON.stringify(full);
    server.take({
      kind: 'said',
      at: clock.monotonic(),
      port,
      session,
      era: 'legacy',
      channel: 'tcp',
      message: full,
      text,
    });
    return port;
  }

  const sent = (port: number): JsonObject[] =>
    actions.flatMap((one) => (one.kind === 'send' && one.port === port ? [JSON.parse(one.text)] : []));
  return { clock, server, memory, actions, home, spawn, say, sent };
}

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
