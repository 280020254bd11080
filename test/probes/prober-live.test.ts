import { afterEach, describe, expect, it } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import { createProber } from '../../src/probes/prober.ts';
import { createBus } from '../../src/system/bus.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { freePort, startHttp, startStdio, stopAll } from '../fixtures/start.ts';
import { connectionOf } from './session.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { specOf } from '../fakes/spec.ts';

const quick = { interval: 1_000, timeout: 1_000, failures: 2 };
const probers: ReturnType<typeof createProber>[] = [];

afterEach(async () => {
  await Promise.all(probers.splice(0).map((prober) => prober.stop()));
  await stopAll();
});

function live() {
  const events: WatchdogEvent[] = [];
  const ready: string[] = [];
  const unhealthy: string[] = [];
  const bus = createBus(systemClock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const prober = createProber({
    clock: systemClock,
    bus,
    version: '0.0.0',
    onReady: (server) => ready.push(server),
    onUnhealthy: (_server, _run, detail) => unhealthy.push(detail),
  });
  probers.push(prober);
  return { prober, events, ready, unhealthy };
}

describe('a prober and real processes', () => {
  it('finds a server frozen on its pipe within seconds', async () => {
    const { prober, ready, unhealthy, events } = live();
    const server = startStdio();
    prober.watch({ spec: specOf({ probe: quick }), run: 1, connection: connectionOf(server) });
    await waitFor(() => events.some(({ kind }) => kind === 'probed'));
    process.kill(server.pid, 'SIGSTOP');
    const began = performance.now();
    await waitFor(() => unhealthy.length > 0);
    // 3.5 to 4.5 s on a machine that has time.
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(ready).toEqual(['server']);
    expect(unhealthy).toEqual(['No answer to tools/list within 1000 ms, 2 of 2']);
  });

  it('is told that a server over HTTP answers as soon as it does, and ends its session', async () => {
    const { prober, ready, events } = live();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/mcp`;
    const stop = prober.watch({
      spec: specOf({ transport: 'http', url, probe: quick }),
      run: 1,
      connection: null,
    });
    await waitFor(() => events.some((event) => event.kind === 'health' && event.health.detail !== null));
    const server = await startHttp(['--port', String(port), '--sessions']);
    await waitFor(() => ready.length > 0);
    expect(events.filter(({ kind }) => kind === 'handshake')).toMatchObject([
      { server: 'server', run: 1, handshake: { era: 'legacy' } },
    ]);
    expect(await prober.checkNow('server')).toMatchObject({
      isReady: true,
      attempts: [{ probe: 'list_tools', result: { outcome: 'passed', tools: 2 } }],
    });
    await stop();
    // One session for the probes, and one that tried whether a client gets one beside it.
    expect(await server.stats()).toMatchObject({ sessions: 0, deleted: 2, requests: { initialize: 2 } });
  });

  it('sends initialize once to a process, whatever settings of its probe change', async () => {
    const { prober, ready, events } = live();
    const server = startStdio(['--behaviour', 'tell']);
    const quickly = { interval: 200, timeout: 1_000 };
    prober.watch({ spec: specOf({ probe: quickly }), run: 1, connection: connectionOf(server) });
    await waitFor(() => ready.length > 0);
    prober.updateSpec(specOf({ probe: { ...quickly, kind: 'http', url: 'http://127.0.0.1:1/' } }));
    prober.updateSpec(specOf({ cwd: '/', probe: quickly }));
    await waitFor(() => events.filter(({ kind }) => kind === 'probed').length > 2);
    const methods = server.output().match(/^got \S+/gmu);
    expect(methods?.filter((method) => method === 'got initialize')).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'handshake')).toHaveLength(1);
  });

  it('does not restart a server that drops ping but lists its tools', async () => {
    const { prober, unhealthy, events } = live();
    const server = startStdio(['--behaviour', 'no-ping']);
    const probe = { interval: 200, timeout: 1_000, failures: 4, deepEvery: 1_000 };
    prober.watch({ spec: specOf({ probe }), run: 1, connection: connectionOf(server) });
    const confirmed = () =>
      events.filter(
        (event) =>
          event.kind === 'probed' && event.probe === 'list_tools' && event.result.outcome === 'passed',
      );
    await waitFor(() => confirmed().length > 4);
    expect(unhealthy).toEqual([]);
  });

  it('gives the log what a server prints beside its messages, a flood included', async () => {
    const { prober, ready, events } = live();
    const noise: string[] = [];
    const connection = connectionOf(startStdio(['--behaviour', 'flood-stdout']), noise);
    prober.watch({ spec: specOf({ probe: quick }), run: 1, connection });
    await waitFor(() => ready.length > 0 && noise.length > 10_000, { timeout: 20_000 });
    noise.length = 0;
    await waitFor(
      () => events.some((event) => event.kind === 'probed' && event.result.outcome === 'passed'),
      { timeout: 20_000 },
    );
  });

  it('knows that a server is gone when its pipe breaks, whoever else holds it', async () => {
    const { prober, ready, unhealthy } = live();
    const server = startStdio(['--behaviour', 'grandchild']);
    prober.watch({ spec: specOf({ probe: quick }), run: 1, connection: connectionOf(server) });
    await waitFor(() => ready.length > 0 && server.output().includes('grandchild'));
    process.kill(server.pid, 'SIGKILL');
    await waitFor(() => unhealthy.length > 0);
  });
});
