// Rules and their texts in Prometheus 3's own rule manager, beside our engine: which alerts, in which state, with which words.
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Labels } from '../../src/promql/model/labels.ts';
import { createRuleEngine } from '../../src/promql/rules/rule-engine.ts';
import { requiredSeriesOf } from '../../src/promql/rules/required-series.ts';
import { readRuleFile } from '../../src/promql/rules/rule-file.ts';
import { createSeriesStore } from '../../src/promql/series/series-store.ts';
import { type Oracle, oracleProgram, startOracle } from '../fakes/oracle.ts';
import type { Sample } from '../fakes/prometheus.ts';
import { createRandom, type Random } from './support/random.ts';
import { FAILING_TEMPLATES, TEMPLATES } from './support/chosen-templates.ts';

const SEED = Number(process.env['PROMQL_SEED'] ?? 2026);
const STEP = 15_000;
/** Fixed, as the seed is: what happens depends on it. Ms since the epoch. */
const START = Date.UTC(2026, 5, 1, 11);

const program = oracleProgram();

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly object[] }[];
}
interface Shown {
  readonly name: string;
  readonly state: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

describe.skipIf(program === null)(`the rule manager of Prometheus 3 agrees (PROMQL_SEED=${SEED})`, () => {
  const random = createRandom(SEED);
  let oracle: Oracle;

  beforeAll(async () => {
    oracle = await startOracle(program ?? '');
  });
  afterAll(() => oracle.stop());

  test('which alerts are pending, fire and end', { timeout: 240_000 }, async () => {
    const times = Array.from({ length: 60 }, (_, step) => START + step * STEP);
    const samples = times.flatMap((time) => flags(random, time));
    const file = { groups: [{ name: 'states', rules: stateRules(random) }] };
    expect(await compare(file, samples, times)).toBeGreaterThan(1000);
  });

  test('what texts say', { timeout: 120_000 }, async () => {
    const time = START + 2 * 3_600_000;
    const rules = TEMPLATES.map((text, index) => ({
      alert: `Text${index}`,
      expr: 'text_value',
      annotations: { text },
    }));
    const samples = [
      ...[1234.5, 0, -0.75, 1e9, Number.NaN, Infinity].map((value, n) =>
        sample(time, 'text_value', value, { server: `files-${n}`, n: `${n}`, job: "o'neil a-b" }),
      ),
      sample(time, 'text_up', 1, { server: 'web', n: '10' }),
      sample(time, 'text_up', 0.5, { server: 'db', n: '9' }),
    ];
    const file = { groups: [{ name: 'texts', rules }] };
    expect(await compare(file, samples, [time])).toBe(TEMPLATES.length * 6);
  });

  test('which texts cannot be filled in', { timeout: 120_000 }, async () => {
    const time = START + 4 * 3_600_000;
    const rules = FAILING_TEMPLATES.map((text, index) => ({
      alert: `Text${index}`,
      expr: 'text_value',
      annotations: { text },
    }));
    const file = { groups: [{ name: 'failing', rules }] };
    const { ours, theirs } = await both(file, [sample(time, 'text_value', 3, { server: 'files' })], [time]);
    const fails = (all: readonly Shown[]) =>
      all.filter(({ annotations }) => annotations['text']?.startsWith('<error expanding template: ') === true)
        .length;
    expect([fails(ours[0] ?? []), fails(theirs[0] ?? [])]).toEqual([rules.length, rules.length]);
  });

  /** Fails with what differs; how many alerts were the same. */
  async function compare(
    file: RuleFile,
    samples: readonly Sample[],
    times: readonly number[],
  ): Promise<number> {
    const { ours, theirs } = await both(file, samples, times);
    const differences = ours.flatMap((shown, step) => {
      const [own, other] = [shown, theirs[step] ?? []].map((all) =>
        all.map((one) => JSON.stringify(one)).sort(),
      );
      return JSON.stringify(own) === JSON.stringify(other)
        ? []
        : [
            {
              step,
              ours: own?.filter((one) => other?.includes(one) !== true),
              theirs: other?.filter((one) => own?.includes(one) !== true),
            },
          ];
    });
    expect(differences.slice(0, 5), `PROMQL_SEED=${SEED}`).toEqual([]);
    const compared = ours.flat().length;
    process.stdout.write(`Prometheus ${oracle.version}: ${compared} alerts alike (PROMQL_SEED=${SEED})\n`);
    return compared;
  }

  async function both(file: RuleFile, samples: readonly Sample[], times: readonly number[]) {
    await oracle.write(samples);
    const theirs = (await oracle.rules(stringify(file), times)).map((alerts) =>
      alerts.map(({ name, state, labels, annotations, error }) => {
        expect(error).toBeUndefined();
        return shown({ name, state, labels: labels ?? {}, annotations: annotations ?? {} });
      }),
    );
    return { ours: own(file, samples, times), theirs };
  }
});

function own(file: RuleFile, samples: readonly Sample[], times: readonly number[]): Shown[][] {
  const groups = readRuleFile(file);
  const store = createSeriesStore(requiredSeriesOf(groups));
  const engine = createRuleEngine(groups, store, { generation: 3, externalUrl: 'http://127.0.0.1:9090' });
  let next = 0;
  return times.map((time) => {
    for (; (samples[next]?.time ?? Infinity) <= time; next += 1) {
      const { labels, time: at, value, isStale } = samples[next] ?? { labels: {}, time: 0, value: 0 };
      if (isStale === true) store.markStale(labels, at);
      else store.append(labels, at, value);
    }
    for (const group of groups) engine.evaluateGroup(group, time);
    return engine.rules().flatMap(({ rule, alerts, error }) => {
      expect(error).toBeNull();
      return alerts
        .filter(({ state }) => state !== 'inactive')
        .map(({ state, labels, annotations }) => shown({ name: rule.name, state, labels, annotations }));
    });
  });
}

/** With the labels in one order. */
function shown({ labels, annotations, ...rest }: Shown): Shown {
  const sorted = (all: Labels): Labels =>
    Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...rest, labels: sorted(labels), annotations: sorted(annotations) };
}

function sample(time: number, name: string, value: number, labels: Labels): Sample {
  return { time, value, labels: { ...labels, __name__: name } };
}

/** Values that come, go and end. */
function flags(random: Random, time: number): Sample[] {
  return ['a', 'b', 'c', 'd'].flatMap((server) => {
    if (random.chance(0.05)) return [];
    const isStale = random.chance(0.03);
    return [{ ...sample(time, 'flag', random.chance(0.75) ? 1 : 0, { server }), isStale }];
  });
}

function stateRules(random: Random): object[] {
  return Array.from({ length: 20 }, (_, index) => ({
    alert: `State${index}`,
    expr: random.pick([
      'flag == 1',
      'sum_over_time(flag[1m]) > 1',
      'flag > 0 and flag offset 30s > 0',
      'max_over_time(flag[1m:15s]) - flag > 0',
    ]),
    ...(random.chance(0.7) ? { for: random.pick(['0s', '15s', '30s', '1m']) } : {}),
    ...(random.chance(0.5) ? { keep_firing_for: random.pick(['15s', '45s', '2m']) } : {}),
    labels: { level: '{{ if gt $value 1.0 }}high{{ else }}low{{ end }}' },
    annotations: {
      text: '{{ $labels.server }} {{ $value | humanize }} {{ with query "flag" }}{{ len . }}{{ end }}',
    },
  }));
}
