// The rules in their order, one evaluation after another: what they record is there for the rules behind them.
import { type Alert, type Alerts, nextAlerts } from './alert-state.ts';
import { evaluate, selectorsOf } from './evaluate.ts';
import { keyOf, type Labels, NAME, withLabel } from './labels.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule-file.ts';
import type { EvaluationOptions } from './source.ts';
import type { Interest, Store } from './store.ts';
import { EvaluationError, type Element } from './value.ts';

export interface RuleHealth {
  readonly group: string;
  readonly rule: Rule;
  /** Null when the last evaluation went well, or before the first. */
  readonly error: string | null;
  readonly evaluatedAt: number | null;
  readonly alerts: readonly Alert[];
}

export interface Engine {
  /** Evaluates every rule of one group at `at`, ms; the group's name must exist. */
  evaluateGroup(name: string, at: number): void;
  /** In the order of the files. */
  rules(): readonly RuleHealth[];
  /** Puts alerts back as they were before a restart of ours; of rules that are gone they are dropped. */
  restore(alerts: readonly Alert[]): void;
}

interface Entry {
  readonly group: string;
  readonly rule: Rule;
  alerts: Alerts;
  /** What it wrote the last time: what is missing now has ended. */
  written: ReadonlyMap<string, Labels>;
  error: string | null;
  evaluatedAt: number | null;
}

/** What some rule reads: the store keeps nothing else. */
export function interestsOf(groups: readonly RuleGroup[]): Interest[] {
  return groups.flatMap(({ rules }) => rules.flatMap(({ expression }) => selectorsOf(expression)));
}

export function createEngine(
  groups: readonly RuleGroup[],
  store: Store,
  options: EvaluationOptions = {},
): Engine {
  const entries = groups.flatMap(({ name, rules }) => rules.map((rule) => newEntry(name, rule)));

  function run(entry: Entry, at: number): void {
    entry.evaluatedAt = at;
    try {
      const result = evaluate(entry.rule.expression, at, store, options);
      const samples =
        entry.rule.kind === 'recording'
          ? recorded(entry.rule, result)
          : alerted(entry, entry.rule, result, at);
      entry.written = write(store, samples, entry.written, at);
      entry.error = null;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      entry.error = error.message;
    }
  }

  return {
    evaluateGroup(name, at) {
      for (const entry of entries) if (entry.group === name) run(entry, at);
    },
    rules: () =>
      entries.map(({ group, rule, error, evaluatedAt, alerts }) => ({
        group,
        rule,
        error,
        evaluatedAt,
        alerts: [...alerts.values()],
      })),
    restore(alerts) {
      for (const entry of entries) {
        const own = alerts.filter(
          ({ labels }) => entry.rule.kind === 'alerting' && labels['alertname'] === entry.rule.name,
        );
        entry.alerts = new Map(own.map((alert) => [keyOf(alert.labels), alert]));
      }
    },
  };
}

function newEntry(group: string, rule: Rule): Entry {
  return { group, rule, alerts: new Map(), written: new Map(), error: null, evaluatedAt: null };
}

function recorded(rule: RecordingRule, result: readonly Element[]): Element[] {
  const samples = result.map(({ labels, value }) => {
    let own = withLabel(labels, NAME, rule.name);
    for (const [name, text] of Object.entries(rule.labels)) own = withLabel(own, name, text);
    return { labels: own, value };
  });
  if (new Set(samples.map(({ labels }) => keyOf(labels))).size < samples.length)
    throw new EvaluationError(`Two results have the same labels under ${rule.name}`);
  return samples;
}

function alerted(entry: Entry, rule: AlertingRule, result: readonly Element[], at: number): Element[] {
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

function write(
  store: Store,
  samples: readonly Element[],
  before: ReadonlyMap<string, Labels>,
  at: number,
): ReadonlyMap<string, Labels> {
  const written = new Map<string, Labels>();
  for (const { labels, value } of samples) {
    store.append(labels, at, value);
    written.set(keyOf(labels), labels);
  }
  for (const [key, labels] of before) if (!written.has(key)) store.markStale(labels, at);
  return written;
}
