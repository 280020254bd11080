// The rules in their order, one evaluation after another: what they record is there for the rules behind them.
import { type Alert, type Alerts, nextAlerts } from './alert-state.ts';
import { evaluate } from './evaluate.ts';
import { keyOf, labelIn, type Labels, NAME, remembered, withLabel } from './labels.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule-file.ts';
import type { EvaluationOptions } from './source.ts';
import type { Store } from './store.ts';
import { EvaluationError, type Element } from './value.ts';

export interface RuleHealth {
  readonly group: RuleGroup;
  readonly rule: Rule;
  /** Null when the last evaluation went well, or before the first. */
  readonly error: string | null;
  readonly evaluatedAt: number | null;
  readonly alerts: readonly Alert[];
}

export interface Engine {
  /** Evaluates every rule of one of its groups at `at`, ms. A rule that fails leaves its alerts as they were. */
  evaluateGroup(group: RuleGroup, at: number): void;
  /** In the order of the files. */
  rules(): readonly RuleHealth[];
  /** Puts alerts back as they were before a restart of ours; of rules that are gone they are dropped. */
  restore(alerts: readonly Alert[]): void;
}

interface Entry {
  readonly group: RuleGroup;
  readonly rule: Rule;
  alerts: Alerts;
  /** What it wrote the last time: what is missing now has ended. */
  written: ReadonlyMap<string, Labels>;
  error: string | null;
  evaluatedAt: number | null;
  /** The labels under which a result is recorded. */
  readonly recordedAs: (labels: Labels) => Labels;
}

/** @param store keeps at least what `interestsOf(groups)` says */
export function createEngine(
  groups: readonly RuleGroup[],
  store: Store,
  options: EvaluationOptions = {},
): Engine {
  const entries = groups.flatMap((group) => group.rules.map((rule) => newEntry(group, rule)));

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
    restore(alerts) {
      for (const alert of alerts) {
        const entry = entries.find(({ rule }) => rule.kind === 'alerting' && mayHaveMade(rule, alert));
        if (entry !== undefined) entry.alerts = new Map(entry.alerts).set(keyOf(alert.labels), alert);
      }
    },
  };
}

interface Run {
  readonly at: number;
  readonly store: Store;
  readonly options: EvaluationOptions;
}

function run(entry: Entry, { at, store, options }: Run): void {
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

function newEntry(group: RuleGroup, rule: Rule): Entry {
  return {
    group,
    rule,
    alerts: new Map(),
    written: new Map(),
    error: null,
    evaluatedAt: null,
    recordedAs: remembered((labels) => (rule.kind === 'recording' ? relabelled(rule, labels) : labels)),
  };
}

function relabelled(rule: RecordingRule, labels: Labels): Labels {
  let own = withLabel(labels, NAME, rule.name);
  for (const [name, text] of Object.entries(rule.labels)) own = withLabel(own, name, text);
  return own;
}

/** Several rules may share a name, and differ in a label such as the severity. */
function mayHaveMade({ name, labels }: AlertingRule, alert: Alert): boolean {
  const fixed = Object.entries(labels).filter(([, { text }]) => !text.includes('{{'));
  return (
    labelIn(alert.labels, 'alertname') === name &&
    fixed.every(([label, { text }]) => label === 'alertname' || labelIn(alert.labels, label) === text)
  );
}

function recorded({ rule, recordedAs }: Entry, result: readonly Element[]): Element[] {
  const samples = result.map(({ labels, value }) => ({ labels: recordedAs(labels), value }));
  if (new Set(samples.map(({ labels }) => keyOf(labels))).size < samples.length)
    throw new EvaluationError(`Two results have the same labels under ${rule.name}`);
  return samples;
}

function alerted(
  entry: Entry,
  rule: AlertingRule,
  { result, at }: { result: readonly Element[]; at: number },
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

function write(
  store: Store,
  samples: readonly Element[],
  { before, at }: { before: ReadonlyMap<string, Labels>; at: number },
): ReadonlyMap<string, Labels> {
  const written = new Map<string, Labels>();
  for (const { labels, value } of samples) {
    store.append(labels, at, value);
    written.set(keyOf(labels), labels);
  }
  for (const [key, labels] of before) if (!written.has(key)) store.markStale(labels, at);
  return written;
}
