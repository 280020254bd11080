// Probe loop of one server process: handshake first, then liveness and full probes on a schedule, never two at once.
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
import { isRefusal } from '../core/model/vocabulary.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { ToolsOutcome } from '../core/tools/tool-diff.ts';
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
import {
  delayAfter,
  excuseFailure,
  firstDelay,
  lastResult,
  refusedDelay,
  sessionKey,
  spread,
  startupDelay,
} from './probe-schedule.ts';

export type Ownership = { readonly ok: true } | { readonly ok: false; readonly detail: string };

/** Result of a full probe that was asked for. */
export interface CheckReport {
  readonly server: string;
  readonly run: number;
  /** False while the server has not yet answered for the first time: it is then not probed. */
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
  /** Called when the server answers the handshake of its start with an error. */
  readonly onRefused: (error: string) => void;
  /** The threshold is reached and the policy says restart: called at each failure until `freeze`. */
  readonly onDown: (detail: string, quote: string | undefined) => void;
  readonly onPass: () => void;
  /** Moves the delay before a round on schedule, ms, to a moment at which others are due too. */
  readonly align: (delay: number, interval: number) => number;
  /** Tells whether another server has passed since then, monotonic ms. */
  readonly hasCorroboration: (since: number) => boolean;
}

/** How long the end of a session may take, ms. */
const CLOSE_TIMEOUT = 500;

/** Ms between the end of the last handshake of a start and the end of the start. */
const START_MARGIN = 500;

interface ProbeRound {
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
  #published: HealthVerdict | null = null;
  #rounds = 0;
  /** Answers in a row that refused us. */
  #refusals = 0;
  #failingSince: number | null = null;
  #isCorroborated = false;
  #lastPass: number | null = null;
  #round: ProbeRound | null = null;
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

