// Watch of resource limits: judges every sample, and reports servers that use more than they may.
import type { EventOf } from '../core/model/events.ts';
import type { TreeUsage } from '../core/model/observations.ts';
import {
  forgetSamples,
  judgeSample,
  type LimitChange,
  type LimitState,
  MEMORY_AGREEING,
  MEMORY_WINDOW,
  restartLimits,
  usedMemory,
  newLimitState,
} from '../core/lifecycle/resource-limits.ts';
import type { LimitPolicy } from '../core/model/server-spec.ts';
import { formatDuration, formatSize } from '../core/base/units.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';

/** A server over a hard limit, to be restarted if `run` still is the process that is running. */
export interface LimitBreach {
  readonly server: string;
  readonly run: number;
  readonly resource: 'memory' | 'cpu';
  /** One line for people. */
  readonly detail: string;
}

/** A limit that a server exceeds from its start, or since the limit was changed: it cannot be meant. */
export interface LowLimit {
  readonly server: string;
  /** Of the two, the one that does more. */
  readonly level: 'soft' | 'hard';
  /** Bytes. */
  readonly used: number;
  readonly limit: number;
}

export interface LimitsWatchOptions {
  /** Counts awake time: while a machine sleeps nothing is used, which must not lower averages. */
  readonly clock: Clock;
  readonly bus: Bus;
  /** Called once for each run that goes over. */
  readonly onHard: (breach: LimitBreach) => void;
  /** Called once for each run, and once more for each change of the limits. */
  readonly onLow?: (finding: LowLimit) => void;
}

interface WatchedServer {
  readonly policy: LimitPolicy;
  readonly state: LimitState;
  readonly run: number | null;
  /** It has answered: what is sampled before shows a program that is being loaded. */
  readonly isUp: boolean;
  /** Bytes at the first sample since the run was up, and at the latest of all; null before it. */
  readonly first: number | null;
  readonly latest: number | null;
}

const NOT_RUNNING = { run: null, isUp: false, first: null, latest: null } as const;

/** Publishes `limit` whenever a server's level changes. The returned function ends the watch. */
export function startLimitsWatch(options: LimitsWatchOptions): () => void {
  const { clock, bus } = options;
  const servers = new Map<string, WatchedServer>();

  function update(server: string, change: (watched: WatchedServer) => WatchedServer): void {
    const watched = servers.get(server);
    if (watched !== undefined) servers.set(server, change(watched));
  }

  function setPolicy(server: string, policy: LimitPolicy): void {
    const before = servers.get(server) ?? { ...NOT_RUNNING, policy, state: newLimitState(clock.monotonic()) };
    servers.set(server, { ...before, policy });
    const { hard, soft } = before.policy.memory;
    const isSame = hard === policy.memory.hard && soft === policy.memory.soft;
    if (!isSame && before.latest !== null) warnOfLowLimit(server, { used: before.latest, policy }, options);
  }

  function judge({ server, usage }: EventOf<'sampled'>): void {
    const watched = servers.get(server);
    if (watched === undefined) return;
    const { policy, first, isUp } = watched;
    const judged = judgeSample(watched.state, { at: clock.monotonic(), ...usage }, policy);
    const used = usedMemory(usage);
    const next = { ...watched, state: judged.state, first: first ?? (isUp ? used : null), latest: used };
    servers.set(server, next);
    if (isUp && first === null) warnOfLowLimit(server, { used, policy }, options);
    for (const change of judged.changes) announce(server, change, { watched: next, usage, ...options });
  }

  return bus.subscribe((event) => {
    const at = clock.monotonic();
    if (event.kind === 'server-added' || event.kind === 'server-changed')
      setPolicy(event.server, event.spec.limits);
    if (event.kind === 'server-removed') servers.delete(event.server);
    if (event.kind === 'sampled') judge(event);
    if (event.kind === 'health' && event.health.up === true)
      update(event.server, (watched) => ({ ...watched, isUp: true }));
    if (event.kind === 'spawned') {
      const { server, run } = event;
      update(server, ({ policy, state }) => ({
        ...NOT_RUNNING,
        policy,
        run,
        state: restartLimits(state, at),
      }));
    }
    if (event.kind === 'gap' && event.cause !== 'clock-step') {
      for (const server of servers.keys())
        update(server, (watched) => ({ ...watched, state: forgetSamples(watched.state, at) }));
    }
  });
}

interface MemoryUse {
  readonly used: number;
  readonly policy: LimitPolicy;
}

function warnOfLowLimit(server: string, { used, policy }: MemoryUse, { onLow }: LimitsWatchOptions): void {
  for (const level of ['hard', 'soft'] as const) {
    const limit = policy.memory[level];
    if (limit !== null && used > limit) return onLow?.({ server, level, used, limit });
  }
}

function announce(server: string, change: LimitChange, now: JudgedSample & LimitsWatchOptions): void {
  now.bus.publish({ kind: 'limit', server, ...change });
  const { run } = now.watched;
  if (change.level !== 'hard' || run === null) return;
  now.onHard({ server, run, resource: change.resource, detail: explain(change, now) });
}

interface JudgedSample {
  readonly watched: WatchedServer;
  readonly usage: TreeUsage;
}

function explain({ resource, value, limit }: LimitChange, { watched, usage }: JudgedSample): string {
  const { policy, first } = watched;
  if (resource === 'cpu') {
    return `${value.toFixed(2)} cores on average over ${formatDuration(policy.cpu.for)}, more than ${limit}`;
  }
  const often = `${MEMORY_AGREEING} of the last ${MEMORY_WINDOW} samples`;
  return `${mebibytes(value)} ${kindOf(usage)}, more than ${formatSize(limit)} in ${often}${hintFor(first, limit)}`;
}

/** Tells of a limit that cannot be meant: the run was over it from its start, or before it was any use. */
function hintFor(first: number | null, limit: number): string {
  if (first === null) return '; it had not answered yet';
  return first > limit ? `; it used ${mebibytes(first)} right after its start` : '';
}

function kindOf({ footprintBytes, proportionalBytes }: TreeUsage): string {
  if (footprintBytes !== null) return 'of footprint';
  return proportionalBytes === null ? 'resident' : 'of proportional memory';
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}MiB`;
}
