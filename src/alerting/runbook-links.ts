// Runbook links of rule files: the shipped address, replaced by the one under which the pages can be opened.
import { isObject } from '../core/base/guards.ts';
import type { RuleDocument } from '../core/model/alert-rules.ts';

/** What the links of the shipped rule files and dashboards begin with: a watchdog on its default address. */
export const SHIPPED_RUNBOOK_BASE = 'http://127.0.0.1:9638/runbooks/';

/**
 * Lets every `runbook_url` that begins with the shipped address begin with `base`; others, of rules of one's own, stay.
 * With the shipped address as base the rules are the same as in a Prometheus that loads the files.
 */
export function linkRunbooks(rules: readonly RuleDocument[], base: string): readonly RuleDocument[] {
  if (base === SHIPPED_RUNBOOK_BASE) return rules;
  return rules.map((rule) => ({ ...rule, document: linkDocument(rule.document, base) }));
}

function linkDocument(document: unknown, base: string): unknown {
  if (!isObject(document) || !Array.isArray(document['groups'])) return document;
  return { ...document, groups: document['groups'].map((group: unknown) => linkGroup(group, base)) };
}

function linkGroup(group: unknown, base: string): unknown {
  if (!isObject(group) || !Array.isArray(group['rules'])) return group;
  return { ...group, rules: group['rules'].map((rule: unknown) => linkRule(rule, base)) };
}

function linkRule(rule: unknown, base: string): unknown {
  if (!isObject(rule) || !isObject(rule['annotations'])) return rule;
  const { runbook_url: url } = rule['annotations'];
  if (typeof url !== 'string' || !url.startsWith(SHIPPED_RUNBOOK_BASE)) return rule;
  const linked = base + url.slice(SHIPPED_RUNBOOK_BASE.length);
  return { ...rule, annotations: { ...rule['annotations'], runbook_url: linked } };
}
