// Prober of all servers: one probe loop each, and one restart guard over them together.
import type { EventOf } from '../core/model/events.ts';
import type { ServerCondition } from '../core/model/vocabulary.ts';
import type { Handshake } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { ToolsOutcome } from '../core/tools/tool-diff.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { isOnTicks, nearestTick, TICK } from '../system/time/tick.ts';
import { createHttpClient, type HttpClient } from '../system/net/http-client.ts';
import { judgeRestart, type TargetState } from './restart-guard.ts';
import type { Connection } from '../wire/connection.ts';
import { ProbeHabits } from './habits.ts';
import type { ProbeKinds, ProbeTarget } from './probe-kind.ts';
import { openSession } from './registry.ts';
import { ProbeLoop, type CheckReport, type Ownership } from './probe-loop.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  /** Our own version, told to servers. */
  readonly version: string;
  /** Called at the first sign of life of a process. */
  readonly onReady: (server: string, run: number) => void;
  /** Called each time that a process answers the handshake of its start with a JSON-RPC error. */
  readonly onRefused?: (server: string, run: number, error: string) => void;
  /** Called when a process should be restarted, at most once for each. `detail` is one line for people, `quote` what the server said in it. */
  readonly onUnhealthy: (server: string, run: number, detail: string, quote: string | undefined) => void;
  /** Called when our probe took the only session that the process gives; restarting it makes it free. */
  readonly onSessionTaken?: (server: string) => void;
  /** Tells whether a process of the server is stopped by a signal; asked when it seems busy. */
  readonly isStopped?: (server: string) => Promise<boolean>;
  /** Tells whether the process that we started holds the server's port; asked at readiness and with each full probe. */
  readonly checkOwnership?: (server: string, run: number) => Promise<Ownership>;
  /** Environment for commands of the `exec` kind. */
  readonly environment?: (spec: ServerSpec) => Readonly<Record<string, string>>;
  readonly kinds?: ProbeKinds;
}

/** One process to probe. A server that is only watched (`url`) is never reported as ready or unhealthy. */
interface ProbedProcess {
  readonly spec: ServerSpec;
  /** Number of the process; 0 for a server that is only watched. */
  readonly run: number;
  /** Of a stdio server, shared with others who talk to it; null otherwise. */
  readonly connection: Connection | null;
}

export interface Prober {
  /** Starts probing, instead of an earlier process of the server. The returned function ends it within 500 ms. */
  watch(probed: ProbedProcess): () => Promise<void>;
  /** Runs a full probe now; null for a server that is not probed. */
  checkNow(server: string): Promise<CheckReport | null>;
  /** Lists all tools of a server that runs, now; null before it is ready, and where its probe speaks no MCP. */
  tools(server: string): Promise<ToolsOutcome | null>;
  /** Tells whether a probe of it is under way. */
  isProbing(server: string): boolean;
  /** Changes the settings from the next probe round on. */
  updateSpec(spec: ServerSpec): void;
  /** After a sleep or a blocked loop: drops what is under way and counted, and counts nothing for `grace` ms. */
  discardInFlight(grace?: number): void;
  stop(): Promise<void>;
}

/** Ms in which nothing counts after a sleep: networks, disks and the servers themselves wake up more slowly than we. */
const WAKE_GRACE = 30_000;
/** Ms after which servers are restarted although all of them fail: what heals by itself has healed by then. */
const LONGEST_HOLD = 300_000;

/** Rounds that may begin at one moment, on average: more would load all processors at once. */
const MOST_AT_ONCE = 8;

export function createProber(options: ProberOptions): Prober {
  return new AllLoops(options);
}

interface RunningLoop {
  readonly loop: ProbeLoop;
  readonly stop: () => Promise<void>;
}

