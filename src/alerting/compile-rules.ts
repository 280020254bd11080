// Compiled rule groups of all rule files, each with a key that stays the same after a restart.
import { basename } from 'node:path';
import type { RuleDocument } from '../core/model/alert-rules.ts';
import { isObject } from '../core/base/guards.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import { readRuleFile, type RuleGroup } from '../promql/rules/rule-file.ts';

export interface CompiledGroup {
  /** Stays the same after a restart, and after this program moved elsewhere. */
  readonly key: string;
  readonly file: string;
  readonly group: RuleGroup;
  /** Labels and annotations before they are rendered, rule by rule. */
  readonly texts: readonly RuleTexts[];
}

export interface RuleTexts {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Compiles all rule files. @throws RuleError for a rule that this engine cannot evaluate */
export function compileRules(
  documents: readonly RuleDocument[],
  generation: PrometheusMajor = 3,
): CompiledGroup[] {
  return documents.flatMap(({ path, isBuiltIn, document }) =>
    readRuleFile(document, { generation }).map((group, index) => ({
      key: JSON.stringify([isBuiltIn ? basename(path) : path, group.name]),
      file: path,
      group,
      texts: textsOf(document, index),
    })),
  );
}

function textsOf(document: unknown, index: number): RuleTexts[] {
  const groups = isObject(document) ? document['groups'] : null;
  const group: unknown = Array.isArray(groups) ? groups[index] : null;
  const rules: unknown = isObject(group) ? group['rules'] : null;
  if (!Array.isArray(rules)) return [];
  return rules.map((rule: unknown) => ({
    labels: texts(isObject(rule) ? rule['labels'] : null),
    annotations: texts(isObject(rule) ? rule['annotations'] : null),
  }));
}

function texts(map: unknown): Record<string, string> {
  if (!isObject(map)) return {};
  return Object.fromEntries(
    Object.entries(map).map(([name, text]) => [
      name,
      typeof text === 'string' ? text : (JSON.stringify(text) ?? ''),
    ]),
  );
}
