// Report of one evaluation to its listeners: saved state first, then changes, then counts.
import { basename } from 'node:path';
import type { EventOf } from '../core/model/events.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../core/model/notification.ts';
import type { RuleHealth } from '../promql/rules/rule-engine.ts';
import type { AlertsByRule, ScheduledGroup } from './evaluator.ts';
import { type FiringAlerts, firingAlerts, changesBetween } from './alert-diff.ts';
import { type SavedAlerts, saveAlerts, signatureOf } from './saved-alerts.ts';

export type Evaluation = Omit<EventOf<'evaluated'>, 'kind' | 'at'>;

export interface AlertingListeners {
  readonly onChange: (change: AlertChange) => void;
  readonly onEvaluated: (evaluation: Evaluation) => void;
  /** @param isUrgent false when nothing but the time of the evaluation changed */
  readonly onRecord: (record: SavedAlerts, isUrgent: boolean) => void;
  /** @param place of the rule that failed; null when no rule is to blame */
  readonly onFault: (error: unknown, place: RulePlace | null) => void;
}

interface RulePlace {
  readonly file: string;
  readonly group: string;
  readonly rule: string;
}

interface EvaluationRound {
  /** Ms since the epoch. */
  readonly at: number;
  readonly alerts: AlertsByRule;
  readonly groups: readonly ScheduledGroup[];
  /** The groups that were evaluated in this round. */
  readonly due: readonly ScheduledGroup[];
  /** Ms that the last evaluation of a group took. */
  readonly took: (group: ScheduledGroup) => number;
}

export interface EvaluationReporter {
  /** Whether some alert was notified as firing and not yet as resolved. */
  isFiring(): boolean;
  report(round: EvaluationRound): void;
}

/** @param known alerts that fire according to the last notifications */
export function createEvaluationReporter(
  known: readonly FiringAlert[],
  listeners: AlertingListeners,
): EvaluationReporter {
  let notified: FiringAlerts = new Map(known.map((alert) => [alertKey(alert), alert]));
  let signature = '';
  const countFaults = createFaults(listeners.onFault);

  function record({ alerts, at }: EvaluationRound): void {
    const latest = signatureOf(alerts);
    const isPending = [...alerts.values()].some((some) => some.some(({ state }) => state === 'pending'));
    listeners.onRecord(saveAlerts(alerts, at), latest !== signature || isPending);
    signature = latest;
  }

  return {
    isFiring: () => notified.size > 0,
    report(round) {
      const health = healthOf(round.groups);
      const firing = firingAlerts([...round.alerts.values()].flat());
      const changes = changesBetween(notified, firing, round.at);
      notified = firing;
      // Saved before it is notified: should we die now, the next daemon does not notify it again.
      record(round);
      for (const change of changes) listeners.onChange(change);
      listeners.onEvaluated({
        took: round.groups.reduce((sum, group) => sum + round.took(group), 0),
        failed: countFaults(health.filter(({ group }) => round.due.includes(group))),
        alerts: countsOf(health),
        ...failingIn(health),
      });
    },
  };
}

/** A group and its rules after the round, read once for all that is told of them. */
interface GroupHealth {
  readonly group: ScheduledGroup;
  readonly rules: readonly RuleHealth[];
}

function healthOf(groups: readonly ScheduledGroup[]): GroupHealth[] {
  return groups.map((group) => ({ group, rules: group.rules() }));
}

/** More would fill a screen, and have one cause. */
const MOST_FAILING = 10;

/** Lists the rules that do not work now, also those that were not evaluated in this round. */
function failingIn(health: readonly GroupHealth[]): Pick<Evaluation, 'failing'> {
  const failing = health.flatMap(({ group: { file }, rules }) =>
    rules.flatMap(({ group, rule, error }) =>
      error === null ? [] : [{ file: basename(file), group: group.name, rule: rule.name, error }],
    ),
  );
  return failing.length === 0 ? {} : { failing: failing.slice(0, MOST_FAILING) };
}

/** Counts pending and firing alerts by the name of their rule. */
function countsOf(health: readonly GroupHealth[]): Evaluation['alerts'] {
  const counts = new Map<string, { pending: number; firing: number }>();
  for (const { rule, alerts } of health.flatMap(({ rules }) => rules)) {
    if (rule.kind !== 'alerting') continue;
    const count = counts.get(rule.name) ?? { pending: 0, firing: 0 };
    for (const { state } of alerts) if (state !== 'inactive') count[state] += 1;
    counts.set(rule.name, count);
  }
  return Array.from(counts, ([name, { pending, firing }]) => ({ name, pending, firing }));
}

/**
 * Counts the rules of given groups that failed in their last evaluation. A failing rule fails each time: `onFault` is
 * called once, until the rule works again.
 */
function createFaults(onFault: AlertingListeners['onFault']): (health: readonly GroupHealth[]) => number {
  const failing = new Set<unknown>();
  return (health) => {
    let failed = 0;
    for (const {
      group: { file },
      rules,
    } of health)
      for (const { group, rule, error } of rules) {
        if (error === null) {
          failing.delete(rule);
          continue;
        }
        failed += 1;
        if (failing.has(rule)) continue;
        failing.add(rule);
        onFault(error, { file, group: group.name, rule: rule.name });
      }
    return failed;
  };
}
