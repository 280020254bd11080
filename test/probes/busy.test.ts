import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { excusingBusy } from '../../src/probes/busy.ts';
import { ProbeHabits } from '../../src/probes/habits.ts';
import type { ProbeAttempt, ProbeKind, ProbeTarget } from '../../src/probes/probe-kind.ts';
import { createProber } from '../../src/probes/prober.ts';
import { createBus } from '../../src/system/bus.ts';
import { createHttpClient } from '../../src/system/net/http-client.ts';
import { openConnection } from '../../src/wire/connection.ts';
import { FakeClock } from '../fakes/clock.ts';
import { DEFAULT_SPEC, specOf } from '../fakes/spec.ts';
import { deadline } from './session.ts';

const timeout: ProbeAttempt = {
  probe: 'list_tools',
  result: {
    outcome: 'failed',
    took: 5_000,
    reason: 'timeout',
    detail: 'No answer to tools/list within 5000 ms',
  },
};
const closed: ProbeAttempt = {
  probe: 'ping',
  result: { outcome: 'failed', took: 1, reason: 'closed', detail: 'The server closed its output' },
};
const ping = { ...timeout, probe: 'ping' } as const;
const busy = { outcome: 'inconclusive' };

/** A session whose probe ends with `attempts`, of a server that sends `line` during each. */
function stage({
  attempts = [ping, timeout],
  line = null,
  isStopped = false,
}: {
  attempts?: readonly [ProbeAttempt, ...ProbeAttempt[]];
  line?: string | null;
  isStopped?: boolean;
}) {
  const clock = new FakeClock();
  const stdout = new PassThrough();
  const remarks: (string | null)[] = [];
  const connection = openConnection(
    { stdin: new PassThrough(), stdout },
    { run: 1, version: '0.0.0', onNonProtocolOutput: () => undefined },
  );
  const target: ProbeTarget = {
    spec: specOf(),
    run: 1,
    connection,
    clock,
    http: createHttpClient(),
    version: '0.0.0',
    environment: {},
    habits: new ProbeHabits(),
    onHandshake: () => undefined,
    onSessionTaken: () => undefined,
    isStopped: async () => isStopped,
    onCondition: (_, message) => remarks.push(message),
  };
  const session = excusingBusy(
    {
      connect: async () => ping.result,
      async probe() {
        if (line !== null) stdout.write(`${line}\n`);
        // The stream hands its data on in a later turn.
        await new Promise((resolve) => setImmediate(resolve));
        const [first, ...others] = attempts;
        const last = others.pop() ?? first;
        return last === first ? [first] : [first, ...others, last];
      },
      close: async () => undefined,
    },
    target,
  );
  const probe = async () => (await session.probe('liveness', deadline())).map(({ result }) => result);
  return { clock, connection, remarks, probe };
}

const progress =
  '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}';

const BUSY_GRACE = DEFAULT_SPEC.gateway.busyGrace;

describe('a missed ping', () => {
  it('does not count while the oldest call is younger than the grace', async () => {
    const { clock, connection, probe, remarks } = stage({});
    const since = clock.monotonic();
    const end = connection.trackCalls(() => since);
    await clock.advance(BUSY_GRACE - 1);
    const later = clock.monotonic();
    connection.trackCalls(() => later);
    expect(await probe()).toMatchObject([busy, busy]);
    expect(remarks.at(-1)).toContain('does not answer probes while it works (a call is under way for 120 s)');
    await clock.advance(1);
    expect(await probe()).toEqual([ping.result, timeout.result]);
    expect(remarks.at(-1)).toBeNull();
    end();
    expect(await probe()).toMatchObject([busy, busy]);
  });

  it.each([
    progress,
    '{"jsonrpc":"2.0","id":"of a client","result":{}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  ])('does not count when the server sent a message meanwhile: %s', async (line) => {
    expect(await stage({ line }).probe()).toMatchObject([busy, busy]);
  });

  it.each([
    '{"jsonrpc":"2.0","id":"wd:1:1000","result":{}}',
    '{"jsonrpc":"2.0","id":1000,"result":{}}',
    '{"jsonrpc":"2.0","id":null,"result":{}}',
  ])('counts when all that came is an answer to nobody, and says so: %s', async (line) => {
    const results = await stage({ line }).probe();
    expect(results.at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'timeout',
      detail:
        'No answer to tools/list within 5000 ms, but one under an id that nobody asked with: an answer repeats the id of its request',
    });
  });

  it.each<[string, Parameters<typeof stage>[0]]>([
    ['nothing came', {}],
    ['only text came', { line: 'still working' }],
    ['its process is stopped', { line: progress, isStopped: true }],
    ['it closed its output', { line: progress, attempts: [closed] as const }],
  ])('counts when %s', async (_, options) => {
    const { probe } = stage(options);
    expect(await probe()).toEqual((options.attempts ?? [ping, timeout]).map(({ result }) => result));
  });
});

