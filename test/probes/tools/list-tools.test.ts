import { afterEach, describe, expect, test } from 'vitest';
import { connectAndListTools } from '../../../src/probes/tools/list-tools.ts';
import { createProber } from '../../../src/probes/prober.ts';
import { createBus } from '../../../src/system/bus.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { createHttpClient } from '../../../src/system/net/http-client.ts';
import { specOf } from '../../fakes/spec.ts';
import { connectionOf } from '../session.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { CONTEXT7, start, type Started, startHttp, startStdio, stopAll } from '../../fixtures/start.ts';

const probers: ReturnType<typeof createProber>[] = [];

afterEach(async () => {
  await Promise.all(probers.splice(0).map((prober) => prober.stop()));
  await stopAll();
});

/** A prober that watches one server, and when that has been found ready. */
function watching(server: Started, changes: Parameters<typeof specOf>[0] = {}) {
  const ready: string[] = [];
  const bus = createBus(systemClock, (error) => {
    throw error;
  });
  const prober = createProber({
    clock: systemClock,
    bus,
    version: '0.0.0',
    onReady: (server) => ready.push(server),
    onUnhealthy: () => undefined,
  });
  probers.push(prober);
  const connection = changes.transport === 'http' ? null : connectionOf(server);
  prober.watch({
    spec: specOf({ probe: { interval: 60_000, timeout: 1000 }, ...changes }),
    run: 1,
    connection,
  });
  return { prober, isReady: () => waitFor(() => ready.length > 0, { what: 'the server to be ready' }) };
}

describe('the tools of a server that runs', () => {
  test('are told by the connection that its probes use, from all pages', async () => {
    const { prober, isReady } = watching(startStdio(['--tools', '5', '--behaviour', 'paged']));
    await isReady();
    expect(await prober.tools('server')).toEqual({
      ok: true,
      tools: [0, 1, 2, 3, 4].map((index) => ({
        name: `tool-${index}`,
        description: 'Does nothing — très bien 🐕',
        inputSchema: { type: 'object' },
      })),
    });
  });

  test('are told with their hints', async () => {
    const { prober, isReady } = watching(startStdio(['--tools', '1', '--behaviour', 'writing']));
    await isReady();
    expect(await prober.tools('server')).toMatchObject({
      tools: [{ name: 'tool-0', hints: { readOnly: false } }],
    });
  });

  test('are refused where their list does not end, and that is said', async () => {
    const { prober, isReady } = watching(startStdio(['--tools', '200', '--behaviour', 'paged']), {
      probe: { interval: 60_000, timeout: 10_000 },
    });
    await isReady();
    expect(await prober.tools('server')).toMatchObject({
      ok: false,
      detail: 'Its list of tools is longer than 100 pages (100 tools so far)',
    });
  });

  test('are told over http, in the session that is there', async () => {
    const server = await startHttp(['--sessions', '--tools', '3']);
    const { prober, isReady } = watching(server, { transport: 'http', url: server.url });
    await isReady();
    expect(await prober.tools('server')).toMatchObject({ tools: { length: 3 } });
    expect((await server.stats()).sessions).toBe(1);
  });

  test('are not known before it has introduced itself, nor of a server that nobody watches', async () => {
    const { prober } = watching(startStdio(['--behaviour', 'slow-start', '--delay', '60000']));
    expect(await prober.tools('server')).toBeNull();
    expect(await prober.tools('another')).toBeNull();
    await waitFor(() => prober.isProbing('server'), { what: 'its greeting to be under way' });
    expect(prober.isProbing('another')).toBe(false);
  });

  test('are not known when it does not answer, and it is told why', async () => {
    const { prober, isReady } = watching(startStdio(['--behaviour', 'backend-hung']), {
      probe: { interval: 60_000, timeout: 200 },
    });
    await isReady();
    expect(await prober.tools('server')).toEqual({
      ok: false,
      fault: 'server',
      detail: 'No answer to tools/list within 600 ms',
    });
  });
});

describe('an interview', () => {
  const deadline = { clock: systemClock, timeout: 10_000, signal: new AbortController().signal };

  function target(server: Started) {
    const connection = connectionOf(server);
    const silent = { environment: {}, onHandshake: () => undefined, version: '0.0.0' };
    return { ...silent, spec: specOf(), run: 0, connection, http: createHttpClient(), clock: systemClock };
  }

  test('hears the tools of context7 with what they take', async () => {
    const outcome = await connectAndListTools(target(start(CONTEXT7)), deadline);
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(outcome.tools.map(({ name }) => name)).toEqual(['resolve-library-id', 'query-docs']);
    expect(outcome.tools[0]?.inputSchema).toMatchObject({ type: 'object', required: expect.any(Array) });
  });

  test('speaks with a server of the modern era', async () => {
    const server = startStdio(['--era', 'modern', '--tools', '2']);
    expect(await connectAndListTools(target(server), deadline)).toMatchObject({
      ok: true,
      tools: { length: 2 },
    });
  });

  test('ends at a page that was given already, with each tool once', async () => {
    const server = startStdio(['--behaviour', 'cursor-repeats', '--tools', '2']);
    expect(await connectAndListTools(target(server), deadline)).toMatchObject({
      ok: true,
      tools: [{ name: 'tool-0' }, { name: 'tool-1' }],
    });
  });

  test('ends with a server that always names another page', async () => {
    const script = `
      let page = 0;
      const tools = [{ name: 'again', inputSchema: { type: 'object' } }];
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line);
        if (id === undefined) return;
        const hello = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } };
        const result = method === 'initialize' ? hello : { tools, nextCursor: String((page += 1)) };
        console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
      });`;
    const outcome = await connectAndListTools(target(start('-e', [script])), deadline);
    expect(outcome).toEqual({
      ok: false,
      fault: 'server',
      detail: 'Its list of tools is longer than 100 pages (100 tools so far)',
    });
  });
});
