// What a rule file says, once its YAML is read: checked whole, every text compiled, each fault with the rule it is in.
import { parse } from './parse.ts';
import { parseDuration } from './literals.ts';
import { type Expression, PromqlError } from './syntax.ts';
import { compileTemplate, type Template, TemplateError } from './template.ts';

export interface RuleGroup {
  readonly name: string;
  /** Milliseconds between two evaluations; null for the default. */
  readonly interval: number | null;
  readonly rules: readonly Rule[];
}

export type Rule = RecordingRule | AlertingRule;

interface Common {
  readonly name: string;
  /** The text, for people. */
  readonly query: string;
  readonly expression: Expression;
}

export interface RecordingRule extends Common {
  readonly kind: 'recording';
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingRule extends Common {
  readonly kind: 'alerting';
  /** Milliseconds for which it must hold before it fires. */
  readonly hold: number;
  /** Milliseconds for which it goes on firing after it no longer holds. */
  readonly keepFiring: number;
  readonly labels: Readonly<Record<string, Template>>;
  readonly annotations: Readonly<Record<string, Template>>;
}

/** Names group, rule and, within an expression, position and construct. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

/** @param document a rule file after its YAML was parsed */
export function readRuleFile(document: unknown): RuleGroup[] {
  const groups = objectIn(document, 'The file')['groups'];
  if (!Array.isArray(groups)) throw new RuleError('The file has no list of groups');
  const read = groups.map(readGroup);
  const twice = firstTwice(read.map(({ name }) => name));
  if (twice !== undefined) throw new RuleError(`Two groups are named "${twice}"`);
  return read;
}

function readGroup(value: unknown, index: number): RuleGroup {
  const where = `Group ${index + 1}`;
  const group = objectIn(value, where);
  refuseOthers(group, ['name', 'interval', 'limit', 'rules'], where);
  const name = textIn(group, 'name', where);
  const own = `Group "${name}"`;
  if (!Array.isArray(group['rules'])) throw new RuleError(`${own} has no list of rules`);
  return {
    name,
    interval: group['interval'] === undefined ? null : durationIn(group, 'interval', own),
    rules: group['rules'].map((rule, at) => readRule(rule, `${own}, rule ${at + 1}`)),
  };
}

function readRule(value: unknown, where: string): Rule {
  const rule = objectIn(value, where);
  if ('record' in rule) return readRecording(rule, where);
  if ('alert' in rule) return readAlerting(rule, where);
  throw new RuleError(`${where} has neither "alert" nor "record"`);
}

function readRecording(rule: Fields, where: string): RecordingRule {
  refuseOthers(rule, ['record', 'expr', 'labels'], where);
  const name = textIn(rule, 'record', where);
  const own = `${where} (${name})`;
  const query = textIn(rule, 'expr', own);
  return {
    kind: 'recording',
    name,
    query,
    expression: compiled(query, own),
    labels: textsIn(rule, 'labels', own),
  };
}

function readAlerting(rule: Fields, where: string): AlertingRule {
  refuseOthers(rule, ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'], where);
  const name = textIn(rule, 'alert', where);
  const own = `${where} (${name})`;
  const query = textIn(rule, 'expr', own);
  return {
    kind: 'alerting',
    name,
    query,
    expression: compiled(query, own),
    hold: rule['for'] === undefined ? 0 : durationIn(rule, 'for', own),
    keepFiring: rule['keep_firing_for'] === undefined ? 0 : durationIn(rule, 'keep_firing_for', own),
    labels: templatesIn(rule, 'labels', own),
    annotations: templatesIn(rule, 'annotations', own),
  };
}

function compiled(query: string, where: string): Expression {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof PromqlError) throw new RuleError(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

function templatesIn(rule: Fields, key: string, where: string): Record<string, Template> {
  return Object.fromEntries(
    Object.entries(textsIn(rule, key, where)).map(([name, text]) => [
      name,
      template(text, `${where}, ${key}.${name}`),
    ]),
  );
}

function template(text: string, where: string): Template {
  try {
    return compileTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) throw new RuleError(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(value: unknown, where: string): Fields {
  if (isFields(value)) return value;
  throw new RuleError(`${where} must be a map`);
}

function textIn(fields: Fields, key: string, where: string): string {
  const value = fields[key];
  // `expr: 1` is a number for YAML.
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new RuleError(`${where} has no "${key}"`);
}

function durationIn(fields: Fields, key: string, where: string): number {
  const written = String(fields[key]);
  const duration = parseDuration(written);
  if (duration === null)
    throw new RuleError(`${where}: "${key}" must be a duration like 5m, got "${written}"`);
  return duration;
}

function textsIn(fields: Fields, key: string, where: string): Record<string, string> {
  const map = fields[key];
  if (map === undefined || map === null) return {};
  return Object.fromEntries(
    Object.entries(objectIn(map, `${where}: "${key}"`)).map(([name, value]) => [name, String(value ?? '')]),
  );
}

function refuseOthers(fields: Fields, known: readonly string[], where: string): void {
  const other = Object.keys(fields).find((key) => !known.includes(key));
  if (other !== undefined) throw new RuleError(`${where}: this engine does not know "${other}"`);
}

function firstTwice(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}
