// Are our answers about rules and alerts what a Prometheus with the same rules and samples answers, field by field?
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { FakeClock } from '../fakes/clock.ts';
import { type Prometheus, startPrometheus } from '../fakes/prometheus.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { type Life, live, reading } from '../fakes/rules.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { startWeb, type Web } from '../fakes/web.ts';

const RULES = `
groups:
  - name: recording
    interval: 1s
    rules:
      - { record: "a:bare", expr: "sum(a)" }
      - { record: "a:labelled", expr: "sum by (k) (a)", labels: { level: k } }
  - name: alerts
    interval: 1s
    rules:
      - alert: Firing
        expr: a > 1
        labels: { severity: critical, of: "{{ $labels.k }}" }
        annotations: { summary: "{{ $labels.k }} is {{ $value | humanize }}." }
      - { alert: Pending, expr: "a == 2", for: 1h30m }
      - { alert: Kept, expr: "a < 0 or vector(1)", keep_firing_for: 5m }
      - { alert: Infinite, expr: "vector(1) / 0", annotations: { value: "{{ $value }}" } }
      - { alert: Small, expr: "vector(2.5e-07)" }
      - { alert: Quiet, expr: "a > 100", labels: { severity: none } }
  - name: faulty
    interval: 1s
    rules:
      - { record: "a:many", expr: "a * on () vector(1) * on () a" }
      - { alert: Many, expr: "a + on () group_left () a" }
`;

const SERIES = [
  { k: 'x', value: 1 },
  { k: 'y', value: 2 },
  { k: 'z', value: 30_000 },
];
const TARGET = { job: 'mcp-watchdog', instance: '127.0.0.1:9638' };

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

describe.skipIf(!requireProgram('prometheus'))('beside a Prometheus with the same rules and samples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  const file = join(folder, 'rules.yml');
  let prometheus: Prometheus;
  let life: Life;
  let web: Web;

  async function both(path: string): Promise<[Answer, Answer]> {
    const [ours, theirs] = await Promise.all([web.ask(path), fetch(`${prometheus.url}${path}`)]);
    return [
      { code: ours.status, body: JSON.parse(ours.body) },
      { code: theirs.status, body: await theirs.json() },
    ];
  }

  beforeAll(async () => {
    writeFileSync(file, RULES);
    prometheus = await startPrometheus({ config: `rule_files: ['${file}']` });
    const clock = new FakeClock();
    life = live([{ path: file, isBuiltIn: false, document: parseYaml(RULES) }], { clock, generation: 2 });
    life.show(...SERIES.map(({ k, value }) => reading('a', value, { k })));
    life.alerting.start();
    await clock.advance(2500);
    web = await startWeb({ rules: () => life.alerting });
    await prometheus.write(
      SERIES.map(({ k, value }) => ({ labels: { __name__: 'a', k, ...TARGET }, time: Date.now(), value })),
    );
    await waitFor(async () => (await both('/api/v1/rules'))[1].body !== null && (await hasCaughtUp()), {
      timeout: 60_000,
      what: 'every rule to be evaluated on the samples',
    });
  }, 150_000);
  afterAll(async () => {
    life.alerting.stop();
    await Promise.all([web.close(), prometheus.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function hasCaughtUp(): Promise<boolean> {
    const text = await (await fetch(`${prometheus.url}/api/v1/rules`)).text();
    return !text.includes('"unknown"') && text.includes('z is 30k.') && text.includes('"lastError"');
  }

  test.each(['/api/v1/alerts', '/api/v1/rules', '/api/v1/rules?type='])('%s is the same', async (path) => {
    const [ours, theirs] = await both(path);
    expect(plain(ours)).toEqual(plain(theirs));
  });

  test.each(['alert', 'record', 'ALERT', 'alert&type=record'])(
    '?type=%s is the same, but for groups of which nothing is left',
    async (type) => {
      const [ours, theirs] = await both(`/api/v1/rules?type=${type}`);
      expect(plain(ours)).toEqual(plain(withoutEmptyGroups(theirs)));
    },
  );

  test.each(['x', 'alerts', '%22'])('?type=%s is refused in the same words', async (type) => {
    const [ours, theirs] = await both(`/api/v1/rules?type=${type}`);
    expect(ours).toEqual(theirs);
  });
});

test('rules are shown by name, by group and by file, as a newer Prometheus does', async () => {
  const rule = (alert: string) => ({ alert, expr: 'vector(1)' });
  const document = (path: string, groups: Record<string, string[]>) => ({
    path,
    isBuiltIn: false,
    document: { groups: Object.entries(groups).map(([name, of]) => ({ name, rules: of.map(rule) })) },
  });
  const { alerting } = live([
    document('/a.yml', { one: ['A', 'B'], two: ['C'] }),
    document('/b.yml', { one: ['A'] }),
  ]);
  const web = await startWeb({ rules: () => alerting });
  const names = async (query: string): Promise<string[]> => {
    const { body } = await web.ask(`/api/v1/rules?${query}`);
    const { data }: { data: { groups: { file: string; name: string; rules: { name: string }[] }[] } } =
      JSON.parse(body);
    return data.groups.map(
      ({ file, name, rules }) => `${file} ${name} ${rules.map((one) => one.name).join()}`,
    );
  };
  try {
    expect(await names('rule_name[]=A')).toEqual(['/a.yml one A', '/b.yml one A']);
    expect(await names('rule_name%5B%5D=B&rule_name[]=C')).toEqual(['/a.yml one B', '/a.yml two C']);
    expect(await names('rule_group[]=one&file[]=/a.yml')).toEqual(['/a.yml one A,B']);
    expect(await names('type=record')).toEqual([]);
    expect(await names('rule_name[]=a')).toEqual([]);
  } finally {
    await web.close();
  }
});

function withoutEmptyGroups({ code, body }: Answer): Answer {
  const { data, ...rest }: { data: { groups: { rules: unknown[] }[] } } = JSON.parse(JSON.stringify(body));
  return { code, body: { ...rest, data: { groups: data.groups.filter(({ rules }) => rules.length > 0) } } };
}

/** What is measured is held to its form only, and the words of an error are everyone's own; a newer one tells more of `keep_firing_for`. */
function plain({ code, body }: Answer): unknown {
  const form = (key: string, value: unknown): unknown => {
    if (key === 'keepFiringSince') return undefined;
    if (['activeAt', 'lastEvaluation'].includes(key))
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/u.test(String(value)) ? 'a moment' : value;
    if (key === 'evaluationTime')
      return typeof value === 'number' && value >= 0 && value < 5 ? 'seconds' : value;
    if (key === 'lastError') return typeof value;
    return value;
  };
  return JSON.parse(JSON.stringify({ code, body: ordered(body) }, form));
}

/** The alerts of a rule have no order. */
function ordered(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    key === 'alerts' && Array.isArray(inner)
      ? inner.toSorted((a, b) =>
          JSON.stringify(a.labels, Object.keys(a.labels).sort()) <
          JSON.stringify(b.labels, Object.keys(b.labels).sort())
            ? -1
            : 1,
        )
      : inner,
  );
}
