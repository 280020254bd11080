// Local rule evaluation: what Prometheus would do with our metrics, whether or not there is one.
import type { AlertsData, MetricSample, RuleDocument, RulesData } from '../core/model/alert-rules.ts';
import type { FiringAlert } from '../core/model/notification.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import type { Clock } from '../system/time/clock.ts';
import { createYield } from './breath.ts';
import { type AlertsByRule, createEvaluator, type Evaluator, type ScheduledGroup } from './evaluator.ts';
import type { ScrapeTarget } from './scrape-ingest.ts';
import { firingAlerts } from './alert-diff.ts';
import {
  createEvaluationReporter,
  type AlertingListeners,
  type EvaluationReporter,
} from './evaluation-report.ts';
import { alertsData, rulesData } from './api-responses.ts';
import { isDue, lastDue, nextDue } from './evaluation-schedule.ts';
import { compileRules } from './compile-rules.ts';
import { restoreAlerts, shifted, withoutPending } from './saved-alerts.ts';

/** Durations in ms. */
interface AlertingSettings {
  readonly rules: readonly RuleDocument[];
  readonly evaluateEvery: number;
  /** Whose windows and sums are followed. */
  readonly generation: PrometheusMajor;
}

export interface AlertingOptions extends AlertingListeners {
  /** Awake time; `now()` is the time of day. */
  readonly clock: Clock;
  readonly settings: AlertingSettings;
  readonly target: ScrapeTarget;
  /** What /metrics would show now of the metrics that are wanted. */
  readonly samples: (wants: (name: string) => boolean) => Promise<readonly MetricSample[]>;
  /** What `onRecord` was given in an earlier life. */
  readonly saved: unknown;
  /** What is known to fire, as people were told. */
  readonly notified: readonly FiringAlert[];
}

export interface Alerting {
  start(): void;
  /** Other rules, or another interval: what fires goes on. @throws RuleError, and then nothing has changed */
  replace(settings: AlertingSettings): void;
  /** After a sleep nothing is evaluated for a while, and what was pending begins anew. */
  onWake(): void;
  /** Somebody set the clock, by so many ms. */
  onClockSet(by: number): void;
  alerts(): AlertsData;
  rules(): RulesData;
  /** Of every rule: what is pending or fires, and what ended lately. */
  state(): AlertsByRule;
  stop(): void;
}

/** After a wake much fails for a moment: networks come back, clients connect anew. */
export const WAKE_GRACE = 75_000;
/** Evaluations that are left out after a start with firing alerts: what makes them fire is not known at once. */
const FIRST_LEFT_OUT = 5;

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
  /** When was last asked what is due, ms since the epoch. */
  #lookedAt: number;
  /** Until then nothing is evaluated, awake ms. */
  #heldUntil = -Infinity;
  #isStopped = false;
  #cancel = (): void => {};

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#reporter = createEvaluationReporter(options.notified, options);
    this.#evaluator = this.#build(options.settings, null);
    this.#evaluator.restore(restoreAlerts(options.saved, options.clock.now()));
    this.#lookedAt = options.clock.now();
  }

  start(): void {
    const isFiring = this.#reporter.isFiring() || firingAlerts([...this.state().values()].flat()).size > 0;
    if (isFiring) this.#hold(FIRST_LEFT_OUT * this.#settings.evaluateEvery);
    this.#lookedAt = this.#clock.now();
    this.#plan();
  }

  replace(settings: AlertingSettings): void {
    const next = this.#build(settings, this.#evaluator);
    next.restore(this.state());
    this.#evaluator = next;
    this.#settings = settings;
    this.#plan();
  }

  onWake(): void {
    this.#hold(WAKE_GRACE);
    this.#evaluator.restore(withoutPending(this.state()));
    this.#plan();
  }

  onClockSet(by: number): void {
    const alerts = shifted(this.state(), by);
    // Samples of a time that is still to come would be in the way of the new ones.
    this.#evaluator = this.#build(this.#settings, by > 0 ? this.#evaluator : null);
    this.#evaluator.restore(alerts);
    this.#lookedAt = this.#clock.now();
    this.#plan();
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
    const groups = compileRules(rules);
    return createEvaluator({ groups, evaluateEvery, generation, target, past: past?.store ?? null });
  }

  #hold(duration: number): void {
    this.#heldUntil = this.#clock.monotonic() + duration;
  }

  /** Also without any rule: alerts of rules that are gone are over. */
  #intervals(): number[] {
    return [this.#settings.evaluateEvery, ...this.#evaluator.groups.map(({ interval }) => interval)];
  }

  #plan(): void {
    this.#cancel();
    if (this.#isStopped) return;
    const now = this.#clock.now();
    this.#cancel = this.#clock.after(nextDue(this.#intervals(), now) - now, () => void this.#work());
  }

  async #work(): Promise<void> {
    try {
      await this.#tick();
    } catch (error) {
      this.#options.onFault(error, null);
    }
    this.#plan();
  }

  async #tick(): Promise<void> {
    const own = this.#evaluator;
    // Timers ring up to a millisecond early.
    const moment = { before: this.#lookedAt, now: this.#clock.now() };
    if (!this.#intervals().some((interval) => isDue(interval, moment))) return;
    const readings = await this.#options.samples(own.wants);
    if (!this.#isWanted(own)) return;
    const now = this.#clock.now();
    const before = this.#lookedAt;
    const due = own.groups.filter(({ interval }) => isDue(interval, { before, now }));
    const intervals = [this.#settings.evaluateEvery, ...due.map(({ interval }) => interval)];
    const at = Math.max(...intervals.map((interval) => lastDue(interval, now)));
    this.#lookedAt = now;
    own.ingest(readings, at);
    if (this.#clock.monotonic() < this.#heldUntil) return;
    if (await this.#evaluate(own, due, at)) this.#report(own, due, at);
  }

  /** Whether it came to its end: others may come in the meantime, with what these knew. */
  async #evaluate(own: Evaluator, due: readonly ScheduledGroup[], at: number): Promise<boolean> {
    const breathe = createYield(this.#clock);
    for (const group of due) {
      await breathe();
      if (!this.#isWanted(own)) return false;
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

  #isWanted(evaluator: Evaluator): boolean {
    return !this.#isStopped && evaluator === this.#evaluator;
  }
}