  /** State for the restart guard; null while nothing can be said: not yet up, or a restart was asked for. */
  get state(): TargetState | null {
    if (this.#health.up === null || this.#health.phase !== 'probing') return null;
    const { name, probe } = this.#spec;
    return {
      server: name,
      failingSince: this.#failingSince,
      isCorroborated: this.#isCorroborated,
      lastPass: this.#lastPass,
      longestGap: probe.interval + 2 * probe.timeout,
    };
  }

  /** Runs a round now. During a round it waits and runs another: its results are all newer than the call. */
  async probeNow(depth: ProbeDepth): Promise<readonly ProbeAttempt[]> {
    for (let round = this.#round; round !== null; round = this.#round) await round.done;
    if (this.#isStopped || this.#health.phase === 'frozen') return [];
    this.#cancel();
    const controller = new AbortController();
    const done = this.#runRound(depth, controller);
    this.#round = { controller, done };
    return done;
  }

  async check(): Promise<CheckReport> {
    const attempts = this.#health.phase === 'starting' ? [] : await this.probeNow('full');
    return {
      server: this.#spec.name,
      run: this.run,
      isReady: this.#health.phase !== 'starting',
      attempts,
      health: verdictOf(this.#health),
    };
  }

  /** Lists all its tools within three timeouts; null before it is ready, and where its probe speaks no MCP. */
  async tools(): Promise<ToolsOutcome | null> {
    if (this.#isStopped || this.#isForeign) return null;
    const deadline = this.#deadline(new AbortController(), 3 * this.#spec.probe.timeout);
    return (await this.#session.tools?.(deadline).catch(() => null)) ?? null;
  }

  get isProbing(): boolean {
    return this.#round !== null;
  }

  updateSpec(next: ServerSpec): void {
    const old = this.#spec;
    this.#spec = next;
    if (sessionKey(old) !== sessionKey(next)) this.#reopen();
    if (old.probe.interval !== next.probe.interval && this.#health.phase === 'probing')
      this.#scheduleRound(spread(next));
  }

  /** Stops counting: a restart was asked for, and nothing of this process matters any more. */
  freeze(): void {
    this.#health = freeze(this.#health);
    this.#cancel();
  }

  /** Drops the round under way and the failures counted; for `grace` ms nothing counts. */
  discard(grace: number): void {
    const { clock, http } = this.#options;
    http.dropSockets();
    // A start counts no failures, and a server that reads its stdin slowly must not be asked twice.
    if (this.#health.phase !== 'probing') return;
    this.#round?.controller.abort({ end: 'discarded' });
    this.#health = resetFailures(this.#health, clock.monotonic() + grace);
    this.#failingSince = null;
    this.#publishHealth();
    this.#scheduleRound(spread(this.#spec));
  }

  /** Ends the loop, and the session of a healthy server: one that does not answer would only delay its own stop. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel();
    this.#round?.controller.abort({ end: 'discarded' });
    if (this.#health.up === true && this.#health.failures === 0) {
      await this.#session.close(this.#deadline(new AbortController(), CLOSE_TIMEOUT)).catch(() => undefined);
    }
    this.#options.http.dropSockets();
  }

  #deadline({ signal }: AbortController, timeout = this.#spec.probe.timeout): Deadline {
    return { clock: this.#options.clock, timeout, signal };
  }

  #schedule(delay: number): void {
    this.#cancel();
    if (!this.#isStopped) this.#cancel = this.#options.clock.after(delay, () => void this.#probeAsDue());
  }

  #scheduleRound(delay: number): void {
    this.#schedule(this.#options.align(delay, this.#spec.probe.interval));
  }

  async #probeAsDue(): Promise<void> {
    // A round is under way already when someone asked for one; it schedules the next itself.
    if (this.#round !== null && !this.#round.controller.signal.aborted) return;
    const isDue = this.#rounds % Math.max(1, this.#spec.probe.deepEvery) === 0;
    // After a failure the probe is a full one: a bridge may answer ping with nothing behind it.
    await this.probeNow(isDue || this.#health.failures > 0 ? 'full' : 'liveness');
  }

  async #runRound(depth: ProbeDepth, controller: AbortController): Promise<readonly ProbeAttempt[]> {
    const began = this.#options.clock.monotonic();
    // Asked now, not at the verdict: by then the others have passed again, and their earlier passes are forgotten.
    this.#isCorroborated = this.#failingSince !== null && this.#options.hasCorroboration(this.#failingSince);
    const isStartup = this.#health.phase === 'starting';
    const attempts = await (isStartup ? this.#connect(controller) : this.#probe(depth, controller));
    this.#round = null;
    // Results of a process that is gone, or of a time that does not count.
    if (this.#isStopped || controller.signal.aborted) return attempts;
    if (isStartup) this.#afterStartup(attempts, began);
    else this.#afterRound(attempts, began);
    return attempts;
  }

  async #connect(controller: AbortController): Promise<readonly ProbeAttempt[]> {
    const deadline = this.#deadline(controller);
    // Once somebody else's server answered, only the port is watched: each handshake would leave it another session.
    if (this.#isForeign) {
      const owner = await this.#confirmOwner({ outcome: 'passed', took: 0 });
      if (!isAlive(owner)) return [{ probe: 'ping', result: owner }];
      this.#reopen();
    }
    const answer = await timed(deadline, () => this.#session.connect(deadline, this.#startTimeLeft()));
    const result = await this.#confirmOwner(answer);
    this.#isForeign = isAlive(answer) && !isAlive(result);
    return [{ probe: 'ping', result }];
  }

  /** Ends a little before the start does, so that its reason is told and not only that the time was up. */
  #startTimeLeft(): number {
    const elapsed = this.#options.clock.monotonic() - this.#began;
    return this.#isOurs ? Math.max(0, this.#spec.start.timeout - elapsed - START_MARGIN) : 0;
  }

  #reopen(): void {
    void this.#session.close(this.#deadline(new AbortController(), CLOSE_TIMEOUT)).catch(() => undefined);
    this.#session = this.#options.openSession(this.#spec);
  }

  async #probe(depth: ProbeDepth, controller: AbortController): Promise<readonly ProbeAttempt[]> {
    try {
      const attempts = await this.#session.probe(depth, this.#deadline(controller));
      const last = attempts.at(-1);
      if (depth === 'liveness' || last === undefined) return attempts;
      return [...attempts.slice(0, -1), { probe: last.probe, result: await this.#confirmOwner(last.result) }];
    } catch (error) {
      return [{ probe: 'ping', result: faultOf(error) }];
    }
  }

  /** Turns a pass into a failure when the port is held by a process that is not ours, however well it answers. */
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

  /** Publishes no probe result, since attempts to connect are none: only that they ended, or why they have not yet. */
  #afterStartup(attempts: readonly ProbeAttempt[], began: number): void {
    const { clock, onReady, onRefused } = this.#options;
    const result = lastResult(attempts);
    const { health, changed } = observe(this.#health, result, this.#spec.probe, began);
    this.#health = health;
    this.#publishHealth();
    if (this.#isOurs && result.outcome === 'failed' && result.isRefused === true) onRefused(result.detail);
    if (changed !== 'up')
      return this.#schedule(
        startupDelay(result, this.#isForeign ? Infinity : clock.monotonic() - this.#began),
      );
    this.#record(result, began);
    this.#scheduleRound(this.#spec.probe.initialDelay + spread(this.#spec));
    if (this.#isOurs) onReady();
  }

  #afterRound(attempts: readonly ProbeAttempt[], began: number): void {
    const { clock, bus, onDown } = this.#options;
    const { name, probe: policy } = this.#spec;
    const isQuiet = began < this.#health.quietUntil;
    const counted = attempts.map(({ probe, result }) => ({
      probe,
      result: isQuiet ? excuseFailure(result) : result,
    }));
    this.#rounds += 1;
    for (const { probe, result } of counted) bus.publish({ kind: 'probed', server: name, probe, result });
    const result = lastResult(counted);
    const { health, next, wantsRestart } = observe(this.#health, result, policy, began);
    this.#health = health;
    this.#record(result, began);
    this.#publishHealth();
    this.#countRefusal(result);
    const delay = delayAfter(next, this.#interval(), clock.monotonic() - began);
    if (next === 'interval') this.#scheduleRound(delay ?? 0);
    else if (delay !== null) this.#schedule(delay);
    if (!wantsRestart) return;
    const times = Math.min(health.failures, policy.failures);
    onDown(`${health.detail ?? 'the probe failed'}, ${times} of ${policy.failures}`, health.quote);
  }

  #countRefusal(result: ProbeResult): void {
    if (result.outcome === 'inconclusive') return;
    this.#refusals = result.outcome === 'failed' && isRefusal(result.reason) ? this.#refusals + 1 : 0;
  }

  /** A process of ours is asked on, since it is restarted when it does not answer at all. */
  #interval(): number {
    const { interval } = this.#spec.probe;
    return this.#isOurs ? interval : refusedDelay(this.#refusals, interval);
  }

  #record(result: ProbeResult, began: number): void {
    if (this.#health.failures > 0) this.#failingSince ??= began;
    else if (isAlive(result)) {
      this.#failingSince = null;
      this.#lastPass = this.#options.clock.monotonic();
      this.#options.onPass();
    }
  }

  #publishHealth(): void {
    const verdict = verdictOf(this.#health);
    if (this.#published !== null && isSameVerdict(this.#published, verdict)) return;
    this.#published = verdict;
    this.#options.bus.publish({ kind: 'health', server: this.#spec.name, health: verdict });
  }
}
