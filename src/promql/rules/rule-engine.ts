// Rule engine: evaluates groups rule by rule and stores each result for the rules after it.
import { type Alert, type Alerts, nextAlerts } from './alert-state.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { type Labels, NAME, withLabel, writeKey } from '../model/labels.ts';
import { memoizeBySeries } from '../evaluate/series-cache.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule-file.ts';
import type { EvaluationOptions } from '../model/series-source.ts';
import type { SeriesStore } from '../series/series-store.ts';
import { type Element, EvaluationError, type Vector } from '../model/value.ts';

export interface RuleHealth {
  readonly group: RuleGroup;
  readonly rule: Rule;
  /** Null when the last evaluation went well, or before the first. */
  readonly error: string | null;
  readonly evaluatedAt: number | null;
  readonly alerts: readonly Alert[];
}

export interface RuleEngine {
  /** Evaluates every rule of one of its groups at `at`, ms. A rule that fails leaves its alerts as they were. */
  evaluateGroup(group: RuleGroup, at: number): void;
  /** In the order of the files. */
  rules(): readonly RuleHealth[];
  /** The alerts of every rule, by its name and labels: what outlives the engine. */
  alerts(): AlertsByRule;
  /** Puts alerts back as they were, in place of what there is; of rules that are gone they are dropped. */
  restore(alerts: AlertsByRule): void;
}

/** By the key of the rule, which a change of its expression, its times or its annotations does not change. */
export type AlertsByRule = ReadonlyMap<string, readonly Alert[]>;

interface RuleState {
  readonly key: string;
  readonly group: RuleGroup;
  readonly rule: Rule;
  alerts: Alerts;
  /** What it wrote the last time: what is missing now has ended. */
  written: readonly Element[];
  error: string | null;
  evaluatedAt: number | null;
  /** The labels under which results are recorded. */
  readonly recordedAs: (result: Vector) => readonly Labels[];
}

/** @param store keeps at least what `interestsOf(groups)` says */
export function createRuleEngine(
  groups: readonly RuleGroup[],
  store: SeriesStore,
  options: EvaluationOptions = {},
): RuleEngine {
  const keys = keysOf(groups);
  const entries = groups
    .flatMap((group) => group.rules.map((rule) => ({ group, rule })))
    .map(({ group, rule }, index) => newEntry(group, rule, keys[index] ?? ''));

  return {
    evaluateGroup(group, at) {
      for (const entry of entries) if (entry.group === group) run(entry, { at, store, options });
    },
    rules: () =>
      entries.map(({ group, rule, error, evaluatedAt, alerts }) => ({
        group,
        rule,
        error,
        evaluatedAt,
        alerts: [...alerts.values()],
      })),
    alerts: () => new Map(entries.map(({ key, alerts }) => [key, [...alerts.values()]])),
    restore(alerts) {
      for (const entry of entries) {
        if (entry.rule.kind !== 'alerting') continue;
        const own = alerts.get(entry.key) ?? [];
        entry.alerts = new Map(own.map((alert) => [writeKey(alert.labels), alert]));
      }
    },
  };
}

interface Run {
  readonly at: number;
  readonly store: SeriesStore;
  readonly options: EvaluationOptions;
}

function run(entry: RuleState, { at, store, options }: Run): void {
  entry.evaluatedAt = at;
  try {
    const result = evaluate(entry.rule.expression, at, store, options);
    const samples =
      entry.rule.kind === 'recording' ? recorded(entry, result) : alerted(entry, entry.rule, { result, at });
    entry.written = write(store, samples, { before: entry.written, at });
    entry.error = null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    entry.error = error.message;
  }
}

function newEntry(group: RuleGroup, rule: Rule, key: string): RuleState {
  return {
    key,
    group,
    rule,
    alerts: new Map(),
    written: [],
    error: null,
    evaluatedAt: null,
    recordedAs: memoizeBySeries((all) => (rule.kind === 'recording' ? relabelled(rule, all) : all)),
  };
}

/** @throws EvaluationError when two results would be one series */
function relabelled(rule: RecordingRule, all: readonly Labels[]): readonly Labels[] {
  const relabelled = all.map((labels) => {
    let own = withLabel(labels, NAME, rule.name);
    for (const [name, text] of Object.entries(rule.labels)) own = withLabel(own, name, text);
    return own;
  });
  if (new Set(relabelled.map(writeKey)).size < all.length)
    throw new EvaluationError(`Two results have the same labels under ${rule.name}`);
  return relabelled;
}

/** Several rules may share a name, and even their labels: then they are counted. */
function keysOf(groups: readonly RuleGroup[]): string[] {
  const counts = new Map<string, number>();
  return groups.flatMap(({ name, rules }) =>
    rules.map((rule) => {
      const labels = Object.entries(rule.labels)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, text]) => [label, typeof text === 'string' ? text : text.text]);
      const own = JSON.stringify([name, rule.kind, rule.name, ...labels].flat());
      const count = counts.get(own) ?? 0;
      counts.set(own, count + 1);
      return count === 0 ? own : `${own} ${count}`;
    }),
  );
}

function recorded({ recordedAs }: RuleState, result: Vector): Element[] {
  const labels = recordedAs(result);
  return result.map(({ value }, index) => ({ labels: labels[index] ?? {}, value }));
}

function alerted(
  entry: RuleState,
  rule: AlertingRule,
  { result, at }: { result: Vector; at: number },
): Element[] {
  entry.alerts = nextAlerts(rule, entry.alerts, result, at);
  return [...entry.alerts.values()].flatMap(samplesOf);
}

/** The series in which Prometheus shows its alerts. */
function samplesOf({ labels, state, activeAt }: Alert): Element[] {
  if (state === 'inactive') return [];
  return [
    { labels: { ...labels, [NAME]: 'ALERTS', alertstate: state }, value: 1 },
    { labels: { ...labels, [NAME]: 'ALERTS_FOR_STATE' }, value: Math.floor(activeAt / 1000) },
  ];
}

/** What was written before and is missing now has ended. */
function write(
  store: SeriesStore,
  samples: readonly Element[],
  { before, at }: { before: readonly Element[]; at: number },
): readonly Element[] {
  for (const { labels, value } of samples) store.append(labels, at, value);
  const stays =
    samples.length === before.length && samples.every((one, at) => one.labels === before[at]?.labels);
  if (!stays) {
    const present = new Set(samples.map(({ labels }) => writeKey(labels)));
    for (const { labels } of before) if (!present.has(writeKey(labels))) store.markStale(labels, at);
  }
  return samples;
}
