// Which servers use more than they may: every sample is judged, and who goes too far is named.
import type { WatchdogEvent } from '../core/events.ts';
import {
  forgetSamples,
  judgeSample,
  type LimitChange,
  type LimitState,
  MEMORY_AGREEING,
  MEMORY_WINDOW,
  restartLimits,
  watchLimits,
} from '../core/limits.ts';
import type { LimitPolicy } from '../core/server.ts';
import { formatDuration, formatSize } from '../core/units.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/clock.ts';

/** A server over a hard limit: it should be restarted, if `run` still is the process that is running. */
export interface LimitBreach {
  readonly server: string;
  readonly run: number;
  readonly resource: 'memory' | 'cpu';
  /** One line for people. */
  readonly detail: string;
}

export interface LimitsWatchOptions {
  /** Awake time: a machine that sleeps uses nothing, and averages must not say so. */
  readonly clock: Clock;
  readonly bus: Bus;
  /** Called once for each run that goes over. */
  readonly onHard: (breach: LimitBreach) => void;
}

interface Watched {
  readonly policy: LimitPolicy;
  readonly state: LimitState;
  readonly run: number | null;
}

/** Publishes `limit` whenever a server's level changes. The returned function ends it. */
export function startLimitsWatch({ clock, bus, onHard }: LimitsWatchOptions): () => void {
  const servers = new Map<string, Watched>();

  function update(server: string, change: (watched: Watched) => Watched): void {
    const watched = servers.get(server);
    if (watched !== undefined) servers.set(server, change(watched));
  }

  function adopt(server: string, policy: LimitPolicy): void {
    const fresh = { state: watchLimits(clock.monotonic()), run: null };
    servers.set(server, { ...fresh, ...servers.get(server), policy });
  }

  function judge({ server, usage }: WatchdogEvent & { kind: 'sampled' }): void {
    const watched = servers.get(server);
    if (watched === undefined) return;
    const judged = judgeSample(watched.state, { at: clock.monotonic(), ...usage }, watched.policy);
    servers.set(server, { ...watched, state: judged.state });
    for (const change of judged.changes) announce(server, change, watched);
  }

  function announce(server: string, change: LimitChange, { run, policy }: Watched): void {
    bus.publish({ kind: 'limit', server, ...change });
    if (change.level !== 'hard' || run === null) return;
    onHard({ server, run, resource: change.resource, detail: explain(change, policy) });
  }

  return bus.subscribe((event) => {
    const at = clock.monotonic();
    if (event.kind === 'server-added' || event.kind === 'server-changed')
      adopt(event.server, event.spec.limits);
    if (event.kind === 'server-removed') servers.delete(event.server);
    if (event.kind === 'sampled') judge(event);
    if (event.kind === 'spawned') {
      const { server, run } = event;
      update(server, ({ policy, state }) => ({ policy, run, state: restartLimits(state, at) }));
    }
    if (event.kind === 'gap' && event.cause !== 'clock-step') {
      for (const server of servers.keys()) {
        update(server, (watched) => ({ ...watched, state: forgetSamples(watched.state, at) }));
      }
    }
  });
}

function explain({ resource, value, limit }: LimitChange, policy: LimitPolicy): string {
  if (resource === 'cpu') {
    return `${value.toFixed(2)} cores on average over ${formatDuration(policy.cpu.for)}, more than ${limit}`;
  }
  const size = `${Math.round(value / 2 ** 20)}MiB`;
  return `${size} resident, more than ${formatSize(limit)} in ${MEMORY_AGREEING} of the last ${MEMORY_WINDOW} samples`;
}