describe('a loop that is blocked', () => {
  const PROBE = { ...DEFAULT_SPEC.probe, interval: 10_000, timeout: 5_000, failures: 3 };
  const DEAD = 600_000;

  /** Virtual ms after which the server is restarted whose loop is blocked for `blocked` ms; null for never. */
  async function restartedAfter(
    blocked: number,
    { isCalled = true, log = false }: { readonly isCalled?: boolean; readonly log?: boolean } = {},
  ): Promise<number | null> {
    const clock = new FakeClock();
    const stdout = new PassThrough();
    const connection = openConnection(
      { stdin: new PassThrough(), stdout },
      { run: 1, version: '0.0.0', onNonProtocolOutput: () => undefined },
    );
    let blockedAt = Number.POSITIVE_INFINITY;
    const isBlocked = (): boolean => clock.elapsed >= blockedAt && clock.elapsed < blockedAt + blocked;
    // The call ends with the block.
    connection.trackCalls(() => (isCalled && isBlocked() ? blockedAt : null));
    const scripted: ProbeKind = {
      summary: 'scripted',
      open: (target) =>
        excusingBusy(
          {
            connect: async () => ({ outcome: 'passed', took: 1 }),
            async probe() {
              if (log) stdout.write('still working\n');
              await new Promise((resolve) => setImmediate(resolve));
              if (!isBlocked()) return [{ probe: 'ping', result: { outcome: 'passed', took: 1 } }];
              await new Promise<void>((resolve) => void clock.after(PROBE.timeout, resolve));
              return isBlocked() ? [ping] : [{ probe: 'ping', result: { outcome: 'passed', took: 1 } }];
            },
            close: async () => undefined,
          },
          { ...target, isStopped: async () => false },
        ),
    };
    let restartedAt: number | null = null;
    const prober = createProber({
      clock,
      bus: createBus(clock, (error) => {
        throw error;
      }),
      version: '0.0.0',
      kinds: { mcp: scripted, http: scripted, exec: scripted },
      onReady: () => undefined,
      onUnhealthy: () => (restartedAt ??= clock.elapsed),
    });
    onTestFinished(() => prober.stop());
    prober.watch({ spec: specOf({ probe: PROBE }), run: 1, connection });
    await clock.advance(30_000);
    blockedAt = clock.elapsed;
    await clock.advance(Math.min(blocked, DEAD));
    return restartedAt === null ? null : restartedAt - blockedAt;
  }

  it('for 90 s by a call is no reason to restart, for longer than the grace it is', async () => {
    expect(await restartedAfter(90_000)).toBeNull();
    const after = await restartedAfter(DEAD);
    expect(after).toBeGreaterThan(BUSY_GRACE);
    expect(after).toBeLessThan(BUSY_GRACE + 60_000);
  });

  it.each([
    ['without a call', { isCalled: false }],
    ['without a call, while its log goes on', { isCalled: false, log: true }],
  ])('%s is restarted after its misses', async (_, options) => {
    expect(await restartedAfter(DEAD, options)).toBeLessThan(60_000);
  });
});
