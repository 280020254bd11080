// How one incarnation of one server is watched: contact at the start, then looks at intervals, never two at a time.
import type { HealthVerdict, ProbeResult } from '../core/model/observations.ts';
import {
  beginHealth,
  resetFailures,
  freeze,
  isSameVerdict,
  observe,
  verdictOf,
  type Health,
} from '../core/lifecycle/health.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import type { HttpClient } from '../system/net/http-client.ts';
import type { TargetState } from './restart-guard.ts';
import type { Deadline } from '../wire/deadline.ts';
import {
  faultOf,
  isAlive,
  timed,
  type ProbeDepth,
  type ProbeSession,
  type ProbeAttempt,
} from './probe-kind.ts';
import { excused, lastResult, sessionKey } from './looks.ts';
import { delayAfter, firstDelay, spread, startupDelay } from './probe-schedule.ts';

export type Ownership = { readonly ok: true } | { readonly ok: false; readonly detail: string };

/** What a full look found. */
export interface CheckReport {
  readonly server: string;
  readonly run: number;
  /** False while the server has not yet answered for the first time: it is then not looked at. */
  readonly isReady: boolean;
  readonly attempts: readonly ProbeAttempt[];
  readonly health: HealthVerdict;
}

export interface ProbeLoopOptions {
  readonly spec: ServerSpec;
  readonly run: number;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly http: HttpClient;
  readonly openSession: (spec: ServerSpec) => ProbeSession;
  readonly checkOwnership: ((server: string, run: number) => Promise<Ownership>) | null;
  readonly onReady: () => void;
  /** The threshold is reached and the policy says restart: called at each failure until `hold`. */
  readonly onDown: (detail: string) => void;
  readonly onPass: () => void;
  /** Has another server passed since then, monotonic ms? */
  readonly hasCorroboration: (since: number) => boolean;
}

/** How long a farewell may take, ms. */
const FAREWELL = 500;

interface Look {
  readonly controller: AbortController;
  readonly done: Promise<readonly ProbeAttempt[]>;
}

