// Answers of the query API in Prometheus' shapes, read into columns.
/* eslint-disable typescript/no-unsafe-type-assertion -- our own daemon answered; a wrong form becomes an error when it is read */
import type { ApiAlertingRule, ApiRule, RulesData } from '../../core/model/alert-rules.ts';
import type { InstantResult, RangeResult, RuleAlert, RuleFault, Series, TimeRange } from '../model/wire.ts';

type Labels = Readonly<Record<string, string>>;
type Point = readonly [time: number, value: string];

interface Envelope {
  readonly data?: { readonly resultType: string; readonly result: unknown };
  readonly warnings?: readonly string[];
}

/** Reads a vector or a scalar. */
export function readInstant(envelope: unknown): InstantResult {
  const { data, warnings = [] } = envelope as Envelope;
  if (data?.resultType === 'scalar' || data?.resultType === 'string')
    return { series: [{ labels: {}, value: valueOf((data.result as Point)[1]) }], warnings };
  const result = (data?.result ?? []) as readonly {
    metric: Labels;
    value?: Point;
    values?: readonly Point[];
  }[];
  return {
    series: result.map(({ metric, value, values }) => ({
      labels: metric,
      value: valueOf((value ?? values?.at(-1))?.[1]),
    })),
    warnings,
  };
}

/** Reads a matrix: each series gets a value for every step, null where it has none. */
export function readRange(envelope: unknown, { start, end, step }: TimeRange): RangeResult {
  const { data, warnings = [] } = envelope as Envelope;
  const result = (data?.result ?? []) as readonly { metric: Labels; values: readonly Point[] }[];
  const times: number[] = [];
  for (let time = start; time <= end + step / 1000; time += step) times.push(time);
  const series = result.map(({ metric, values }): Series => {
    const column = times.map((): number | null => null);
    for (const [time, value] of values) {
      const number = valueOf(value);
      column[Math.round((time - start) / step)] = Number.isFinite(number) ? number : null;
    }
    return { labels: metric, values: column };
  });
  return { times, series, warnings };
}

/** Prometheus writes `+Inf`, which JavaScript does not read. */
function valueOf(text: string | undefined): number {
  return Number((text ?? 'NaN').replace('Inf', 'Infinity'));
}

/** Lists the alerts with their rules, and the rules that could not be evaluated. */
export function readRules(envelope: unknown): {
  readonly alerts: readonly RuleAlert[];
  readonly faults: readonly RuleFault[];
} {
  const { data } = envelope as { readonly data: RulesData };
  const rules: readonly ApiRule[] = data.groups.flatMap(({ rules: inside }) => inside);
  const faults = rules
    .filter(({ health }) => health === 'err')
    .map(({ name, lastError }) => ({ name, error: lastError ?? '' }));
  return { alerts: rules.flatMap((rule) => (rule.type === 'alerting' ? alertsOf(rule) : [])), faults };
}

function alertsOf({ name, query, duration, alerts }: ApiAlertingRule): RuleAlert[] {
  return alerts.map(({ labels, annotations, state, activeAt, value }) => ({
    name,
    about: labels['server'] ?? null,
    state,
    severity: labels['severity'] ?? 'none',
    since: Date.parse(activeAt),
    value: String(Number(value)),
    expression: query,
    holds: duration,
    summary: annotations['summary'] ?? '',
  }));
}
