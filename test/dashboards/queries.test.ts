// Every query of every dashboard, asked of a real Prometheus that has seen everything happen.
import { afterAll, describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { SCRAPE, type Story, tellStory } from './story.ts';
import { type Question, questionsOf, readDashboards, type Span } from './story-queries.ts';

/** Questions that the story rightly leaves without an answer, and why. */
const EMPTY: Readonly<Record<string, string>> = {
  'mcp-watchdog-server / Tools / B': 'a server describes its tools otherwise than before',
  'mcp-watchdog-server / Tools / C': 'the tools of a server vanish while it runs',
  'mcp-watchdog-watchdog / Failures to save its state / B': 'the disk refuses',
  'mcp-watchdog-watchdog / Last answer of another machine / A': 'a server on another machine is watched',
  'mcp-watchdog-fleet / annotation Firing alerts': 'those of fleets wait for 10 minutes at least',
};

interface Series {
  readonly metric: Readonly<Record<string, string>>;
}

let story: Story | undefined;

describe.skipIf(!requireProgram('prometheus'))('a real Prometheus', () => {
  afterAll(() => story?.prometheus.stop());

  test('has watched a real daemon through good and bad', { timeout: 400_000 }, async () => {
    story = await tellStory();
    const { prometheus, end } = story;
    const counts = await Promise.all(
      ['probe', 'exit', 'signal', 'memory', 'config'].map((reason) =>
        prometheus.query(`sum(mcp_watchdog_server_restarts_total{reason="${reason}"}) > 0`, end * 1000),
      ),
    );
    expect(counts).toEqual(counts.map(() => ({ elements: [expect.anything()] })));
  });

  describe.each(readDashboards())('answers $uid', (dashboard) => {
    test('in every panel, variable and annotation', { timeout: 120_000 }, async () => {
      if (story === undefined) throw new Error('There was no story');
      const findings: string[] = [];
      for (const question of questionsOf(dashboard, spanOf(story)))
        findings.push(...(await judge(question, story)).map((what) => `${question.name}: ${what}`));
      expect(findings).toEqual([]);
    });
  });
});

/**
 * From the first scrape on, as somebody would look at it afterwards. Windows are as for scrapes that are always as far apart as the
 * two that were farthest: what happens between them is an increase in no shorter one.
 */
function spanOf({ start, end, longestGap }: Story): Span {
  return { start: Math.floor(start), end: Math.floor(end), step: SCRAPE, scrape: longestGap };
}

/** What is wrong with the answer. */
async function judge(question: Question, story: Story): Promise<string[]> {
  return question.kind === 'values' ? judgeValues(question, story) : judgeSeries(question, story);
}

async function judgeSeries(question: Question, story: Story): Promise<string[]> {
  const { start, end, step } = spanOf(story);
  const { name, expr, needs, kind } = question;
  const answer = await story.prometheus.ask<{ resultType: string; result: readonly Series[] }>(
    kind === 'instant' ? 'query' : 'query_range',
    kind === 'instant'
      ? { query: expr, time: String(end) }
      : { query: expr, start: String(start), end: String(end), step: String(step) },
  );
  if (answer.data === undefined) return [`${answer.error ?? 'no answer'}: ${expr}`];
  const remarks = [...(answer.warnings ?? []), ...(answer.infos ?? [])];
  if (answer.data.resultType === 'scalar') return remarks;
  const { result } = answer.data;
  if (result.length === 0) return name in EMPTY ? remarks : [...remarks, `no series: ${expr}`];
  if (name in EMPTY) remarks.push('has series, and is listed as one that has none');
  const isLacking =
    (label: string) =>
    ({ metric }: Series) =>
      metric[label] === undefined;
  // A mark may be about all kinds of alerts; Grafana writes nothing for what one of them lacks.
  const lacking = needs.filter((label) =>
    kind === 'mark' ? result.every(isLacking(label)) : result.some(isLacking(label)),
  );
  return [...remarks, ...lacking.map((label) => `a series without ${label}: ${expr}`)];
}

const LABEL_VALUES = /^label_values\((?:(?<selector>.+),\s*)?(?<label>\w+)\)$/su;

async function judgeValues({ expr }: Question, story: Story): Promise<string[]> {
  const { start, end } = spanOf(story);
  const { selector, label } = LABEL_VALUES.exec(expr.trim())?.groups ?? {};
  if (label === undefined) return [`not label_values(…): ${expr}`];
  const { data, error } = await story.prometheus.ask<readonly string[]>(`label/${label}/values`, {
    start: String(start),
    end: String(end),
    ...(selector !== undefined && { 'match[]': selector }),
  });
  if (data === undefined) return [error ?? 'no answer'];
  return data.length === 0 ? [`no values: ${expr}`] : [];
}
