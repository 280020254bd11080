// Inhibition as Alertmanager has it: alerts that are not sent while others, which say the same or worse, fire.
import { type LabelMatcher, type LabelSet, matchesAll } from '../delivery/label-matcher.ts';
import type { AlertChange } from '../model/notification.ts';

export interface InhibitRule {
  /** Matches the alert that inhibits. */
  readonly source: readonly LabelMatcher[];
  /** Matches the alert that is inhibited. */
  readonly target: readonly LabelMatcher[];
  /** Labels that both must have alike, or both lack. */
  readonly equal: readonly string[];
}

/** Part of an alert that rules are about. */
export type Subject = Pick<AlertChange, 'name' | 'about' | 'severity' | 'labels'>;

/** True when `source`, while it fires, inhibits `target` by one of the rules. */
export function inhibits(source: Subject, target: Subject, rules: readonly InhibitRule[]): boolean {
  const [from, to] = [labelsOf(source), labelsOf(target)];
  return rules.some((rule) => {
    if (!matchesAll(rule.source, from) || !matchesAll(rule.target, to)) return false;
    if (rule.equal.some((name) => (from[name] ?? '') !== (to[name] ?? ''))) return false;
    // Two alerts that each could inhibit the other do not, and none inhibits itself.
    return !(matchesAll(rule.target, from) && matchesAll(rule.source, to));
  });
}

/** `instance` is left out: all alerts of our own have the same. */
function labelsOf({ name, about, severity, labels }: Subject): LabelSet {
  return { job: JOB, ...labels, alertname: name, severity, ...(about === null ? {} : { server: about }) };
}

/** Name of the scrape job in the shipped configs of Prometheus. */
const JOB = 'mcp-watchdog';

/**
 * Index over the alerts that fire, so that a storm of them costs each alert a look-up and not a comparison with all.
 *
 * @param firing alerts of our own that fire
 * @returns those that inhibit a given alert
 */
export function indexInhibitors<Firing>(
  firing: Iterable<readonly [alert: Subject, value: Firing]>,
  rules: readonly InhibitRule[],
): (target: Subject) => readonly Firing[] {
  const sources = new Map<string, (readonly [alert: Subject, value: Firing])[]>();
  for (const pair of firing)
    for (const key of keysOf(pair[0], rules).source) {
      const known = sources.get(key);
      if (known === undefined) sources.set(key, [pair]);
      else known.push(pair);
    }
  return (target) => {
    const candidates = keysOf(target, rules).target.flatMap((key) => sources.get(key) ?? []);
    if (candidates.length === 0) return NOBODY;
    const all = candidates.filter(([alert]) => inhibits(alert, target, rules));
    return [...new Set(all.map(([, value]) => value))];
  };
}

const NOBODY: readonly never[] = [];

/** For each rule whose side matches: the rule, and the labels that have to be equal. */
interface Keys {
  readonly rules: readonly InhibitRule[];
  readonly source: readonly string[];
  readonly target: readonly string[];
}

const known = new WeakMap<Subject, Keys>();

/** Remembered for each alert: it is asked for with every change of any other. */
function keysOf(alert: Subject, rules: readonly InhibitRule[]): Keys {
  const old = known.get(alert);
  if (old?.rules === rules) return old;
  const labels = labelsOf(alert);
  const keysFor = (side: 'source' | 'target'): string[] =>
    rules.flatMap((rule, index) =>
      matchesAll(rule[side], labels)
        ? [JSON.stringify([index, ...rule.equal.map((name) => labels[name] ?? '')])]
        : [],
    );
  const keys = { rules, source: keysFor('source'), target: keysFor('target') };
  known.set(alert, keys);
  return keys;
}
