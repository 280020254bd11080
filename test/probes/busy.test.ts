import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { excusingBusy } from '../../src/probes/busy.ts';
import { ProbeHabits } from '../../src/probes/habits.ts';
import type { ProbeAttempt, ProbeTarget } from '../../src/probes/probe-kind.ts';
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
