// Rules and alerts in the form of Prometheus' HTTP API.
import type {
  AlertsData,
  RulesData,
  ApiAlert,
  ApiAlertingRule,
  ApiRuleGroup,
  ApiRule,
} from '../core/model/alert-rules.ts';
import type { Alert } from '../promql/rules/alert-state.ts';
import type { RuleHealth } from '../promql/rules/rule-engine.ts';
import type { ScheduledGroup } from './evaluator.ts';
import type { RuleTexts } from './compile-rules.ts';

/** Ms that the last evaluation of a group took. */
export type EvaluationDuration = (group: ScheduledGroup) => number;

export function alertsData(groups: readonly ScheduledGroup[]): AlertsData {
  return { alerts: groups.flatMap((group) => group.rules().flatMap(({ alerts }) => shownAlerts(alerts))) };
}

export function rulesData(groups: readonly ScheduledGroup[], took: EvaluationDuration): RulesData {
  const shown = groups.map((group) => shownGroup(group, took(group) / 1000));
  return { groups: shown.sort((a, b) => compareBytes(a.file, b.file) || compareBytes(a.name, b.name)) };
}

/** Compares bytes, as Go does. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function shownGroup(
  { group, file, interval, texts, rules }: ScheduledGroup,
  evaluationTime: number,
): ApiRuleGroup {
  const health = rules();
  // Single rules are not timed: each gets an equal share of the group's time.
  const share = evaluationTime / Math.max(1, health.length);
  const evaluatedAt = health.reduce<number | null>((latest, one) => one.evaluatedAt ?? latest, null);
  return {
    name: group.name,
    file,
    rules: health.map((one, index) => shownRule(one, texts[index] ?? { labels: {}, annotations: {} }, share)),
    interval: interval / 1000,
    limit: 0,
    evaluationTime,
    lastEvaluation: timestamp(evaluatedAt),
  };
}

function shownRule(
  { rule, error, evaluatedAt, alerts }: RuleHealth,
  { labels, annotations }: RuleTexts,
  evaluationTime: number,
): ApiRule {
  const common = {
    name: rule.name,
    query: rule.query.replaceAll(/\s+/gu, ' ').trim(),
    health: evaluatedAt === null ? ('unknown' as const) : error === null ? ('ok' as const) : ('err' as const),
    ...(error === null ? {} : { lastError: error }),
    evaluationTime,
    lastEvaluation: timestamp(evaluatedAt),
  };
  if (rule.kind === 'recording')
    return { ...common, ...(Object.keys(labels).length === 0 ? {} : { labels }), type: 'recording' };
  return {
    ...common,
    type: 'alerting',
    state: stateOf(alerts),
    duration: rule.hold / 1000,
    keepFiringFor: rule.keepFiring / 1000,
    labels,
    annotations,
    alerts: shownAlerts(alerts),
  };
}

function stateOf(alerts: readonly Alert[]): ApiAlertingRule['state'] {
  if (alerts.some(({ state }) => state === 'firing')) return 'firing';
  return alerts.some(({ state }) => state === 'pending') ? 'pending' : 'inactive';
}

function shownAlerts(alerts: readonly Alert[]): ApiAlert[] {
  return alerts.flatMap(({ labels, annotations, state, activeAt, keptSince, value }) =>
    state === 'inactive'
      ? []
      : [
          {
            labels,
            annotations,
            state,
            activeAt: timestamp(activeAt),
            ...(keptSince === null ? {} : { keepFiringSince: timestamp(keptSince) }),
            value: formatFloat(value),
          },
        ],
  );
}

/** RFC 3339; Go's zero time stands for never. */
function timestamp(time: number | null): string {
  return time === null ? '0001-01-01T00:00:00Z' : new Date(time).toISOString().replace(/\.?0*Z$/u, 'Z');
}

/** `1e+00`, `2.5e-07`, `+Inf`. */
function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/u, 'e$10$2');
}
