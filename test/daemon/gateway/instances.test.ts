// A server with a process for each session: who gets one, how long it lives, and what clients hear of its end.
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { isObject, parseJson } from '../../../src/core/base/guards.ts';
import type { JsonObject } from '../../../src/core/base/json-rpc.ts';
import type { ClientAction, Exchange } from '../../../src/core/gateway/model.ts';
import { createInstancedServer, type StartInstance } from '../../../src/daemon/gateway/instances.ts';
import { createServedServer, type ServedServer } from '../../../src/daemon/gateway/served-server.ts';
import { openGatewayMemory, withoutSessions } from '../../../src/daemon/gateway/server-memory.ts';

import { FakeClock, settle } from '../../fakes/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const MINUTE = 60_000;

/** A process that greets, lists no tools, and answers calls when it is told to. */
function fakeProcess(number: number) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const written: JsonObject[] = [];
  const ends: string[] = [];
  let hasGreeted = false;
  let resolveExit = (): void => undefined;
  const exit = new Promise<{ code: null; signal: 'SIGKILL' }>(
    (resolve) => (resolveExit = () => resolve({ code: null, signal: 'SIGKILL' })),
  );
  let resolveGone = (): void => undefined;
  const gone = new Promise<void>((resolve) => (resolveGone = resolve));
  // Later, as a pipe does: an answer never comes within the write of its request.
  const send = (message: object): void =>
    void setImmediate(() => stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
  stdin.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      const message = parseJson(line);
      if (!isObject(message)) continue;
      const { id, method } = message;
      if (method === 'initialize') {
        const capabilities = { tools: {} };
        const serverInfo = { name: `process ${number}`, version: '1' };
        send({ id, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } });
      } else if (method === 'tools/list') send({ id, result: { tools: [] } });
      else if (method === 'tools/call') written.push(message);
      else if (id !== undefined) send({ id, error: { code: -32_601, message: 'Method not found' } });
      hasGreeted ||= method === 'tools/list';
    }
  });
  function die(): void {
    stdout.end();
    resolveExit();
    resolveGone();
  }
  return {
    written,
    ends,
    die,
    hasGreeted: () => hasGreeted,
    answer: () => send({ id: written.at(-1)?.['id'], result: { from: number } }),
    process: {
      child: { stdin, stdout, exit },
      gone,
      end() {
        ends.push('ended');
        die();
        return Promise.resolve();
      },
    },
  };
}

function stage({ refuses = false, streams = new Set<string>() } = {}) {
  const clock = new FakeClock();
  const actions: ClientAction[] = [];
  const exchanges: Exchange[] = [];
  const over: string[] = [];
  const processes: ReturnType<typeof fakeProcess>[] = [];
  const noise: string[] = [];
  const counts: (number | undefined)[] = [];
  const onNoise = (bytes: Buffer): void => void noise.push(String(bytes));
  const path = join(tempHome().home, 'lists.json');
  const opened = openGatewayMemory({ path, clock, scrub: (value) => value, onFault: () => undefined });
  const memory = opened.of('s', 'program');
  const plain = specOf({ name: 's' });
  const spec = { ...plain, gateway: { ...plain.gateway, mode: 'per-session' as const, maxInstances: 2 } };
  const create = (from: typeof memory): ServedServer =>
    createServedServer(spec, {
      clock,
      version: '1',
      generation: 1,
      settings: () => ({ timeout: 600_000 }),
      lists: { add: () => {}, read: () => ({}) },
      memory: from,
      perform: (action) => void actions.push(action),
      onExchange: (exchange) => void exchanges.push(exchange),
      onWake: () => undefined,
      onUse: () => undefined,
      judgeTools: () => new Set(),
      onFault(error) {
        throw error;
      },
    });
  const start: StartInstance = () => {
    if (refuses) return Promise.resolve({ ok: false, reason: 'it is missing' });
    const fake = fakeProcess(processes.length + 1);
    processes.push(fake);
    return Promise.resolve({ ok: true, process: fake.process, version: null, onNoise });
  };
  const server = createInstancedServer({
    clock,
    version: '1',
    base: create(memory),
    create: () => create(withoutSessions(memory)),
    start,
    hasStream: (session) => streams.has(session),
    onOver: (session) => void over.push(session),
    onCount: () => void counts.push(server.load.instances),
    log: { warn: () => undefined },
  });
  let ports = 0;

  async function open(session: string) {
    server.take({
      kind: 'opened',
      at: clock.monotonic(),
      session,
      facts: { version: '2025-11-25', capabilities: [] },
    });
    await settle();
    await waitFor(() => processes.at(-1)?.hasGreeted() !== false, { what: 'the handshake' });
    await settle();
  }

  function say(session: string, message: JsonObject): number {
    const full = { jsonrpc: '2.0', ...message };
    const port = (ports += 1);
    const text = JSON.stringify(full);
    const at = clock.monotonic();
    server.take({ kind: 'said', at, port, session, era: 'legacy', channel: 'tcp', message: full, text });
    return port;
  }

  const call = (session: string, id: number) =>
    say(session, { id, method: 'tools/call', params: { name: 'act' } });
  const sent = (port: number): JsonObject[] =>
    actions.flatMap((one) => (one.kind === 'send' && one.port === port ? [JSON.parse(one.text)] : []));
  const arrived = (number: number, calls = 1) =>
    waitFor(() => processes[number - 1]?.written.length === calls, { what: `a call at process ${number}` });
  return { clock, server, over, processes, exchanges, noise, counts, open, call, say, sent, arrived };
}

