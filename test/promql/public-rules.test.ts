// Rule files of others: how many of a folder load whole. Names no files of its own: give the folder as PROMQL_RULE_FILES.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { readRuleFile, templateFaultsOf } from '../../src/promql/rules/rule-file.ts';
import { RuleError } from '../../src/promql/rules/yaml-fields.ts';

const FOLDER = process.env['PROMQL_RULE_FILES'] ?? '';

describe.skipIf(FOLDER === '')(`the rule files below ${FOLDER}`, () => {
  test('load, or are refused in one line each', { timeout: 120_000 }, () => {
    const paths = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/u.test(name))
      .map((name) => join(FOLDER, name))
      .sort();
    const outcomes = paths.map((path) => ({ path: relative(FOLDER, path), ...outcomeOf(path) }));
    const refused = outcomes.filter(({ refusal }) => refusal !== null);
    const faults = outcomes.flatMap(({ path, faults }) => faults.map((fault) => `${path}: ${fault}`));
    const rules = outcomes.reduce((sum, { count }) => sum + count, 0);
    process.stdout.write(
      [
        `${paths.length - refused.length} of ${paths.length} rule files load, ${rules} rules; ${faults.length} texts cannot be read`,
        ...refused.map(({ path, refusal }) => `${path}: ${refusal}`),
        ...faults,
        '',
      ].join('\n'),
    );
    expect(paths).not.toEqual([]);
    expect(refused.filter(({ refusal }) => refusal?.includes('\n') === true)).toEqual([]);
  });
});

function outcomeOf(path: string): { count: number; refusal: string | null; faults: string[] } {
  try {
    const groups = readRuleFile(parseYaml(readFileSync(path, 'utf8'), { merge: true }));
    const faults = templateFaultsOf(groups).map(({ message }) => message);
    return { count: groups.flatMap(({ rules }) => rules).length, refusal: null, faults };
  } catch (error) {
    if (error instanceof RuleError) return { count: 0, refusal: error.message, faults: [] };
    return { count: 0, refusal: `no YAML (${String(error).split('\n')[0]})`, faults: [] };
  }
}
