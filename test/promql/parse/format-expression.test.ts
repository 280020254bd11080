// Printed expressions beside those of both generations of the real Prometheus.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatExpression } from '../../../src/promql/parse/format-expression.ts';
import { parseQuery } from '../../../src/promql/parse/parse.ts';
import { PromqlError } from '../../../src/promql/model/syntax-tree.ts';
import type { PrometheusMajor } from '../../../src/promql/model/series-source.ts';
import { oracleProgram, startOracle } from '../../fakes/oracle.ts';
import { startPrometheus } from '../../fakes/prometheus.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { PRECEDENCE, SPECIAL, SPECIAL_OF } from '../support/chosen-expressions.ts';
import { createRandom } from '../support/random.ts';
import { randomExpression } from '../support/random-expression.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

function formatted(text: string, generation: PrometheusMajor = 3): string {
  return formatExpression(parseQuery(text, { generation }).expression, generation);
}

/** Null for what is refused: some of the chosen expressions are. */
function formattedOrNull(text: string, generation: PrometheusMajor): string | null {
  try {
    return formatted(text, generation);
  } catch (error) {
    if (error instanceof PromqlError) return null;
    throw error;
  }
}

const TEXTS = [
  'sum(up)by(job)',
  'sum by () (up)',
  'sum without(job)(up)',
  'up{b="2",a=~"x|y\\n\\"",c!=\'ä\u00a0\',d!~`\\\\.`}[90m]offset 1w@1600000000.5',
  '{__name__="up"}',
  '{__name__=~"up.*", job!=""}',
  '((up)) + (1)',
  '- 1 + + 2 - - 3',
  '-(1) * -up ^ -2',
  '+up',
  '1e21 + 1e-7 + 1e300 + 0x1F + Inf + NaN + -0',
  'up[30d:12w6d] @ end() offset -1d12h',
  'max_over_time((up + 1)[1y:])',
  'up == bool on () group_left () up',
  'up > ignoring (job, server) group_right (zone) up',
  'up and on(job) up or up unless ignoring(zone) up',
  'label_replace(up, "a", "$1", "b", "(.*)")',
  'topk(3, sum by (job) (rate(restarts_total[5m])))',
  'time() - 5 # a comment',
  `histogram_quantile(0.99, sum by (le, server, job) (rate(duration_bucket{job="a", server=~"files|web|db"}[5m]))) > 0.5`,
  `-(sum by (job, server, zone, reason) (rate(restarts_total{job="a", server=~"files|web|db"}[5m])) + on (job) group_left (zone) limit_bytes) / 3`,
  `max_over_time((sum by (job, server, zone, reason) (rate(restarts_total{job="a", server=~"files|web|db"}[5m])))[1h:5m]) + 1`,
  `sum(max_over_time(sum by (job, server, zone) (rate(restarts_total{job="a", server=~"files|web|db"}[5m]))[1h:5m]))`,
  `quantile by (job) (0.9, label_replace(memory_bytes{job="a", server=~"files|web|db"}, "target", "$1-$2", "source", "(.*)"))`,
] as const;

describe('formatExpression()', () => {
  test.each([
    ['sum(up)by(job)', 'sum by (job) (up)'],
    ['((up))+1', '((up)) + 1'],
    ['up{b="2",a="1"}[60s] offset 7d', 'up{a="1",b="2"}[1m] offset 1w'],
    ['- 1', '-1'],
    ['-(1)', '-(1)'],
    ['5m * 2', '5m * 2'],
    [
      `sum by (job, server) (rate(restarts_total{job="a", server=~"files|web|db"}[5m])) / on (job, server) up`,
      `  sum by (job, server) (rate(restarts_total{job="a",server=~"files|web|db"}[5m]))\n/ on (job, server)\n  up`,
    ],
  ])('%s is %s', (text, wanted) => expect(formatted(text)).toBe(wanted));

  test('means the same', () => {
    const random = createRandom(SEED);
    for (let index = 0; index < 500; index += 1) {
      const text = formatted(randomExpression(random));
      expect(formatted(text), `PROMQL_SEED=${SEED}`).toBe(text);
    }
  });
});

type Format = (expression: string) => Promise<string>;

const JUDGES: readonly [
  PrometheusMajor,
  boolean,
  () => Promise<{ format: Format; stop: () => Promise<void> }>,
][] = [
  [2, requireProgram('prometheus'), startSecond],
  [3, oracleProgram() !== null, () => startOracle(oracleProgram() ?? '')],
];

async function startSecond() {
  const prometheus = await startPrometheus();
  const format: Format = async (query) => {
    const { data, error = '' } = await prometheus.ask<string>('format_query', { query });
    return data ?? error;
  };
  return { format, stop: () => prometheus.stop() };
}

describe.each(JUDGES)(`Prometheus %d (PROMQL_SEED=${SEED})`, (generation, isThere, start) => {
  if (!isThere) {
    test.skip('is not here');
    return;
  }
  let judge: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    judge = await start();
  }, 120_000);
  afterAll(() => judge?.stop());

  test('prints the same', { timeout: 120_000 }, async () => {
    const random = createRandom(SEED);
    const all = [
      ...TEXTS,
      ...PRECEDENCE,
      ...SPECIAL,
      ...SPECIAL_OF[generation],
      ...Array.from({ length: 200 }, () => randomExpression(random)),
    ];
    const differences: string[] = [];
    for (const text of all) {
      const [ours, theirs] = [formattedOrNull(text, generation), await judge.format(text)];
      if (ours !== null && ours !== theirs) differences.push(`${text}\nours:   ${ours}\ntheirs: ${theirs}`);
    }
    expect(differences.join('\n\n')).toBe('');
  });
});
