// Local rule evaluation: what Prometheus would do with our metrics, whether or not there is one.
import type { AlertsData, MetricSample, RuleDocument, RulesData } from '../core/model/alert-rules.ts';
import type { FiringAlert } from '../core/model/notification.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import type { Clock } from '../system/time/clock.ts';
import { type AlertsByRule, createEvaluator, type Evaluator, type ScheduledGroup } from './evaluator.ts';
import type { ScrapeTarget } from './scrape-ingest.ts';
import { firingAlerts } from './alert-diff.ts';
import {
  createEvaluationReporter,
  type AlertingListeners,
  type EvaluationReporter,
} from './evaluation-report.ts';
import { alertsData, rulesData } from './api-responses.ts';
import { createYield, isDue, lastDue, nextDue } from './evaluation-schedule.ts';
import { compileRules } from './compile-rules.ts';
import { restoreAlerts, shifted, withoutPending } from './saved-alerts.ts';

/** Durations in ms. */
interface AlertingSettings {
  readonly rules: readonly RuleDocument[];
  readonly evaluateEvery: number;
  /** Major version of Prometheus whose evaluation is reproduced. */
  readonly generation: PrometheusMajor;
}

export interface AlertingOptions extends AlertingListeners {
  /** Awake time; `now()` is the time of day. */
  readonly clock: Clock;
  readonly settings: AlertingSettings;
  readonly target: ScrapeTarget;
  /** The current samples of /metrics, of the metrics that are wanted. */
  readonly samples: (wants: (name: string) => boolean) => Promise<readonly MetricSample[]>;
  /** The last record given to `onRecord` by an earlier daemon. */
  readonly saved: unknown;
  /** Alerts that fire according to the last notifications. */
  readonly notified: readonly FiringAlert[];
}

export interface Alerting {
  start(): void;
  /** Replaces rules and interval; alerts keep their state. @throws RuleError, and then nothing has changed */
  replace(settings: AlertingSettings): void;
  /** Suspends evaluation for a while after a sleep; pending alerts start again. */
  onWake(): void;
  /** Shifts all state after a step of the wall clock by `by` ms. */
  onClockSet(by: number): void;
  alerts(): AlertsData;
  rules(): RulesData;
  /** Pending, firing and recently resolved alerts of every rule. */
  state(): AlertsByRule;
  stop(): void;
}

/** Ms. After a wake much fails for a moment: networks come back, clients reconnect. */
export const WAKE_GRACE = 75_000;
/** Evaluations skipped after a start with firing alerts: the samples that make them fire are not there at once. */
const SKIPPED_AT_START = 5;

export function createAlerting(options: AlertingOptions): Alerting {
  return new RuleManager(options);
}

