// A served server over a day of virtual time, and under calls that are given up: nothing is kept of what is over.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { GATEWAY_LIMITS } from '../../../src/core/gateway/model.ts';
import { servedStage } from '../../fakes/served-server.ts';

const MINUTE = 60_000;
const READ = { name: 'read', annotations: { readOnlyHint: true } };

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes of the heap that something still refers to. */
function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const call = (id: number, name: string) => ({ id, method: 'tools/call', params: { name, mark: id } });

test('a day of sessions that come, call, vanish and end, with a death each ten minutes, leaves what it began with', async () => {
  const stage = servedStage();
  const { clock, server, actions, say } = stage;
  let process = stage.spawn([READ, { name: 'write' }]);
  await clock.advance(0);
  const ports = new Map<number, number>();
  const open = new Set<number>();
  const lasts = new Map<number, number>();
  const heaps: number[] = [];
  let sessions = 0;
  let answered = 0;
  let most = 0;

  /** Takes in what was done, so that the test itself keeps nothing. */
  function settle(): void {
    for (const action of actions.splice(0)) {
      if (action.kind !== 'end' && !(action.kind === 'send' && action.isLast)) continue;
      lasts.set(action.port, (lasts.get(action.port) ?? 0) + 1);
      open.delete(action.port);
    }
  }

  for (let minute = 0; minute < 24 * 60; minute += 2) {
    for (let one = 0; one < 6; one += 1) {
      sessions += 1;
      const session = `session ${sessions}`;
      say({ id: 0, method: 'logging/setLevel', params: { level: 'error' } }, session);
      say({ id: 1, method: 'resources/subscribe', params: { uri: `file:///${sessions % 50}` } }, session);
      for (const [id, name] of [
        [2, 'read'],
        [3, 'write'],
      ] as const) {
        const port = say(call(id, name), session);
        ports.set(port, id);
        open.add(port);
      }
      // A third says good bye, the others are never heard of again.
      if (sessions % 3 === 0) server.take({ kind: 'closed', at: clock.monotonic(), session });
    }
    // One in ten is never answered.
    for (const { id, method } of process.written.splice(0)) {
      answered += 1;
      if (id !== undefined && (method !== 'tools/call' || answered % 10 !== 0)) process.answer(id);
    }
    if (minute % 10 === 8) {
      process.gone();
      await clock.advance(2_000);
      process = stage.spawn([READ, { name: 'write' }]);
      await clock.advance(0);
    }
    settle();
    await clock.advance(2 * MINUTE);
    server.tick();
    settle();
    most = Math.max(most, server.load.sessions);
    if (minute % 360 === 358) {
      ports.clear();
      lasts.clear();
      heaps.push(heap());
    }
  }

  await clock.advance(GATEWAY_LIMITS.timeout);
  server.tick();
  settle();
  expect(open).toEqual(new Set());
  expect([...lasts.values()].every((count) => count === 1)).toBe(true);
  expect(server.load).toMatchObject({ inFlight: 0, queued: 0, listeners: 0 });
  expect(most).toBeLessThanOrEqual(GATEWAY_LIMITS.sessions);
  expect(clock.pending).toBeLessThanOrEqual(1);
  // 4,320 sessions; those of the first quarter filled the tables.
  expect((heaps.at(-1) ?? 0) - (heaps[0] ?? 0)).toBeLessThan(2 * 1024 * 1024);
  await clock.advance(GATEWAY_LIMITS.sessionIdle);
  server.tick();
  expect(server.load.sessions).toBe(0);
}, 120_000);

test('10,000 calls that are cancelled half-way leave neither entries nor memory', async () => {
  const stage = servedStage();
  const { clock, server, actions, say } = stage;
  const process = stage.spawn([{ name: 'write' }]);
  await clock.advance(0);

  async function round(calls: number): Promise<void> {
    for (let id = 1; id <= calls; id += 1) {
      const session = `session ${id % 16}`;
      say(call(id, 'write'), session);
      if (id % 2 === 0) process.events.onMessage(...progressOf(process.written.at(-1)));
      say({ method: 'notifications/cancelled', params: { requestId: id } }, session);
      // Few servers answer what was cancelled; some do.
      const key = process.written.findLast(({ method }) => method === 'tools/call')?.['id'];
      if (id % 100 === 0) process.answer(key);
      if (id % 500 === 0) {
        process.written.length = 0;
        actions.length = 0;
        // What is cancelled stays for 30 s, because its answer may be on its way.
        await clock.advance(31_000);
        server.tick();
      }
    }
    process.written.length = 0;
    actions.length = 0;
    await clock.advance(31_000);
    server.tick();
  }

  await round(1_000);
  const before = heap();
  await round(10_000);
  expect(server.load).toEqual({ sessions: 16, inFlight: 0, queued: 0, listeners: 0 });
  expect(heap() - before).toBeLessThan(1024 * 1024);
  // Nothing of it stands in the way of the next call, under an id that was used before.
  const port = say(call(7, 'write'), 'session 7');
  process.answer(process.written.at(-1)?.['id']);
  expect(stage.sent(port)).toMatchObject([{ id: 7, result: {} }]);
}, 120_000);

function progressOf(written: Readonly<Record<string, unknown>> | undefined) {
  const message = {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: String(written?.['id']), progress: 1 },
  };
  return [message, JSON.stringify(message)] as const;
}
