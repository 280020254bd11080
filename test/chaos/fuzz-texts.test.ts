// Fuzzing of what people and files write: config, env files, files of MCP clients, rules, expressions, templates.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { effectiveYaml } from '../../src/config/effective.ts';
import { readClientFile } from '../../src/config/import/client-file.ts';
import { parseEnvFile } from '../../src/config/read/env-file.ts';
import { ConfigError, formatProblem } from '../../src/config/read/problems.ts';
import { readDocument } from '../../src/config/read/read-document.ts';
import { WatchdogError } from '../../src/core/base/errors.ts';
import { compileRules } from '../../src/alerting/compile-rules.ts';
import { evaluate } from '../../src/promql/evaluate/evaluate.ts';
import { PromqlError } from '../../src/promql/model/syntax-tree.ts';
import { EvaluationError } from '../../src/promql/model/value.ts';
import { parse } from '../../src/promql/parse/parse.ts';
import { RuleError } from '../../src/promql/rules/yaml-fields.ts';
import { compileTemplate, TemplateError } from '../../src/promql/template/template.ts';
import { read } from '../config/temporary.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { storeOf } from '../promql/support/series-store.ts';
import { chaos } from './lib/chaos.ts';
import { fuzz, type Target } from './lib/fuzz.ts';

const YAML_WORDS = [
  'servers:',
  '\n  ',
  '- ',
  ': ',
  '{',
  '[',
  ']',
  '}',
  '&a ',
  '*a',
  '<<: *a',
  '!!binary ',
  '? ',
  '|\n',
  '>\n',
  '#',
  '---\n',
  '"',
];

/** Runs `take`; errors of these kinds are the answer that was promised. */
function expecting(kinds: readonly (abstract new (...given: never[]) => Error)[], take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
  }
}

function takeConfig(input: Buffer): void {
  try {
    effectiveYaml(read(input.toString(), { A: 'value' }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.problems.length === 0) throw new Error('It is refused without a problem', { cause: error });
    const control = error.problems.map(formatProblem).find((line) => /\p{Cc}/u.test(line));
    if (control !== undefined)
      throw new Error(`A problem is not safe to print: ${JSON.stringify(control)}`, { cause: error });
  }
}

function takeEnvFile(input: Buffer): void {
  const { env, faults } = parseEnvFile(input.toString());
  for (const name of Object.keys(env)) if (!/^[A-Za-z_]\w*$/u.test(name)) throw new Error(`A name ${name}`);
  for (const { line } of faults) if (!(line > 0)) throw new Error(`A fault in line ${line}`);
}

function clientFiles(folder: string) {
  return (input: Buffer): void => {
    const path = join(folder, 'client');
    writeFileSync(path, input);
    expecting([WatchdogError], () => readClientFile(path, 'either'));
  };
}

function takeRules(input: Buffer): void {
  const { tree } = readDocument(input.toString());
  expecting([RuleError], () => compileRules([{ path: '/rules.yml', isBuiltIn: false, document: tree }]));
}

const series = storeOf({
  'up{job="a"}': '0+1x20',
  'up{job="b"}': '5-1x20',
  'b_bucket{le="1"}': '1 2 3',
  'b_bucket{le="+Inf"}': '2 4 8',
});

function takeExpression(input: Buffer): void {
  expecting([PromqlError, EvaluationError], () => {
    evaluate(parse(input.toString()), 60_000, series);
  });
}

function takeTemplate(input: Buffer): void {
  expecting([TemplateError], () => {
    compileTemplate(input.toString()).render({ labels: { job: 'a' }, value: 1.5 });
  });
}

/** @param folder for inputs that must be files */
function targets(folder: string): Target[] {
  return [
    {
      corpus: 'config',
      words: [
        ...YAML_WORDS,
        'command:',
        'package: ',
        'url: http://127.0.0.1:1/mcp',
        '${env:A}',
        'defaults:',
        'limits:',
        'restart:',
        '30s',
        '1GiB',
      ],
      take: takeConfig,
    },
    {
      corpus: 'env-file',
      words: ['export ', '=', '"', "'", '$A', '`x`', '\\"', '#', ';', 'set -a', '\n'],
      take: takeEnvFile,
    },
    {
      corpus: 'client-file',
      words: [
        '{',
        '}',
        '[',
        ']',
        '"',
        ':',
        ',',
        '//',
        '/*',
        '*/',
        '"mcpServers"',
        '[mcp_servers.a]\n',
        '"""',
        '= ',
      ],
      take: clientFiles(folder),
    },
    {
      corpus: 'rules',
      words: [
        ...YAML_WORDS,
        'groups:',
        'rules:',
        'alert: A',
        'record: a:b',
        'expr: ',
        'for: 5m',
        'labels:',
        'annotations:',
        '{{ $value }}',
      ],
      take: takeRules,
    },
    {
      corpus: 'promql',
      words: [
        '(',
        ')',
        '{',
        '}',
        '[5m]',
        ' and ',
        ' on (job) ',
        ' group_left ',
        'sum by (job) ',
        'rate(',
        'up',
        '=~".*"',
        ' offset 5m',
        '1',
        '^',
        '-',
        ' unless ',
        'histogram_quantile(',
        'label_replace(',
        '=~"(a+)+$"',
        '"$1"',
        ' # \n',
      ],
      take: takeExpression,
    },
    {
      corpus: 'templates',
      words: [
        '{{',
        '}}',
        ' $labels.job ',
        ' $value ',
        ' | humanize ',
        'printf "%.2f" ',
        '{{- ',
        ' -}}',
        '"',
        '%999999d',
        '%[5]v',
        '`',
      ],
      take: takeTemplate,
    },
  ];
}

chaos(
  'fuzz-texts',
  {
    title: 'config, env files, client files, rules, expressions and templates',
    rounds: { bounded: 1, long: 300 },
  },
  async (run) => {
    const { home } = tempHome();
    await fuzz(run, targets(home));
  },
);
