// Local rule evaluation: what Prometheus would do with our metrics, done here, whether or not one is there.
import type { AlertsData, Reading, RuleDocument, RulesData } from '../core/alert-rules.ts';
import type { EventOf } from '../core/events.ts';
import { type AlertNews, type FiringAlert, keyOf } from '../core/notification.ts';
import type { Clock } from '../system/clock.ts';
import { createEvaluator, type AlertsByGroup, type Evaluator, type GroupAtWork } from './evaluator.ts';
import type { Target } from './feed.ts';
import { type Firing, firingOf, newsBetween } from './firing.ts';
import { alertsData, rulesData } from './responses.ts';
import { isDue, lastDue, nextDue } from './rhythm.ts';
import { compileRules } from './rule-set.ts';
import {
  restoreAlerts,
  type SavedAlerts,
  saveAlerts,
  shifted,
  signatureOf,
  withoutPending,
} from './saved-alerts.ts';

/** Durations in ms. */
interface AlertingSettings {
  readonly rules: readonly RuleDocument[];
  readonly evaluateEvery: number;
}

export type Evaluation = Omit<EventOf<'evaluated'>, 'kind' | 'at'>;

export interface AlertingOptions {
  /** Awake time; `now()` is the time of day. */
  readonly clock: Clock;
  readonly settings: AlertingSettings;
  readonly target: Target;
  /** What /metrics would show now of the metrics that are wanted. */
  readonly readings: (wants: (name: string) => boolean) => Promise<readonly Reading[]>;
  /** What `onRecord` was given in an earlier life. */
  readonly saved: unknown;
  /** What is known to fire, as people were told. */
  readonly told: readonly FiringAlert[];
  readonly onNews: (news: AlertNews) => void;
  readonly onEvaluated: (evaluation: Evaluation) => void;
  /** @param isUrgent false when it only tells that time passed */
  readonly onRecord: (record: SavedAlerts, isUrgent: boolean) => void;
  readonly onFault: (error: unknown, rule: string | null) => void;
}

export interface Alerting {
  begin(): void;
  /** Other rules, or another interval: what fires goes on. @throws RuleError, and then nothing has changed */
  replace(settings: AlertingSettings): void;
  /** After a sleep nothing is evaluated for a while, and what was pending begins anew. */
  woke(): void;
  /** Somebody set the clock, by so many ms. */
  clockWasSet(by: number): void;
  alerts(): AlertsData;
  rules(): RulesData;
  /** Of every group: what is pending or fires, and what ended lately. */
  state(): AlertsByGroup;
  stop(): void;
}

/** After a wake much fails for a moment: networks come back, clients connect anew. */
export const WAKE_GRACE = 75_000;
/** Evaluations that are left out after a start with firing alerts: what makes them fire is not known at once. */
const FIRST_LEFT_OUT = 5;

