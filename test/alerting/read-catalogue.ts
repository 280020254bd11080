// What the folder alerting/ holds, as data: the rules with their files, and what their tests expect.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ALERTING = fileURLToPath(new URL('../../alerting', import.meta.url));

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

type Alert = Rule & Required<Pick<Rule, 'alert' | 'labels' | 'annotations'>>;

/** One `exp_alerts` of a unit test. */
export interface Expectation {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly {
    readonly exp_labels: Readonly<Record<string, string>>;
    readonly exp_annotations: Readonly<Record<string, string>>;
  }[];
}

interface UnitTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly Expectation[];
  readonly [other: string]: unknown;
}

interface UnitTestFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly UnitTest[];
  readonly [other: string]: unknown;
}

export const RULE_FILES = namesIn('rules', '.yml').map((name) => `rules/${name}`);
export const FLEET_FILE = 'prometheus/fleet.rules.yml';
export const TEST_FILES = namesIn('tests', '.yml').map((name) => `tests/${name}`);
export const RUNBOOKS = namesIn('runbooks', '.md').map((name) => basename(name, '.md'));

export function read(path: string): string {
  return readFileSync(join(ALERTING, path), 'utf8');
}

export function groupsOf(path: string): readonly Group[] {
  const { groups }: { groups: Group[] } = parse(read(path));
  return groups;
}

export function rulesOf(...paths: readonly string[]): readonly Rule[] {
  return paths.flatMap(groupsOf).flatMap(({ rules }) => rules);
}

export function alertsOf(...paths: readonly string[]): readonly Alert[] {
  return rulesOf(...paths).flatMap((rule) =>
    rule.alert === undefined
      ? []
      : [{ ...rule, alert: rule.alert, labels: rule.labels ?? {}, annotations: rule.annotations ?? {} }],
  );
}

export function unitTestsOf(path: string): UnitTestFile {
  // yaml's type is any: what it is, promtool checks.
  const file: UnitTestFile = parse(read(path));
  return file;
}

/** Milliseconds of `90s`, `1h30m`. */
export function durationOf(text: string): number {
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  return [...text.matchAll(/(\d+)(ms|[smhd])/gu)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? Number.NaN),
    0,
  );
}

function namesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ALERTING, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
}