describe('a session of its own process', () => {
  test('reaches that process alone', async () => {
    const { open, call, say, sent, arrived, processes, server } = stage();
    await open('one');
    await open('two');
    const greeting = say('two', { id: 0, method: 'initialize', params: {} });
    await waitFor(() => sent(greeting).length === 1, { what: 'the greeting' });
    const [first, second] = [call('one', 1), call('two', 1)];
    await arrived(1);
    await arrived(2);
    for (const { answer } of processes) answer();
    await waitFor(() => sent(first).length + sent(second).length === 2, { what: 'both answers' });
    expect(sent(first)).toMatchObject([{ id: 1, result: { from: 1 } }]);
    expect(sent(second)).toMatchObject([{ id: 1, result: { from: 2 } }]);
    expect(server.load).toMatchObject({ sessions: 2, inFlight: 0, queued: 0 });
  });

  test('is unknown when its process has died, and who waits is told', async () => {
    const { server, open, call, sent, arrived, processes, over } = stage();
    await open('one');
    const port = call('one', 1);
    await arrived(1);
    processes[0]?.die();
    await waitFor(() => sent(port).length === 1, { what: 'the refusal' });
    expect(sent(port)).toMatchObject([{ id: 1, error: { data: { mayHaveRun: true } } }]);
    expect([server.knows('one'), over]).toEqual([false, ['one']]);
  });

  test('ends with its process when its client ends it, or the server does', async () => {
    const { server, clock, open, processes, over } = stage();
    await open('one');
    await open('two');
    server.take({ kind: 'closed', at: clock.monotonic(), session: 'one' });
    expect([processes[0]?.ends, processes[1]?.ends]).toEqual([['ended'], []]);
    server.endSessions();
    expect(processes[1]?.ends).toEqual(['ended']);
    expect(over).toEqual(['one', 'two']);
    expect(server.load.sessions).toBe(0);
  });

  test('whose process cannot be started, or does not greet in time, is over', async () => {
    const broken = stage({ refuses: true });
    await broken.open('one');
    expect([broken.server.knows('one'), broken.over]).toEqual([false, ['one']]);
  });

  test('that ends while its process starts leaves nothing', async () => {
    const { server, clock, processes } = stage();
    server.take({
      kind: 'opened',
      at: 0,
      session: 'one',
      facts: { version: '2025-11-25', capabilities: [] },
    });
    server.take({ kind: 'closed', at: clock.monotonic(), session: 'one' });
    await settle();
    expect(processes[0]?.ends).toEqual(['ended']);
  });
});

test('what its process prints beside messages is handed on, and the number of processes is told', async () => {
  const { clock, server, processes, noise, counts, open } = stage();
  await open('a');
  await open('b');
  expect(server.load).toMatchObject({ sessions: 2, instances: 2 });
  processes[0]?.process.child.stdout.write('a log line\n');
  await waitFor(() => noise.join('').includes('a log line'), { what: 'the line' });
  server.take({ kind: 'closed', at: clock.monotonic(), session: 'a' });
  await waitFor(() => counts.at(-1) === 1, { what: 'the end of one' });
  expect(server.load.instances).toBe(1);
});

test('there are at most so many, and one more when one has gone', async () => {
  const { server, clock, open } = stage();
  expect(server.ownProcesses?.refusal()).toBeNull();
  await open('one');
  await open('two');
  expect(server.ownProcesses?.refusal()).toMatchObject({
    data: { reason: 'busy', limit: 2 },
    retryAfter: 10,
  });
  server.take({ kind: 'closed', at: clock.monotonic(), session: 'one' });
  await settle();
  expect(server.ownProcesses?.refusal()).toBeNull();
});

test('none begins while the server is stopped', () => {
  const { server } = stage();
  server.setAvailability({ kind: 'away', state: 'stopped', retryAfter: null });
  expect(server.ownProcesses?.refusal()).toMatchObject({
    data: { reason: 'server_unavailable', state: 'stopped' },
    retryAfter: null,
  });
});

test('a session is over ten minutes after its last stream or call', async () => {
  const streams = new Set(['streaming']);
  const { server, clock, open, call, arrived, processes } = stage({ streams });
  await open('streaming');
  await open('calling');
  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      await clock.advance(MINUTE);
      server.tick();
    }
  };
  await minutes(5);
  call('calling', 1);
  await arrived(2);
  processes[1]?.answer();
  await waitFor(() => server.load.inFlight === 0, { what: 'the answer' });
  await minutes(9);
  expect([server.knows('streaming'), server.knows('calling')]).toEqual([true, true]);
  await minutes(1);
  expect([server.knows('streaming'), server.knows('calling')]).toEqual([true, false]);
  streams.clear();
  await minutes(9);
  expect(server.knows('streaming')).toBe(true);
  await minutes(1);
  expect(server.knows('streaming')).toBe(false);
});
