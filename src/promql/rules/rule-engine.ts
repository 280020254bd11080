// Rule engine: evaluates groups rule by rule and stores each result for the rules after it.
import { type Alert, type AlertMoment, type Alerts, nextAlerts } from './alert-state.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { type Labels, NAME, withLabel, writeKey } from '../model/labels.ts';
import { memoizeBySeries } from '../model/series-cache.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule-file.ts';
import type { EvaluationOptions, PrometheusMajor } from '../model/series-source.ts';
import type { Expression } from '../model/syntax-tree.ts';
import { parse } from '../parse/parse.ts';
import type { SeriesStore } from '../series/series-store.ts';
import { type Element, EvaluationError, type Vector } from '../model/value.ts';

export interface RuleHealth {
  readonly group: RuleGroup;
  readonly rule: Rule;
  /** Null when the last evaluation succeeded, or before the first. */
  readonly error: string | null;
  readonly evaluatedAt: number | null;
  readonly alerts: readonly Alert[];
}

export interface RuleEngine {
  /** Evaluates every rule of one group at `at`, ms. The alerts of a rule that fails stay as they are. */
  evaluateGroup(group: RuleGroup, at: number): void;
  /** In the order of the files. */
  rules(): readonly RuleHealth[];
  /** Alerts of every rule by name and labels: the state that survives the engine. */
  alerts(): AlertsByRule;
  /** Replaces all alerts; those of removed rules are dropped. */
  restore(alerts: AlertsByRule): void;
}

/** By the key of the rule, which stays the same when its expression, durations or annotations change. */
export type AlertsByRule = ReadonlyMap<string, readonly Alert[]>;

interface RuleState {
  readonly key: string;
  readonly group: RuleGroup;
  readonly rule: Rule;
  alerts: Alerts;
  /** The series of the last evaluation: those missing from the next one are marked stale. */
  written: readonly Element[];
  error: string | null;
  evaluatedAt: number | null;
  /** Maps the labels of results to those of the recorded series. */
  readonly recordedAs: (result: Vector) => readonly Labels[];
}

export interface RuleEngineOptions extends EvaluationOptions {
  /** For templates: the labels that are added to all alerts, and the address of the page. */
  readonly externalLabels?: Labels;
  readonly externalUrl?: string;
}

/** @param store keeps at least the series of `requiredSeriesOf(groups)` */
export function createRuleEngine(
  groups: readonly RuleGroup[],
  store: SeriesStore,
  options: RuleEngineOptions = {},
): RuleEngine {
  const keys = keysOf(groups);
  const states = groups
    .flatMap((group) => group.rules.map((rule) => ({ group, rule })))
    .map(({ group, rule }, index) => createRuleState(group, rule, keys[index] ?? ''));

  return {
    evaluateGroup(group, at) {
      for (const state of states) if (state.group === group) run(state, { at, store, options });
    },
    rules: () =>
      states.map(({ group, rule, error, evaluatedAt, alerts }) => ({
        group,
        rule,
        error,
        evaluatedAt,
        alerts: [...alerts.values()],
      })),
    alerts: () => new Map(states.map(({ key, alerts }) => [key, [...alerts.values()]])),
    restore(alerts) {
      for (const state of states) {
        if (state.rule.kind !== 'alerting') continue;
        const own = alerts.get(state.key) ?? [];
        state.alerts = new Map(own.map((alert) => [writeKey(alert.labels), alert]));
      }
    },
  };
}

interface Run {
  readonly at: number;
  readonly store: SeriesStore;
  readonly options: RuleEngineOptions;
}

function run(state: RuleState, { at, store, options }: Run): void {
  state.evaluatedAt = at;
  try {
    const result = evaluate(state.rule.expression, at, store, options);
    const samples =
      state.rule.kind === 'recording'
        ? recorded(state, result)
        : alerted(state, state.rule, { result, moment: momentOf({ at, store, options }) });
    state.written = write(store, samples, { before: state.written, at });
    state.error = null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    state.error = error.message;
  }
}

function momentOf({ at, store, options }: Run): AlertMoment {
  const { generation = 3, externalLabels = {}, externalUrl = '' } = options;
  const query = (text: string): Vector => evaluate(parsedQuery(text, generation), at, store, options);
  return { at, query, externalLabels, externalUrl, generation };
}

/** Parses a query of a template; the same text comes with each evaluation. @throws PromqlError */
function parsedQuery(text: string, generation: PrometheusMajor): Expression {
  const key = `${generation} ${text}`;
  const known = PARSED.get(key);
  if (known !== undefined) return known;
  const expression = parse(text, { generation });
  if (PARSED.size >= MOST_PARSED) PARSED.clear();
  PARSED.set(key, expression);
  return expression;
}

const PARSED = new Map<string, Expression>();
/** Texts may be made of labels, so there is no end to them. */
const MOST_PARSED = 1000;

function createRuleState(group: RuleGroup, rule: Rule, key: string): RuleState {
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

/** @throws EvaluationError when two results would become the same series */
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

/** Keys of rules; rules with the same name and labels are numbered. */
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
  state: RuleState,
  rule: AlertingRule,
  { result, moment }: { result: Vector; moment: AlertMoment },
): Element[] {
  state.alerts = nextAlerts(rule, state.alerts, result, moment);
  return [...state.alerts.values()].flatMap(samplesOf);
}

/** The series ALERTS and ALERTS_FOR_STATE, as in Prometheus. */
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
