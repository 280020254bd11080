// State machine of alerts: pending, firing and resolved, as in Prometheus' alerting rules.
import { type Labels, NAME, withoutName, writeKey } from '../model/labels.ts';
import type { AlertingRule } from './rule-file.ts';
import type { TemplateData } from '../template/template.ts';
import { EvaluationError, type Vector } from '../model/value.ts';

export interface Alert {
  /** The rule's own labels and `alertname` included. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly value: number;
  /** When the expression began to hold; all times in ms since the epoch. */
  readonly activeAt: number;
  readonly firedAt: number | null;
  /** When it stopped firing; the alert is kept for a while, so that its end can be notified. */
  readonly resolvedAt: number | null;
  /** When it began to fire only because of `keep_firing_for`. */
  readonly keptSince: number | null;
}

/** By the key of their labels. */
export type Alerts = ReadonlyMap<string, Alert>;

/** Ms for which a resolved alert is kept. */
const RESOLVED_RETENTION = 15 * 60_000;

/** The moment of an evaluation, ms, and what texts may ask for. */
export type AlertMoment = { readonly at: number } & Pick<
  TemplateData,
  'query' | 'externalLabels' | 'externalUrl' | 'generation'
>;

/**
 * Returns the alerts of a rule after its expression evaluated to `result` at `at`.
 *
 * @throws EvaluationError when two elements give the same alert
 */
export function nextAlerts(
  rule: AlertingRule,
  before: Alerts,
  result: Vector,
  { at, ...around }: AlertMoment,
): Alerts {
  const present = new Map<string, ActiveElement>();
  for (const element of result) {
    const alert = alertOf(rule, { ...element, ...around, at });
    const key = writeKey(alert.labels);
    if (present.has(key)) throw new EvaluationError(`Two results make the same alert ${rule.name}`);
    present.set(key, alert);
  }
  const after = new Map<string, Alert>();
  for (const [key, old] of before) {
    const now = present.get(key);
    const next = now === undefined ? ended(rule, old, at) : continued(rule, old, { ...now, at });
    if (next !== null) after.set(key, next);
  }
  for (const [key, now] of present) if (!before.has(key)) after.set(key, begun(rule, now, at));
  return after;
}

type ActiveElement = Pick<Alert, 'labels' | 'annotations' | 'value'>;

function alertOf(rule: AlertingRule, data: TemplateData): ActiveElement {
  const { labels, value } = data;
  const all = { ...withoutName(labels), ...renderTexts(rule.labels, data), alertname: rule.name };
  return {
    labels: Object.fromEntries(Object.entries(all).filter(([name, text]) => name !== NAME && text !== '')),
    annotations: renderTexts(rule.annotations, data),
    value,
  };
}

function renderTexts(texts: AlertingRule['labels'], data: TemplateData): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, { render: fillIn }]) => [name, fillIn(data)]));
}

function begun(rule: AlertingRule, now: ActiveElement, at: number): Alert {
  const pending = { ...now, activeAt: at, firedAt: null, resolvedAt: null, keptSince: null };
  return matured(rule, { ...pending, state: 'pending' }, at);
}

function continued(rule: AlertingRule, old: Alert, { at, ...now }: ActiveElement & { at: number }): Alert {
  return old.state === 'inactive'
    ? begun(rule, now, at)
    : matured(rule, { ...old, ...now, keptSince: null }, at);
}

function matured(rule: AlertingRule, alert: Alert, at: number): Alert {
  if (alert.state !== 'pending' || at - alert.activeAt < rule.hold) return alert;
  return { ...alert, state: 'firing', firedAt: at };
}

function ended(rule: AlertingRule, old: Alert, at: number): Alert | null {
  if (old.state === 'pending') return null;
  if (old.state === 'inactive') return isRemovedServer(old, at) ? null : old;
  const keptSince = old.keptSince ?? at;
  if (rule.keepFiring > 0 && at - keptSince < rule.keepFiring) return { ...old, keptSince };
  return { ...old, state: 'inactive', resolvedAt: at };
}

function isRemovedServer({ resolvedAt }: Alert, at: number): boolean {
  return resolvedAt !== null && at - resolvedAt > RESOLVED_RETENTION;
}