class AllLoops implements Prober {
  readonly #options: ProberOptions;
  readonly #loops = new Map<string, RunningLoop>();
  /** Loops for whose sake others were probed, until they pass. */
  readonly #corroborationAskedFor = new WeakSet<ProbeLoop>();
  /** Of each server, as long as it is the same program at the same address. */
  readonly #habits = new Map<string, { readonly key: string; readonly habits: ProbeHabits }>();
  readonly #unsubscribe: () => void;
  #heldSince: number | null = null;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.subscribe((event) => {
      if (event.kind === 'sampled') this.#habits.get(event.server)?.habits.noteSample(event.usage.processes);
      else if (event.kind === 'server-removed') this.#habits.delete(event.server);
    });
  }

  watch(probed: ProbedProcess): () => Promise<void> {
    const { name } = probed.spec;
    void this.#loops.get(name)?.stop();
    const loop = this.#startLoop(probed);
    const stop = async () => {
      if (this.#loops.get(name)?.loop === loop) this.#loops.delete(name);
      await loop.stop();
    };
    this.#loops.set(name, { loop, stop });
    return stop;
  }

  async checkNow(server: string): Promise<CheckReport | null> {
    return (await this.#loops.get(server)?.loop.check()) ?? null;
  }

  async tools(server: string): Promise<ToolsOutcome | null> {
    return (await this.#loops.get(server)?.loop.tools()) ?? null;
  }

  isProbing(server: string): boolean {
    return this.#loops.get(server)?.loop.isProbing ?? false;
  }

  updateSpec(spec: ServerSpec): void {
    this.#loops.get(spec.name)?.loop.updateSpec(spec);
  }

  discardInFlight(grace = WAKE_GRACE): void {
    this.#releaseRestarts();
    for (const { loop } of this.#loops.values()) loop.discard(grace);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await Promise.all([...this.#loops.values()].map(({ stop }) => stop()));
  }

  #startLoop({ spec, run, connection }: ProbedProcess): ProbeLoop {
    const { clock, bus, kinds, checkOwnership = null, onReady, onRefused } = this.#options;
    const { name, source } = spec;
    const http = createHttpClient(process.env, { keepAlive: false });
    const habits = this.#habitsOf(spec);
    const remarks = new Map<ServerCondition, string | null>();
    const loop: ProbeLoop = new ProbeLoop({
      spec,
      run,
      clock,
      bus,
      http,
      checkOwnership,
      openSession: (current) =>
        openSession(
          this.#targetOf(current, { run, connection, http, remarks, habits }),
          current.probe,
          kinds,
        ),
      onReady: () => onReady(name, run),
      onRefused: (error) => onRefused?.(name, run, error),
      onDown: (detail, quote) => {
        if (source.kind !== 'url') this.#guardRestart({ loop, server: name, detail, quote });
      },
      onPass: () => {
        this.#releaseRestarts();
        this.#corroborationAskedFor.delete(loop);
      },
      align: (delay, interval) => this.#align(delay, interval),
      hasCorroboration: (since) =>
        this.#othersThan(name).some(({ lastPass }) => lastPass !== null && lastPass >= since),
    });
    return loop;
  }

  /** Lets few servers share moments, with each other and with what else the daemon does; many have more moments. */
  #align(delay: number, interval: number): number {
    if (!isOnTicks(interval)) return delay;
    const atOnce = (this.#loops.size * TICK) / interval;
    return nearestTick(this.#options.clock, delay, TICK / Math.max(1, Math.ceil(atOnce / MOST_AT_ONCE)));
  }

  #targetOf(spec: ServerSpec, channels: Channels): ProbeTarget {
    const { clock, bus, version, environment = smallEnvironment } = this.#options;
    return {
      ...channels,
      spec,
      clock,
      version,
      environment: environment(spec),
      habits: channels.habits,
      isStopped: async () => (await this.#options.isStopped?.(spec.name)) ?? false,
      onSessionTaken: () => {
        if (spec.source.kind !== 'url') this.#options.onSessionTaken?.(spec.name);
      },
      onCondition: (condition, message) => this.#remark(spec.name, channels, { condition, message }),
      onHandshake: (handshake: Handshake) =>
        bus.publish({ kind: 'handshake', server: spec.name, run: channels.run, handshake }),
    };
  }

  #habitsOf({ name, source, args, env, transport, url }: ServerSpec): ProbeHabits {
    const key = JSON.stringify([source, args, env, transport, url]);
    const known = this.#habits.get(name);
    if (known?.key === key) return known.habits;
    const habits = new ProbeHabits();
    this.#habits.set(name, { key, habits });
    return habits;
  }

  /** Publishes a remark that is new: probes make the same one again and again. */
  #remark(server: string, { remarks }: Channels, { condition, message }: Remark): void {
    if ((remarks.get(condition) ?? null) === message) return;
    remarks.set(condition, message);
    this.#options.bus.publish({ kind: 'condition', server, condition, message });
  }

  /** Restarts a server that is down, unless every other is down too. */
  #guardRestart(candidate: RestartCandidate): void {
    const { loop, server } = candidate;
    if (loop.state === null) return;
    const verdict = judgeRestart(loop.state, this.#othersThan(server));
    switch (verdict.kind) {
      case 'restart':
        return this.#restart(candidate);
      case 'ask':
        return void this.#corroborate(candidate, verdict.servers);
      case 'brake':
        return this.#isHoldOver() ? this.#restart(candidate) : this.#holdRestarts(verdict);
      default:
        return verdict satisfies never;
    }
  }

  #restart({ loop, server, detail, quote }: RestartCandidate): void {
    loop.freeze();
    this.#options.onUnhealthy(server, loop.run, detail, quote);
  }

  #isHoldOver(): boolean {
    return this.#heldSince !== null && this.#options.clock.monotonic() - this.#heldSince >= LONGEST_HOLD;
  }

  #holdRestarts({ failing, watched }: { readonly failing: number; readonly watched: number }): void {
    if (this.#heldSince !== null) return;
    this.#heldSince = this.#options.clock.monotonic();
    this.#options.bus.publish({ kind: 'brake', failing, watched });
  }

  #releaseRestarts(): void {
    if (this.#heldSince === null) return;
    this.#heldSince = null;
    this.#options.bus.publish({ kind: 'brake', failing: 0, watched: this.#loops.size });
  }

  /** Probes others, then the candidate again, which makes it one once more if it still fails. */
  async #corroborate({ loop, server }: RestartCandidate, others: readonly string[]): Promise<void> {
    // Once in a row of failures: if that brought no clarity, the next rounds on schedule do.
    if (this.#corroborationAskedFor.has(loop)) return;
    this.#corroborationAskedFor.add(loop);
    await Promise.all(others.map(async (other) => this.#loops.get(other)?.loop.probeNow('liveness')));
    if (this.#loops.get(server)?.loop === loop) await loop.probeNow('full');
  }

  #othersThan(server: string): readonly TargetState[] {
    return [...this.#loops].flatMap(([name, { loop }]) => {
      const state = name === server ? null : loop.state;
      return state === null ? [] : [state];
    });
  }
}

interface Channels {
  readonly run: number;
  readonly connection: Connection | null;
  readonly http: HttpClient;
  /** Remarks published on this process. */
  readonly remarks: Map<ServerCondition, string | null>;
  readonly habits: ProbeHabits;
}

type Remark = Pick<EventOf<'condition'>, 'condition' | 'message'>;

interface RestartCandidate {
  readonly loop: ProbeLoop;
  readonly server: string;
  readonly detail: string;
  readonly quote: string | undefined;
}

function smallEnvironment({ env }: ServerSpec): Record<string, string> {
  const inherited = ['PATH', 'HOME', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...env };
}
