// Who looks after the health of all servers: one watcher each, one view of them together.
import type { Handshake } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHttpClient, type HttpClient } from '../system/net/http-client.ts';
import { judgeRestart, type TargetState } from './restart-guard.ts';
import { openConnection, type Connection, type Pipe } from '../wire/connection.ts';
import type { ProbeKind, ProbeTarget } from './probe-kind.ts';
import { PROBES } from './registry.ts';
import { ProbeLoop, type CheckReport, type Ownership } from './probe-loop.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  /** Our own version, told to servers. */
  readonly version: string;
  /** The first sign of life of an incarnation. */
  readonly onReady: (server: string, run: number) => void;
  /** It should be restarted; at most once an incarnation. `detail` is one line for people. */
  readonly onUnhealthy: (server: string, run: number, detail: string) => void;
  /** Lines on the stdout of a stdio server that are no messages. */
  readonly onNonProtocolLine: (server: string, line: string) => void;
  /** Does the process that we started hold the server's port? Asked at readiness and with each deep look. */
  readonly checkOwnership?: (server: string, run: number) => Promise<Ownership>;
  /** What commands of the `exec` kind are run with. */
  readonly environment?: (spec: ServerSpec) => Readonly<Record<string, string>>;
  readonly kinds?: Readonly<Record<ServerSpec['probe']['kind'], ProbeKind>>;
}

/** One incarnation to watch. A server that is only watched (`url`) is never reported as ready or unhealthy. */
interface Watched {
  readonly spec: ServerSpec;
  /** Number of the process; 0 for a server that is only watched. */
  readonly run: number;
  /** Of a stdio server: from here on it is ours alone. */
  readonly pipe: Pipe | null;
}

export interface Prober {
  /** Ends the watching of an earlier incarnation. The returned function takes leave of the server, within 500 ms. */
  watch(watched: Watched): () => Promise<void>;
  /** A full look, now; null for a server that is not watched. */
  checkNow(server: string): Promise<CheckReport | null>;
  /** The whole list of tools of a server that runs, asked now; null when it does not tell. */
  tools(server: string): Promise<readonly Tool[] | null>;
  /** Whether it is being looked at right now. */
  isProbing(server: string): boolean;
  /** From the next look on. */
  updateSpec(spec: ServerSpec): void;
  /** The machine slept or we were stuck: forget what was under way and counted, and count nothing for `grace` ms. */
  discardInFlight(grace?: number): void;
  stop(): Promise<void>;
}

/** Ms in which nothing counts: networks, disks and the servers themselves wake up more slowly than we do. */
const GRACE = 30_000;
/** Ms after which servers are restarted although all of them fail: what heals by itself has healed by then. */
const LONGEST_BRAKE = 300_000;

export function createProber(options: ProberOptions): Prober {
  return new AllWatchers(options);
}

interface Entry {
  readonly watcher: ProbeLoop;
  readonly stop: () => Promise<void>;
}

class AllWatchers implements Prober {
  readonly #options: ProberOptions;
  readonly #entries = new Map<string, Entry>();
  /** Those on whose behalf others were looked at, until they pass. */
  readonly #lookedAroundFor = new WeakSet<ProbeLoop>();
  #brakedSince: number | null = null;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  watch(watched: Watched): () => Promise<void> {
    const { name } = watched.spec;
    void this.#entries.get(name)?.stop();
    const connection = this.#connect(watched);
    const watcher = this.#startWatcher(watched, connection);
    const stop = async () => {
      if (this.#entries.get(name)?.watcher === watcher) this.#entries.delete(name);
      await watcher.stop();
      connection?.close();
    };
    this.#entries.set(name, { watcher, stop });
    return stop;
  }

