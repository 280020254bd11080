// A bus whose news reach a status and a recorder, as in the daemon, with time in the test's hands.
import type { TreeUsage } from '../../src/core/model/observations.ts';
import type { ServerStateName } from '../../src/core/model/vocabulary.ts';
import { reduceStatus } from '../../src/core/status/reduce-status.ts';
import { INITIAL_LIFECYCLE, type LifecycleState } from '../../src/core/model/lifecycle-state.ts';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { NO_HISTORY } from '../../src/core/model/status.ts';
import { createRecorder } from '../../src/metrics/recorder.ts';
import { createBus } from '../../src/system/bus.ts';
import { FakeClock } from './clock.ts';
import { specOf } from './spec.ts';
import { status as statusOf } from './status.ts';

export const USAGE: TreeUsage = {
  cpuSeconds: 1.5,
  cpuCores: 0.1,
  residentBytes: 123_000_000,
  footprintBytes: null,
  proportionalBytes: null,
  processes: 2,
  threads: 11,
  openFds: 30,
};

export const HEALTHY = {
  up: true,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 0,
  detail: null,
};

export function createStage() {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  let status = statusOf([], { startedAt: clock.now(), lastTickAt: null });
  bus.subscribe((event) => {
    status = reduceStatus(status, event, () => NO_HISTORY);
  });
  const recorder = createRecorder({
    bus,
    clock,
    status: () => status,
    build: { version: '0.1.0', nodeVersion: '20.19.0' },
  });

  return {
    clock,
    bus,
    recorder,
    status: () => status,
    text: async () => (await recorder.render()).text.toString(),
    /** The value of one series; undefined when it is not there. */
    async value(series: string): Promise<number | undefined> {
      return (await samples(recorder)).get(`mcp_watchdog_${series}`);
    },
    samples: () => samples(recorder),
    add(change: Parameters<typeof specOf>[0] = {}): ServerSpec {
      const spec = specOf({ name: 'files', ...change });
      bus.publish({ kind: 'server-added', server: spec.name, spec });
      return spec;
    },
    move(server: string, from: LifecycleState, to: LifecycleState, budgetRemaining = 5): LifecycleState {
      bus.publish({
        kind: 'transition',
        server,
        from,
        to,
        cause: 'test',
        nextAttemptAt: null,
        budgetRemaining,
      });
      return to;
    },
    /** Started, answering, measured. */
    bringUp(server: string, run = 1): LifecycleState {
      const from: LifecycleState = { ...INITIAL_LIFECYCLE, wanted: 'up', run };
      const to = this.move(server, { ...INITIAL_LIFECYCLE, run }, at('running', from));
      bus.publish({ kind: 'spawned', server, run, pid: 4242, version: '1.2.3' });
      const handshake = {
        era: 'legacy',
        protocolVersion: '2025-11-25',
        serverName: 'x',
        serverVersion: '9',
      } as const;
      bus.publish({ kind: 'handshake', server, run, handshake });
      for (const probe of ['ping', 'list_tools'] as const) {
        bus.publish({ kind: 'probed', server, probe, result: { outcome: 'passed', took: 3, tools: 2 } });
      }
      bus.publish({ kind: 'health', server, health: HEALTHY });
      bus.publish({ kind: 'sampled', server, usage: USAGE });
      return to;
    },
  };
}

/** `state`, moved to this phase. */
export function at(phase: ServerStateName, state: LifecycleState = INITIAL_LIFECYCLE): LifecycleState {
  const { wanted, run, failures, attempt, halfOpen, cause } = state;
  const memory = { wanted, run, failures, attempt, halfOpen, cause };
  switch (phase) {
    case 'stopped':
      return { ...memory, phase, because: 'asked' };
    case 'starting':
      return { ...memory, phase, deadline: 30_000, limit: 630_000 };
    case 'running':
      return { ...memory, phase, since: 0, stable: false, deadline: null };
    case 'stopping':
      return { ...memory, phase, step: 0, deadline: 5000, leadsTo: 'retry', repeats: 0, wasReady: true };
    case 'idle':
      return { ...memory, phase: 'stopped', because: 'idle' };
    default:
      return { ...memory, phase, deadline: 1000, delay: 1000 };
  }
}

/** Series as written, to value. */
export function parse(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      toNumber(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

function toNumber(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}

async function samples(recorder: ReturnType<typeof createRecorder>): Promise<Map<string, number>> {
  return parse((await recorder.render()).text.toString());
}
