// Reader of rule files: every expression and template is compiled, each error names its rule.
import {
  durationIn,
  errorAt,
  type Fields,
  fieldsOf,
  listIn,
  type Path,
  refuseOthers,
  RuleError,
  textIn,
  textsIn,
} from './yaml-fields.ts';
import { parse } from '../parse/parse.ts';
import { type Expression, PromqlError } from '../model/syntax-tree.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import { compileLenient, type Template } from '../template/template.ts';

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

export interface RuleFileOptions {
  /** Major version of Prometheus for which the file was written. */
  readonly generation?: PrometheusMajor;
}

/**
 * Reads the groups of a rule file.
 *
 * @param document a rule file after its YAML was parsed
 * @throws RuleError for the first error
 */
export function readRuleFile(document: unknown, { generation = 3 }: RuleFileOptions = {}): RuleGroup[] {
  if (document === undefined || document === null)
    throw new RuleError('The file is empty; a rule file begins with "groups:"', { path: [] });
  const file = fieldsOf(document, { path: [], title: 'The file' });
  refuseOthers(file, ['groups']);
  const groups = listIn(file, 'groups').map((group, index) => readGroup(group, index, generation));
  for (const [index, { name }] of groups.entries())
    if (groups.findIndex((other) => other.name === name) < index)
      throw new RuleError(`Two groups are named "${name}"`, { path: ['groups', index, 'name'] });
  return groups;
}

function readGroup(value: unknown, index: number, generation: PrometheusMajor): RuleGroup {
  const path = ['groups', index];
  const fields = fieldsOf(value, { path, title: `Group ${index + 1}` });
  const name = textIn(fields, 'name');
  const group = { ...fields, title: `Group "${name}"` };
  refuseOthers(group, ['name', 'interval', 'rules']);
  return {
    name,
    interval: intervalIn(group),
    rules: rulesIn(group).map((rule, at) =>
      readRule(
        fieldsOf(rule, { path: [...path, 'rules', at], title: `${group.title}, rule ${at + 1}` }),
        generation,
      ),
    ),
  };
}

/** A group may have no rules, as in Prometheus; the key must be there. */
function rulesIn(group: Fields): readonly unknown[] {
  return group.values['rules'] === null ? [] : listIn(group, 'rules');
}

function intervalIn(group: Fields): number | null {
  const interval = durationIn(group, 'interval') || null;
  if (interval === null || interval >= SHORTEST_INTERVAL) return interval;
  throw errorAt(group, 'interval', { message: `"interval" must be at least 1s, got ${interval}ms` });
}

function readRule(fields: Fields, generation: PrometheusMajor): Rule {
  if ('record' in fields.values && 'alert' in fields.values)
    throw new RuleError(`${fields.title} has both "alert" and "record"; make two rules of it`, fields);
  if ('record' in fields.values) return readRecording(named(fields, 'record'), generation);
  if ('alert' in fields.values) return readAlerting(named(fields, 'alert'), generation);
  throw new RuleError(`${fields.title} has neither "alert" nor "record"`, fields);
}

function named(fields: Fields, key: string): Fields {
  return { ...fields, title: `${fields.title} (${textIn(fields, key)})` };
}

function readRecording(rule: Fields, generation: PrometheusMajor): RecordingRule {
  refuseOthers(rule, ['record', 'expr', 'labels']);
  const name = textIn(rule, 'record');
  if (!/^[a-zA-Z_:][\w:]*$/u.test(name))
    throw errorAt(rule, 'record', { message: `"${name}" is no name of a metric` });
  return {
    kind: 'recording',
    name,
    ...readExpression(rule, generation),
    labels: Object.fromEntries(textsIn(rule, 'labels')),
  };
}

function readAlerting(rule: Fields, generation: PrometheusMajor): AlertingRule {
  refuseOthers(rule, ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']);
  return {
    kind: 'alerting',
    name: textIn(rule, 'alert'),
    ...readExpression(rule, generation),
    hold: durationIn(rule, 'for') ?? 0,
    keepFiring: durationIn(rule, 'keep_firing_for') ?? 0,
    labels: templatesIn(rule, 'labels'),
    annotations: templatesIn(rule, 'annotations'),
  };
}

function readExpression(rule: Fields, generation: PrometheusMajor): Pick<Rule, 'query' | 'expression'> {
  const query = textIn(rule, 'expr');
  try {
    return { query, expression: parse(query, { generation }) };
  } catch (cause) {
    if (cause instanceof PromqlError) throw errorAt(rule, 'expr', { message: cause.message, cause });
    throw cause;
  }
}

/** A template that cannot be read takes neither rule nor file: it says so wherever it is filled in, as in Prometheus. */
function templatesIn(rule: Fields, key: string): Record<string, Template> {
  return Object.fromEntries(textsIn(rule, key).map(([name, text]) => [name, compileLenient(text)]));
}

/** A label or an annotation whose text cannot be filled in. */
export interface TemplateFault {
  readonly message: string;
  readonly path: Path;
}

/** Returns every text of the rules that cannot be filled in. */
export function templateFaultsOf(groups: readonly RuleGroup[]): TemplateFault[] {
  return groups.flatMap((group, index) =>
    group.rules.flatMap((rule, at) =>
      rule.kind === 'recording'
        ? []
        : (['labels', 'annotations'] as const).flatMap((key) =>
            Object.entries(rule[key]).flatMap(([name, { fault }]) =>
              fault === null
                ? []
                : [
                    {
                      message: `Group "${group.name}", rule ${at + 1} (${rule.name}), ${key}.${name}: ${fault}`,
                      path: ['groups', index, 'rules', at, key, name],
                    },
                  ],
            ),
          ),
    ),
  );
}