export function createAlerting(options: AlertingOptions): Alerting {
  const { clock, target, onFault } = options;
  let { settings } = options;
  let evaluator = build(settings, null);
  let told: Firing = new Map(options.told.map((alert) => [keyOf(alert), alert]));
  let signature = '';
  let lookedAt = clock.now();
  let heldUntil = -Infinity;
  let isStopped = false;
  let cancel = (): void => {};
  const took = new WeakMap<GroupAtWork, number>();
  const faults = createFaults(onFault);
  evaluator.restore(restoreAlerts(options.saved, clock.now()));

  function build({ rules, evaluateEvery }: AlertingSettings, past: Evaluator | null): Evaluator {
    const groups = compileRules(rules);
    const next = createEvaluator({ groups, evaluateEvery, target, past: past?.store ?? null });
    if (past !== null) next.restore(past.alerts());
    return next;
  }

  function plan(): void {
    cancel();
    if (isStopped) return;
    const now = clock.now();
    // Also without any rule: alerts of rules that are gone are over.
    const due = nextDue([settings.evaluateEvery, ...evaluator.groups.map(({ interval }) => interval)], now);
    cancel = clock.after(due - now, () => void work());
  }

  async function work(): Promise<void> {
    try {
      await tick();
    } catch (error) {
      onFault(error, null);
    }
    plan();
  }

  async function tick(): Promise<void> {
    const own = evaluator;
    // Timers ring up to a millisecond early.
    const intervals = [settings.evaluateEvery, ...own.groups.map(({ interval }) => interval)];
    if (!intervals.some((interval) => isDue(interval, { before: lookedAt, now: clock.now() }))) return;
    const readings = await options.readings(own.wants);
    if (isStopped || own !== evaluator) return;
    const now = clock.now();
    const before = lookedAt;
    const due = own.groups.filter(({ interval }) => isDue(interval, { before, now }));
    const at = Math.max(
      lastDue(settings.evaluateEvery, now),
      ...due.map(({ interval }) => lastDue(interval, now)),
    );
    lookedAt = now;
    const breathe = createBreath(clock);
    own.feed(readings, at);
    if (clock.monotonic() < heldUntil) return;
    for (const group of due) {
      await breathe();
      // Others may have come in the meantime, with what these knew.
      if (isStopped || own !== evaluator) return;
      evaluate(group, at);
    }
    own.prune(at);
    report(own, due, at);
  }

  function evaluate(group: GroupAtWork, at: number): void {
    const start = clock.monotonic();
    group.evaluate(at);
    took.set(group, clock.monotonic() - start);
  }

  function report(own: Evaluator, due: readonly GroupAtWork[], at: number): void {
    const alerts = own.alerts();
    const firing = firingOf([...alerts.values()].flat());
    const news = newsBetween(told, firing, at);
    told = firing;
    const latest = signatureOf(alerts);
    const isPending = [...alerts.values()].some((some) => some.some(({ state }) => state === 'pending'));
    // Written down before it is told: should we die now, it is not news in the next life.
    options.onRecord(saveAlerts(alerts, at), latest !== signature || isPending);
    signature = latest;
    for (const one of news) options.onNews(one);
    options.onEvaluated({
      took: own.groups.reduce((sum, group) => sum + (took.get(group) ?? 0), 0),
      failed: faults.count(due),
      alerts: countsOf(own.groups),
    });
  }

  function reset(alerts: AlertsByGroup, past: Evaluator | null): void {
    evaluator = build(settings, past);
    evaluator.restore(alerts);
    plan();
  }

  return {
    begin() {
      const isFiring = told.size > 0 || firingOf([...evaluator.alerts().values()].flat()).size > 0;
      if (isFiring) heldUntil = clock.monotonic() + FIRST_LEFT_OUT * settings.evaluateEvery;
      lookedAt = clock.now();
      plan();
    },
    replace(next) {
      evaluator = build(next, evaluator);
      settings = next;
      plan();
    },
    woke() {
      heldUntil = clock.monotonic() + WAKE_GRACE;
      evaluator.restore(withoutPending(evaluator.alerts()));
      plan();
    },
    clockWasSet(by) {
      // Samples of a time that is still to come would be in the way of the new ones.
      reset(shifted(evaluator.alerts(), by), by > 0 ? evaluator : null);
      lookedAt = clock.now();
    },
    alerts: () => alertsData(evaluator.groups),
    rules: () => rulesData(evaluator.groups, (group) => took.get(group) ?? 0),
    state: () => evaluator.alerts(),
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

/** Ms after which others have their turn: with a hundred servers all rules take a tenth of a second. */
const LONGEST_TURN = 8;

/** Waits for a moment when the last such moment is too long ago. */
function createBreath(clock: Clock): () => Promise<void> {
  let since = clock.monotonic();
  return async () => {
    if (clock.monotonic() - since < LONGEST_TURN) return;
    await new Promise<void>((resolve) => void clock.after(0, resolve));
    since = clock.monotonic();
  };
}

/** Of each alerting rule by name, how many alerts it has. */
function countsOf(groups: readonly GroupAtWork[]): Evaluation['alerts'] {
  const counts = new Map<string, { pending: number; firing: number }>();
  for (const { rule, alerts } of groups.flatMap((group) => group.rules())) {
    if (rule.kind !== 'alerting') continue;
    const count = counts.get(rule.name) ?? { pending: 0, firing: 0 };
    for (const { state } of alerts) if (state !== 'inactive') count[state] += 1;
    counts.set(rule.name, count);
  }
  return [...counts].map(([name, count]) => ({ name, ...count }));
}

/** A rule that fails does so each time: it is told once, until it works again. */
function createFaults(onFault: AlertingOptions['onFault']) {
  const failing = new Set<unknown>();
  return {
    /** How many rules of these groups failed the last time. */
    count(groups: readonly GroupAtWork[]): number {
      let failed = 0;
      for (const { rule, error } of groups.flatMap((group) => group.rules())) {
        if (error === null) failing.delete(rule);
        else {
          failed += 1;
          if (!failing.has(rule)) onFault(error, rule.name);
          failing.add(rule);
        }
      }
      return failed;
    },
  };
}