export class ProbeLoop {
  readonly #options: ProbeLoopOptions;
  readonly #isOurs: boolean;
  readonly #began: number;
  #spec: ServerSpec;
  #session: ProbeSession;
  #health: Health;
  #told: HealthVerdict | null = null;
  #looks = 0;
  #failingSince: number | null = null;
  #isWitnessed = false;
  #lastPass: number | null = null;
  #look: Look | null = null;
  /** The port is answered by a process that is not ours. */
  #isForeign = false;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  constructor(options: ProbeLoopOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#isOurs = options.spec.source.kind !== 'url';
    this.#began = options.clock.monotonic();
    this.#session = options.openSession(options.spec);
    this.#health = beginHealth(this.#isOurs);
    this.#schedule(this.#isOurs ? 0 : firstDelay(options.spec));
  }

  get run(): number {
    return this.#options.run;
  }

  /** Null while nothing can be said: not yet up, or given up. */
  get standing(): TargetState | null {
    if (this.#health.up === null || this.#health.phase !== 'probing') return null;
    const { name, probe } = this.#spec;
    return {
      server: name,
      failingSince: this.#failingSince,
      isCorroborated: this.#isWitnessed,
      lastPass: this.#lastPass,
      longestGap: probe.interval + 2 * probe.timeout,
    };
  }

  /** Who asks during a look waits for it and gets another: what was seen began after the question. */
  async lookNow(depth: ProbeDepth): Promise<readonly ProbeAttempt[]> {
    for (let look = this.#look; look !== null; look = this.#look) await look.done;
    if (this.#isStopped || this.#health.phase === 'held') return [];
    this.#cancel();
    const controller = new AbortController();
    const done = this.#perform(depth, controller);
    this.#look = { controller, done };
    return done;
  }

  async check(): Promise<CheckReport> {
    const sightings = this.#health.phase === 'starting' ? [] : await this.lookNow('deep');
    return {
      server: this.#spec.name,
      run: this.run,
      isReady: this.#health.phase !== 'starting',
      attempts: sightings,
      health: verdictOf(this.#health),
    };
  }

  /** Its whole list of tools; null when it does not answer within three looks' time, or its probe speaks no MCP. */
  async tools(): Promise<readonly Tool[] | null> {
    if (this.#isStopped || this.#isForeign) return null;
    const patience = this.#patience(new AbortController(), 3 * this.#spec.probe.timeout);
    return (await this.#session.tools?.(patience).catch(() => null)) ?? null;
  }

  readonly isLooking = (): boolean => this.#look !== null;

  update(next: ServerSpec): void {
    const old = this.#spec;
    this.#spec = next;
    if (sessionKey(old) !== sessionKey(next)) this.#reopen();
    if (old.probe.interval !== next.probe.interval && this.#health.phase === 'probing')
      this.#schedule(spread(next));
  }

  /** A restart was asked for: nothing of this incarnation counts any more. */
  hold(): void {
    this.#health = freeze(this.#health);
    this.#cancel();
  }

  /** Drops what is under way and counted; for `grace` ms nothing counts. */
  discard(grace: number): void {
    const { clock, http } = this.#options;
    http.dropSockets();
    // A start counts no failures, and a server that reads its stdin slowly must not be asked twice.
    if (this.#health.phase !== 'probing') return;
    this.#look?.controller.abort({ end: 'discarded' });
    this.#health = resetFailures(this.#health, clock.monotonic() + grace);
    this.#failingSince = null;
    this.#tellHealth();
    this.#schedule(spread(this.#spec));
  }

  /** Takes leave of a server that is well: one that does not answer would only hold up its own end. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel();
    this.#look?.controller.abort({ end: 'discarded' });
    if (this.#health.up === true && this.#health.failures === 0) {
      await this.#session.close(this.#patience(new AbortController(), FAREWELL)).catch(() => undefined);
    }
    this.#options.http.dropSockets();
  }

  #patience({ signal }: AbortController, timeout = this.#spec.probe.timeout): Deadline {
    return { clock: this.#options.clock, timeout, signal };
  }

  #schedule(delay: number): void {
    this.#cancel();
    if (!this.#isStopped) this.#cancel = this.#options.clock.after(delay, () => void this.#lookAsDue());
  }

  async #lookAsDue(): Promise<void> {
    // A look is under way already when someone asked for one; it schedules the next itself.
    if (this.#look !== null && !this.#look.controller.signal.aborted) return;
    const isDue = this.#looks % Math.max(1, this.#spec.probe.deepEvery) === 0;
    // Under suspicion a server is asked what needs all of it: a bridge may ping well with nothing behind it.
    await this.lookNow(isDue || this.#health.failures > 0 ? 'deep' : 'shallow');
  }

  async #perform(depth: ProbeDepth, controller: AbortController): Promise<readonly ProbeAttempt[]> {
    const began = this.#options.clock.monotonic();
    // Asked now, not when the verdict falls: by then the others have passed again, and their earlier passes are forgotten.
    this.#isWitnessed = this.#failingSince !== null && this.#options.hasCorroboration(this.#failingSince);
    const isStartup = this.#health.phase === 'starting';
    const seen = await (isStartup ? this.#greet(controller) : this.#examine(depth, controller));
    this.#look = null;
    // News of an incarnation that is gone, or of a time that does not count.
    if (this.#isStopped || controller.signal.aborted) return seen;
    if (isStartup) this.#tellStartup(seen, began);
    else this.#tellLook(seen, began);
    return seen;
  }

  async #greet(controller: AbortController): Promise<readonly ProbeAttempt[]> {
    const patience = this.#patience(controller);
    // Somebody else's server was greeted once: from then on only the port is watched, so as not to fill it with sessions.
    if (this.#isForeign) {
      const owner = await this.#confirmOwner({ outcome: 'passed', took: 0 });
      if (!isAlive(owner)) return [{ probe: 'ping', result: owner }];
      this.#reopen();
    }
    const greeting = await timed(patience, () => this.#session.connect(patience));
    const result = await this.#confirmOwner(greeting);
    this.#isForeign = isAlive(greeting) && !isAlive(result);
    return [{ probe: 'ping', result }];
  }

  #reopen(): void {
    void this.#session.close(this.#patience(new AbortController(), FAREWELL)).catch(() => undefined);
    this.#session = this.#options.openSession(this.#spec);
  }

  async #examine(depth: ProbeDepth, controller: AbortController): Promise<readonly ProbeAttempt[]> {
    try {
      const seen = await this.#session.probe(depth, this.#patience(controller));
      const last = seen.at(-1);
      if (depth === 'shallow' || last === undefined) return seen;
      return [...seen.slice(0, -1), { probe: last.probe, result: await this.#confirmOwner(last.result) }];
    } catch (error) {
      return [{ probe: 'ping', result: faultOf(error) }];
    }
  }

  /** Somebody else's server on the port is not ours, however well it answers. */
  async #confirmOwner(result: ProbeResult): Promise<ProbeResult> {
    const { checkOwnership } = this.#options;
    const { name, transport } = this.#spec;
    if (!isAlive(result) || !this.#isOurs || checkOwnership === null || transport === 'stdio') return result;
    try {
      const owner = await checkOwnership(name, this.run);
      if (owner.ok) return result;
      return { outcome: 'failed', took: result.took, reason: 'refused', detail: owner.detail };
    } catch (error) {
      return faultOf(error);
    }
  }

  /** Attempts to make contact are no probes: only that they end is told, and why they have not yet. */
  #tellStartup(seen: readonly ProbeAttempt[], began: number): void {
    const { clock, onReady } = this.#options;
    const result = lastResult(seen);
    const { health, changed } = observe(this.#health, result, this.#spec.probe, began);
    this.#health = health;
    this.#tellHealth();
    if (changed !== 'up')
      return this.#schedule(
        startupDelay(result, this.#isForeign ? Infinity : clock.monotonic() - this.#began),
      );
    this.#remember(result, began);
    this.#schedule(this.#spec.probe.initialDelay + spread(this.#spec));
    if (this.#isOurs) onReady();
  }

  #tellLook(seen: readonly ProbeAttempt[], began: number): void {
    const { clock, bus, onDown } = this.#options;
    const { name, probe: policy } = this.#spec;
    const isQuiet = began < this.#health.quietUntil;
    const counted = seen.map(({ probe, result }) => ({ probe, result: isQuiet ? excused(result) : result }));
    this.#looks += 1;
    for (const { probe, result } of counted) bus.publish({ kind: 'probed', server: name, probe, result });
    const result = lastResult(counted);
    const { health, next, wantsRestart } = observe(this.#health, result, policy, began);
    this.#health = health;
    this.#remember(result, began);
    this.#tellHealth();
    const delay = delayAfter(next, policy.interval, clock.monotonic() - began);
    if (delay !== null) this.#schedule(delay);
    if (!wantsRestart) return;
    const times = Math.min(health.failures, policy.failures);
    onDown(`${health.detail ?? 'the probe failed'}, ${times} of ${policy.failures}`);
  }

  #remember(result: ProbeResult, began: number): void {
    if (this.#health.failures > 0) this.#failingSince ??= began;
    else if (isAlive(result)) {
      this.#failingSince = null;
      this.#lastPass = this.#options.clock.monotonic();
      this.#options.onPass();
    }
  }

  #tellHealth(): void {
    const verdict = verdictOf(this.#health);
    if (this.#told !== null && isSameVerdict(this.#told, verdict)) return;
    this.#told = verdict;
    this.#options.bus.publish({ kind: 'health', server: this.#spec.name, health: verdict });
  }
}