  async checkNow(server: string): Promise<CheckReport | null> {
    return (await this.#entries.get(server)?.watcher.check()) ?? null;
  }

  async tools(server: string): Promise<readonly Tool[] | null> {
    return (await this.#entries.get(server)?.watcher.tools()) ?? null;
  }

  isProbing(server: string): boolean {
    return this.#entries.get(server)?.watcher.isLooking() ?? false;
  }

  updateSpec(spec: ServerSpec): void {
    this.#entries.get(spec.name)?.watcher.update(spec);
  }

  discardInFlight(grace = GRACE): void {
    this.#release();
    for (const { watcher } of this.#entries.values()) watcher.discard(grace);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ stop }) => stop()));
  }

  #connect({ spec, run, pipe }: Watched): Connection | null {
    if (pipe === null) return null;
    return openConnection(pipe, {
      run,
      onNonProtocolLine: (line) => this.#options.onNonProtocolLine(spec.name, line),
    });
  }

  #startWatcher({ spec, run }: Watched, connection: Connection | null): ProbeLoop {
    const { clock, bus, kinds = PROBES, checkOwnership = null, onReady } = this.#options;
    const { name, source } = spec;
    const http = createHttpClient();
    const watcher: ProbeLoop = new ProbeLoop({
      spec,
      run,
      clock,
      bus,
      http,
      checkOwnership,
      openSession: (current) =>
        kinds[current.probe.kind].open(this.#targetOf(current, { run, connection, http })),
      onReady: () => onReady(name, run),
      onDown: (detail) => {
        if (source.kind !== 'url') this.#consider({ watcher, server: name, detail });
      },
      onPass: () => {
        this.#release();
        this.#lookedAroundFor.delete(watcher);
      },
      hasCorroboration: (since) =>
        this.#othersThan(name).some(({ lastPass }) => lastPass !== null && lastPass >= since),
    });
    return watcher;
  }

  #targetOf(spec: ServerSpec, reach: Reach): ProbeTarget {
    const { clock, bus, version, environment = smallEnvironment } = this.#options;
    return {
      ...reach,
      spec,
      clock,
      version,
      environment: environment(spec),
      onHandshake: (handshake: Handshake) =>
        bus.publish({ kind: 'handshake', server: spec.name, run: reach.run, handshake }),
    };
  }

  /** A server is down: by its own fault, or everybody's? */
  #consider(accusation: Accusation): void {
    const { watcher, server } = accusation;
    const accused = watcher.standing;
    if (accused === null) return;
    const judgement = judgeRestart(accused, this.#othersThan(server));
    switch (judgement.kind) {
      case 'restart':
        return this.#restart(accusation);
      case 'ask':
        return void this.#lookAround(accusation, judgement.servers);
      case 'brake':
        return this.#isBrakeSpent() ? this.#restart(accusation) : this.#brake(judgement);
      default:
        return judgement satisfies never;
    }
  }

  #restart({ watcher, server, detail }: Accusation): void {
    watcher.hold();
    this.#options.onUnhealthy(server, watcher.run, detail);
  }

  #isBrakeSpent(): boolean {
    return this.#brakedSince !== null && this.#options.clock.monotonic() - this.#brakedSince >= LONGEST_BRAKE;
  }

  #brake({ failing, watched }: { readonly failing: number; readonly watched: number }): void {
    if (this.#brakedSince !== null) return;
    this.#brakedSince = this.#options.clock.monotonic();
    this.#options.bus.publish({ kind: 'brake', failing, watched });
  }

  #release(): void {
    if (this.#brakedSince === null) return;
    this.#brakedSince = null;
    this.#options.bus.publish({ kind: 'brake', failing: 0, watched: this.#entries.size });
  }

  /** Looks at others, then at the accused again, which brings the accusation back if it still fails. */
  async #lookAround({ watcher, server }: Accusation, others: readonly string[]): Promise<void> {
    // Once in a row of failures: if that brought no clarity, its next looks at the usual pace do.
    if (this.#lookedAroundFor.has(watcher)) return;
    this.#lookedAroundFor.add(watcher);
    await Promise.all(others.map(async (other) => this.#entries.get(other)?.watcher.lookNow('shallow')));
    if (this.#entries.get(server)?.watcher === watcher) await watcher.lookNow('deep');
  }

  #othersThan(server: string): readonly TargetState[] {
    return [...this.#entries].flatMap(([name, { watcher }]) => {
      const standing = name === server ? null : watcher.standing;
      return standing === null ? [] : [standing];
    });
  }
}

interface Reach {
  readonly run: number;
  readonly connection: Connection | null;
  readonly http: HttpClient;
}

interface Accusation {
  readonly watcher: ProbeLoop;
  readonly server: string;
  readonly detail: string;
}

function smallEnvironment({ env }: ServerSpec): Record<string, string> {
  const inherited = ['PATH', 'HOME', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...env };
}
