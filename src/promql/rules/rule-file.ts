// Reader of rule files: every expression and template is compiled, each error names its rule.
import {
  durationIn,
  errorAt,
  type Fields,
  fieldsOf,
  listIn,
  refuseOthers,
  RuleError,
  textIn,
  textsIn,
} from './yaml-fields.ts';
import { parse } from '../parse/parse.ts';
import { type Expression, PromqlError } from '../model/syntax-tree.ts';
import { compileTemplate, type Template, TemplateError } from '../template/template.ts';

export interface RuleGroup {
  readonly name: string;
  /** Milliseconds between two evaluations; null for the default. */
  readonly interval: number | null;
  readonly rules: readonly Rule[];
}

export type Rule = RecordingRule | AlertingRule;

/** Ms, as for `evaluateEvery`: each evaluation reads all metrics. */
const SHORTEST_INTERVAL = 1000;

interface RuleBase {
  readonly name: string;
  /** The expression as text, for people. */
  readonly query: string;
  readonly expression: Expression;
}

export interface RecordingRule extends RuleBase {
  readonly kind: 'recording';
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting';
  /** Milliseconds for which the expression must hold before the alert fires. */
  readonly hold: number;
  /** Milliseconds for which the alert keeps firing after the expression no longer holds. */
  readonly keepFiring: number;
  readonly labels: Readonly<Record<string, Template>>;
  readonly annotations: Readonly<Record<string, Template>>;
}

/**
 * Reads the groups of a rule file.
 *
 * @param document a rule file after its YAML was parsed
 * @throws RuleError for the first error
 */
export function readRuleFile(document: unknown): RuleGroup[] {
  if (document === undefined || document === null)
    throw new RuleError('The file is empty; a rule file begins with "groups:"', { path: [] });
  const file = fieldsOf(document, { path: [], title: 'The file' });
  refuseOthers(file, ['groups']);
  const groups = listIn(file, 'groups').map(readGroup);
  for (const [index, { name }] of groups.entries())
    if (groups.findIndex((other) => other.name === name) < index)
      throw new RuleError(`Two groups are named "${name}"`, { path: ['groups', index, 'name'] });
  return groups;
}

function readGroup(value: unknown, index: number): RuleGroup {
  const path = ['groups', index];
  const fields = fieldsOf(value, { path, title: `Group ${index + 1}` });
  const name = textIn(fields, 'name');
  const group = { ...fields, title: `Group "${name}"` };
  refuseOthers(group, ['name', 'interval', 'rules']);
  return {
    name,
    interval: intervalIn(group),
    rules: listIn(group, 'rules').map((rule, at) =>
      readRule(fieldsOf(rule, { path: [...path, 'rules', at], title: `${group.title}, rule ${at + 1}` })),
    ),
  };
}

function intervalIn(group: Fields): number | null {
  const interval = durationIn(group, 'interval') || null;
  if (interval === null || interval >= SHORTEST_INTERVAL) return interval;
  throw errorAt(group, 'interval', { message: `"interval" must be at least 1s, got ${interval}ms` });
}

function readRule(fields: Fields): Rule {
  if ('record' in fields.values && 'alert' in fields.values)
    throw new RuleError(`${fields.title} has both "alert" and "record"; make two rules of it`, fields);
  if ('record' in fields.values) return readRecording(named(fields, 'record'));
  if ('alert' in fields.values) return readAlerting(named(fields, 'alert'));
  throw new RuleError(`${fields.title} has neither "alert" nor "record"`, fields);
}

function named(fields: Fields, key: string): Fields {
  return { ...fields, title: `${fields.title} (${textIn(fields, key)})` };
}

function readRecording(rule: Fields): RecordingRule {
  refuseOthers(rule, ['record', 'expr', 'labels']);
  const name = textIn(rule, 'record');
  if (!/^[a-zA-Z_:][\w:]*$/u.test(name))
    throw errorAt(rule, 'record', { message: `"${name}" is no name of a metric` });
  return {
    kind: 'recording',
    name,
    ...readExpression(rule),
    labels: Object.fromEntries(textsIn(rule, 'labels')),
  };
}

function readAlerting(rule: Fields): AlertingRule {
  refuseOthers(rule, ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']);
  return {
    kind: 'alerting',
    name: textIn(rule, 'alert'),
    ...readExpression(rule),
    hold: durationIn(rule, 'for') ?? 0,
    keepFiring: durationIn(rule, 'keep_firing_for') ?? 0,
    labels: templatesIn(rule, 'labels'),
    annotations: templatesIn(rule, 'annotations'),
  };
}

function readExpression(rule: Fields): Pick<Rule, 'query' | 'expression'> {
  const query = textIn(rule, 'expr');
  try {
    return { query, expression: parse(query) };
  } catch (cause) {
    if (cause instanceof PromqlError) throw errorAt(rule, 'expr', { message: cause.message, cause });
    throw cause;
  }
}

function templatesIn(rule: Fields, key: string): Record<string, Template> {
  return Object.fromEntries(
    textsIn(rule, key).map(([name, text]) => [name, readTemplate(rule, { key, name, text })]),
  );
}

function readTemplate(
  rule: Fields,
  { key, name, text }: { key: string; name: string; text: string },
): Template {
  try {
    return compileTemplate(text);
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    throw new RuleError(`${rule.title}, ${key}.${name}: ${cause.message}`, {
      path: [...rule.path, key, name],
      cause,
    });
  }
}
