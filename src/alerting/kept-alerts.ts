// Alerts that a new set of rules takes over: those of rules with the same body, wherever they stand now, and of changed rules in the same place.
import { createHash } from 'node:crypto';
import type { AlertsByRule } from '../promql/rules/rule-engine.ts';
import type { Rule } from '../promql/rules/rule-file.ts';

/** Asked for each rule at each evaluation, and as constant as the rule. */
const bodies = new WeakMap<Rule, string>();

/** What a rule finds and how its alerts are labelled; annotations are only words. */
export function bodyOf(rule: Rule): string {
  const known = bodies.get(rule);
  if (known !== undefined) return known;
  const body = hashBody(rule);
  bodies.set(rule, body);
  return body;
}

function hashBody(rule: Rule): string {
  const query = rule.query.replaceAll(/\s+/gu, ' ').trim();
  const times = rule.kind === 'alerting' ? [rule.hold, rule.keepFiring] : [];
  const labels = Object.entries(rule.labels)
    .map(([name, text]) => [name, typeof text === 'string' ? text : text.text] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const body = JSON.stringify([rule.kind, rule.name, query, times, labels]);
  return createHash('sha256').update(body).digest('hex').slice(0, BODY_LENGTH);
}

const BODY_LENGTH = 16;

/** Key of a rule in the state file: where it stands, and what its body is. */
export function ruleKey(place: string, body: string): string {
  return `${place} #${body}`;
}

/** Keys of earlier releases have no body. */
const KEY = new RegExp(`^(.*) #([0-9a-f]{${BODY_LENGTH}})$`, 'su');

interface Kept {
  readonly key: string;
  readonly place: string;
  readonly body: string | null;
}

function partsOf(key: string): Kept {
  const [, place = key, body = null] = KEY.exec(key) ?? [];
  return { key, place, body };
}

/**
 * Assigns the alerts of earlier rules to the rules that there are now, each at most once: the same rule in the same place
 * first, then the same rule elsewhere, then another rule in the same place.
 *
 * @param keys of the rules that there are now
 * @returns by those keys
 */
export function alertsToKeep(keys: readonly string[], alerts: AlertsByRule): AlertsByRule {
  const kept = new Map<string, AlertsByRule extends ReadonlyMap<string, infer Own> ? Own : never>();
  const open = new Map([...alerts].map(([key, own]) => [key, { ...partsOf(key), own }] as const));
  const rules = keys.map((key) => partsOf(key));
  const isSame: readonly ((rule: Kept, old: Kept) => boolean)[] = [
    (rule, old) => rule.key === old.key,
    (rule, old) => rule.body === old.body,
    (rule, old) => rule.place === old.place,
  ];
  for (const matches of isSame)
    for (const rule of rules) {
      if (kept.has(rule.key)) continue;
      const found = [...open.values()].find((old) => matches(rule, old));
      if (found === undefined) continue;
      kept.set(rule.key, found.own);
      open.delete(found.key);
    }
  return kept;
}
