// A probe kind that shows what a test wants it to show, and a prober around it in virtual time.
import type { EventKind, EventOf, WatchdogEvent } from '../../src/core/model/events.ts';
import type { ProbeResult } from '../../src/core/model/observations.ts';
import type { ProbeDepth, ProbeKind } from '../../src/probes/probe-kind.ts';
import { createProber, type ProberOptions } from '../../src/probes/prober.ts';
import { createBus } from '../../src/system/bus.ts';
import { FakeClock } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';

export const PASS: ProbeResult = { outcome: 'passed', took: 1 };
export const MISS: ProbeResult = { outcome: 'failed', took: 1, reason: 'refused', detail: 'refused' };

/** What a server is like now: a result, a hang until the timeout, an exception, or for each depth its own. */
export type Mood =
  | ProbeResult
  | 'hangs'
  | 'throws'
  | ((depth: ProbeDepth | 'connect') => ProbeResult | 'hangs' | 'throws');

export interface Rig {
  readonly clock: FakeClock;
  readonly events: WatchdogEvent[];
  /** `ready one 3`, `unhealthy one 3`, `left one`. */
  readonly calls: string[];
  /** Every probe round, with its time in virtual ms: `1000 one liveness`. */
  readonly rounds: string[];
  readonly prober: ReturnType<typeof createProber>;
  readonly moods: Map<string, Mood>;
  readonly watch: (
    name: string,
    options?: Parameters<typeof specOf>[0] & { run?: number },
  ) => () => Promise<void>;
  readonly of: <K extends EventKind>(kind: K) => EventOf<K>[];
}

export function rig(options: Partial<ProberOptions> = {}): Rig {
  const clock = new FakeClock();
  const events: WatchdogEvent[] = [];
  const calls: string[] = [];
  const rounds: string[] = [];
  const moods = new Map<string, Mood>();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  bus.subscribe((event) => events.push(event));
  const kind = scriptedKind({ rounds, moods, calls, clock });
  const prober = createProber({
    clock,
    bus,
    version: '0.0.0',
    onReady: (server, run) => calls.push(`ready ${server} ${run}`),
    onUnhealthy: (server, run) => calls.push(`unhealthy ${server} ${run}`),
    kinds: { mcp: kind, http: kind, exec: kind },
    ...options,
  });
  return {
    clock,
    events,
    calls,
    rounds,
    prober,
    moods,
    watch(name, { run = 1, ...overrides } = {}) {
      return prober.watch({ spec: specOf({ name, ...overrides }), run, connection: null });
    },
    of: (kind) => events.filter((event) => isOf(event, kind)),
  };
}

function isOf<K extends EventKind>(event: WatchdogEvent, kind: K): event is EventOf<K> {
  return event.kind === kind;
}

function scriptedKind({
  rounds,
  moods,
  calls,
  clock,
}: Pick<Rig, 'rounds' | 'moods' | 'calls' | 'clock'>): ProbeKind {
  return {
    summary: 'scripted',
    open({ spec: { name } }) {
      async function show(
        depth: ProbeDepth | 'connect',
        timeout: number,
        signal: AbortSignal,
      ): Promise<ProbeResult> {
        if (depth !== 'connect') rounds.push(`${clock.elapsed} ${name} ${depth}`);
        const mood = moods.get(name) ?? PASS;
        const now = typeof mood === 'function' ? mood(depth) : mood;
        if (now === 'throws') throw new Error('EMFILE: too many open files');
        if (now !== 'hangs') return now;
        return new Promise((resolve) => {
          const end = (result: ProbeResult) => {
            cancel();
            resolve(result);
          };
          const cancel = clock.after(timeout, () =>
            end({ outcome: 'failed', took: timeout, reason: 'timeout', detail: 'No answer' }),
          );
          signal.addEventListener('abort', () => end({ outcome: 'inconclusive', detail: 'given up' }), {
            once: true,
          });
        });
      }
      return {
        connect: ({ timeout, signal }) => show('connect', timeout, signal),
        probe: async (depth, { timeout, signal }) => [
          { probe: depth === 'full' ? 'list_tools' : 'ping', result: await show(depth, timeout, signal) },
        ],
        async close() {
          calls.push(`left ${name}`);
        },
      };
    },
  };
}