class RuleManager implements Alerting {
  readonly #options: AlertingOptions;
  readonly #clock: Clock;
  readonly #reporter: EvaluationReporter;
  readonly #took = new WeakMap<ScheduledGroup, number>();
  #settings: AlertingSettings;
  #evaluator: Evaluator;
  /** When due groups were last determined, ms since the epoch. */
  #checkedAt: number;
  /** Nothing is evaluated before, awake ms. */
  #suspendedUntil = -Infinity;
  #isStopped = false;
  #cancel = (): void => {};

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#reporter = createEvaluationReporter(options.notified, options);
    this.#evaluator = this.#build(options.settings, null);
    this.#evaluator.restore(restoreAlerts(options.saved, options.clock.now()));
    this.#checkedAt = options.clock.now();
  }

  start(): void {
    const isFiring = this.#reporter.isFiring() || firingAlerts([...this.state().values()].flat()).size > 0;
    if (isFiring) this.#suspend(SKIPPED_AT_START * this.#settings.evaluateEvery);
    this.#checkedAt = this.#clock.now();
    this.#schedule();
  }

  replace(settings: AlertingSettings): void {
    const last = this.#evaluator;
    const next = this.#build(settings, last);
    next.restore(this.state());
    this.#evaluator = next;
    this.#settings = settings;
    void this.#readFirst(next, (name) => next.wants(name) && !last.wants(name));
    this.#schedule();
  }

  onWake(): void {
    this.#suspend(WAKE_GRACE);
    this.#evaluator.restore(withoutPending(this.state()));
    this.#schedule();
  }

  onClockSet(by: number): void {
    const alerts = shifted(this.state(), by);
    // Samples with a time in the future would block newer ones.
    this.#evaluator = this.#build(this.#settings, by > 0 ? this.#evaluator : null);
    this.#evaluator.restore(alerts);
    this.#checkedAt = this.#clock.now();
    this.#schedule();
  }

  alerts(): AlertsData {
    return alertsData(this.#evaluator.groups);
  }

  rules(): RulesData {
    return rulesData(this.#evaluator.groups, (group) => this.#took.get(group) ?? 0);
  }

  state(): AlertsByRule {
    return this.#evaluator.alerts();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** @throws RuleError */
  #build({ rules, evaluateEvery, generation }: AlertingSettings, past: Evaluator | null): Evaluator {
    const { target } = this.#options;
    const groups = compileRules(rules, generation);
    return createEvaluator({ groups, evaluateEvery, generation, target, past: past?.store ?? null });
  }

  #suspend(duration: number): void {
    this.#suspendedUntil = this.#clock.monotonic() + duration;
  }

  /** Never empty: without any rule, alerts of removed rules still have to end. */
  #intervals(): number[] {
    return [this.#settings.evaluateEvery, ...this.#evaluator.groups.map(({ interval }) => interval)];
  }

  #schedule(): void {
    this.#cancel();
    if (this.#isStopped) return;
    const now = this.#clock.now();
    this.#cancel = this.#clock.after(nextDue(this.#intervals(), now) - now, () => void this.#run());
  }

  /**
   * Ingests metrics that no rule has read so far, at once: a counter that grows before the next scrape would else begin
   * with that growth, and `increase` would not see it.
   */
  async #readFirst(own: Evaluator, isNew: (name: string) => boolean): Promise<void> {
    const before = this.#checkedAt;
    try {
      const samples = await this.#options.samples(isNew);
      // After a whole scrape these few would mark all other series as stale.
      const isFirst = this.#isCurrent(own) && this.#checkedAt === before;
      if (isFirst && samples.length > 0) own.ingest(samples, this.#clock.now());
    } catch (error) {
      this.#options.onFault(error, null);
    }
  }

  async #run(): Promise<void> {
    try {
      await this.#tick();
    } catch (error) {
      this.#options.onFault(error, null);
    }
    this.#schedule();
  }

  async #tick(): Promise<void> {
    const own = this.#evaluator;
    // Timers ring up to a millisecond early.
    const moment = { before: this.#checkedAt, now: this.#clock.now() };
    if (!this.#intervals().some((interval) => isDue(interval, moment))) return;
    const samples = await this.#options.samples(own.wants);
    if (!this.#isCurrent(own)) return;
    const now = this.#clock.now();
    const before = this.#checkedAt;
    const due = own.groups.filter(({ interval }) => isDue(interval, { before, now }));
    const intervals = [this.#settings.evaluateEvery, ...due.map(({ interval }) => interval)];
    const at = Math.max(...intervals.map((interval) => lastDue(interval, now)));
    this.#checkedAt = now;
    own.ingest(samples, at);
    if (this.#clock.monotonic() < this.#suspendedUntil) return;
    if (await this.#evaluate(own, due, at)) this.#report(own, due, at);
  }

  /** Returns false when the rules were replaced in the meantime. */
  async #evaluate(own: Evaluator, due: readonly ScheduledGroup[], at: number): Promise<boolean> {
    const yieldTurn = createYield(this.#clock);
    for (const group of due) {
      await yieldTurn();
      if (!this.#isCurrent(own)) return false;
      const start = this.#clock.monotonic();
      group.evaluate(at);
      this.#took.set(group, this.#clock.monotonic() - start);
    }
    own.prune(at);
    return true;
  }

  #report({ groups, alerts }: Evaluator, due: readonly ScheduledGroup[], at: number): void {
    const took = (group: ScheduledGroup): number => this.#took.get(group) ?? 0;
    this.#reporter.report({ at, alerts: alerts(), groups, due, took });
  }

  #isCurrent(evaluator: Evaluator): boolean {
    return !this.#isStopped && evaluator === this.#evaluator;
  }
}
