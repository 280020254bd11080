// Rule files as the config names them: what is read, and how a fault in one is told.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../../src/config/read/problems.ts';
import { inFolder, read } from '../temporary.ts';

interface RuleText {
  readonly alert?: string;
  readonly labels?: { readonly severity: string };
  readonly for?: string;
  readonly keep_firing_for?: string;
}

const CONFIG = '{servers: {}, alerts: {builtIn: false, rules: [own.yml]}}';
const rule = (expr: string): string =>
  `groups:\n  - name: own\n    rules:\n      - {record: "a:b", expr: "1"}\n      - alert: Own\n        expr: ${expr}\n`;

function problemsWith(own: string | Buffer | null, config = CONFIG): string[] {
  try {
    loadConfig(inFolder({ 'config.yaml': config, ...(own === null ? {} : { 'own.yml': own }) }), {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.envFiles).toEqual([expect.stringMatching(/\/own\.yml$/)]);
    return error.problems.map(formatProblem);
  }
}

describe('alerts.rules', () => {
  it('come to plain data, which may have been read by another process', () => {
    const path = inFolder({ 'config.yaml': CONFIG, 'own.yml': rule('up == 0') });
    const loaded = loadConfig(path, {});
    expect(JSON.parse(JSON.stringify(loaded.config.alerts.rules))).toEqual([
      {
        path: path.replace('config.yaml', 'own.yml'),
        isBuiltIn: false,
        document: {
          groups: [
            {
              name: 'own',
              rules: [
                { record: 'a:b', expr: '1' },
                { alert: 'Own', expr: 'up == 0' },
              ],
            },
          ],
        },
      },
    ]);
    // So that a change of it is seen.
    expect(loaded.envFiles).toEqual([path.replace('config.yaml', 'own.yml')]);
  });

  it.each([
    [
      'no PromQL',
      rule('up =='),
      /^own\.yml:6: Group "own", rule 2 \(Own\): The expression ends too early at character 6/,
    ],
    [
      'what the engine lacks',
      rule('max_over_time(up[5m] anchored) > 0'),
      /^own\.yml:6: Group "own", rule 2 \(Own\): .*anchored modifier, found at character 15: up\[5m\] anchored/,
    ],
    ['an unknown key', rule('up\n        fro: 5m'), /^own\.yml:7: Group "own", rule 2 \(Own\): .*"fro"/],
    ['no group', 'groups: 7', /^own\.yml:1: The file: there is no list of groups/],
    [
      'a group without rules',
      'groups:\n- {name: a, rules: []}\n- {name: b}',
      /^own\.yml:3: Group "b": there is no list of rules/,
    ],
    ['no YAML', 'groups: [', /^own\.yml:\d+: is not valid YAML/],
    [
      'no file',
      null,
      /^config\.yaml:1: alerts\.rules\[0\]: names .*own\.yml, which cannot be read \(ENOENT\)/,
    ],
    ['a file without end', Buffer.alloc(1024 * 1024 + 1, 'a'), /which is larger than 1048576 bytes/],
  ])('refuse %s', (_, own, message) => {
    expect(problemsWith(own)).toEqual([expect.stringMatching(message)]);
  });

  it('refuse a folder and a device', () => {
    const config = (path: string): string => `{servers: {}, alerts: {rules: [${path}]}}`;
    for (const path of ['/', '/dev/null'])
      expect(() => read(config(path))).toThrow(/is not a regular file|cannot be read \(EISDIR\)/);
  });
});

describe('docs/alerts.md', () => {
  const text = readFileSync(new URL('../../../docs/alerts.md', import.meta.url), 'utf8');
  const documents = read('{servers: {}}').config.alerts.rules;

  it('lists every alert with its severity and its times', () => {
    const rules = documents.flatMap(({ document }): RuleText[] => {
      const { groups }: { groups: { rules: RuleText[] }[] } = JSON.parse(JSON.stringify(document));
      return groups.flatMap((group) => group.rules);
    });
    for (const { alert, labels, for: hold, keep_firing_for: keep } of rules)
      if (alert !== undefined)
        expect(text).toContain(
          `| \`${alert}\` | ${labels?.severity ?? ''} | ${hold ?? 'at once'} | ${keep ?? '–'} |`,
        );
  });
});

describe('alerts.prometheusVersion', () => {
  const second = CONFIG.replace('builtIn', 'prometheusVersion: 2, builtIn');

  it('decides in whose language rules are written, and the other is named where it understands them', () => {
    const ofThird = rule('sum_over_time(up[5m * 2]) == 0');
    expect(problemsWith(ofThird)).toEqual([]);
    expect(problemsWith(ofThird, second)).toEqual([
      expect.stringMatching(
        /^own\.yml:6: Group "own", rule 2 \(Own\): Arithmetic with durations is there from Prometheus 3 on, .*; Prometheus 3 understands the file: set alerts\.prometheusVersion to 3 if yours is one$/,
      ),
    ]);
  });

  it('is not named where no generation understands them', () => {
    expect(problemsWith(rule('up =='), second)).toEqual([expect.not.stringContaining('prometheusVersion')]);
  });
});
