// Three machines, each with a watchdog and an agent that sends to one central Prometheus: what the fleet dashboard shows of
// them, when the share alert fires, and what is left of a time offline.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Prometheus, startPrometheus } from '../fakes/prometheus.ts';
import { type Agent, type Line, startAgent, startLine } from '../fakes/prometheus-agent.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, type RunningDaemon, startDaemon } from './daemon.ts';

const ALERTING = fileURLToPath(new URL('../../alerting/', import.meta.url));
const DASHBOARD = new URL('../../grafana/dashboards/fleet.json', import.meta.url);
const MACHINES = ['laptop-1', 'laptop-2', 'laptop-3'] as const;

interface Machine {
  readonly daemon: RunningDaemon;
  readonly agent: Agent;
  readonly line: Line;
}

let central: Prometheus;

describe.skipIf(!requireProgram('prometheus'))('a fleet of three machines', { timeout: 120_000 }, () => {
  test('is seen whole, alarms by shares, and gets back what a network lost, not what nobody read', async () => {
    central = await startPrometheus({ config: centralConfig(), args: ['--query.lookback-delta=5s'] });
    onTestFinished(() => central.stop());
    const [first, second, third] = await Promise.all([
      startMachine('laptop-1'),
      startMachine('laptop-2'),
      startMachine('laptop-3'),
    ]);
    const machines = [first, second, third];
    try {
      await until('count(mcp_watchdog_build_info)', 3);
      await until('count(mcp_watchdog_server_up == 1)', 3);
      await showsEveryMachine();

      // One of three has no files any more: 67 % are up.
      await breakServer(first.daemon);
      await until('count(ALERTS{alertname="McpFleetServerDown", server="files", alertstate="firing"})', 1);
      await healServer(first.daemon);
      await until('count(ALERTS{alertname="McpFleetServerDown"}) or vector(0)', 0);

      // A laptop is shut: nothing reads its watchdog.
      const shutAt = Date.now();
      await first.agent.stop();
      await until('count(mcp_watchdog_build_info)', 2);
      const [away] = targets('Seen today, away now');
      await until(fill(away ?? ''), 1);
      await until(`${notSeen()} > 4`, MACHINES[0], 'instance');
      await first.agent.start();
      await until('count(mcp_watchdog_build_info)', 3);
      expect(await longestHole('laptop-1', shutAt)).toBeGreaterThan(4);

      // A laptop without a network: its agent goes on reading, and sends it later.
      const cutAt = Date.now();
      second.line.cut();
      await until('count(mcp_watchdog_build_info)', 2);
      second.line.mend();
      await until('count(mcp_watchdog_build_info)', 3);
      await waitFor(async () => (await longestHole('laptop-2', cutAt)) < 3, {
        timeout: 60_000,
        what: 'what was read meanwhile to arrive',
      });
    } finally {
      await Promise.all(machines.map(({ agent, line }) => Promise.all([agent.close(), line.close()])));
    }
  });
});

async function startMachine(instance: string): Promise<Machine> {
  const report = { probe: { interval: '500ms', timeout: '500ms', failures: 2, onFailure: 'report' } };
  const daemon = await startDaemon({ files: fixture([], report) });
  const line = await startLine(central.url);
  return { daemon, line, agent: await startAgent(agentConfig(daemon.url, line.url, instance)) };
}

/** The shipped one, with other addresses, and quicker. */
function agentConfig(watchdog: string, receiver: string, instance: string): string {
  return edited(readFileSync(`${ALERTING}prometheus/agent.yml`, 'utf8'), [
    [/scrape_interval: 30s/u, 'scrape_interval: 1s'],
    [/127\.0\.0\.1:9638/u, new URL(watchdog).host],
    [/replacement: laptop-0001/u, `replacement: ${instance}`],
    [/https:\/\/prometheus\.example\.com/u, receiver],
    [/ {4}basic_auth:\n.*\n.*password_file.*\n/u, ''],
    [/batch_send_deadline: 15s/u, 'batch_send_deadline: 500ms'],
    [/min_backoff: 1s/u, 'min_backoff: 100ms'],
    [/max_backoff: 1m/u, 'max_backoff: 500ms'],
  ]);
}

/** The shipped one, quicker, with a share that counts from three machines on. */
function centralConfig(): string {
  const { home } = tempHome();
  const rules = edited(readFileSync(`${ALERTING}prometheus/fleet.rules.yml`, 'utf8'), [
    [/count >= 5\n( +)for: 10m\n +keep_firing_for: 5m/u, 'count >= 3\n$1for: 1s\n$1keep_firing_for: 0s'],
  ]);
  writeFileSync(`${home}/fleet.rules.yml`, rules);
  return edited(readFileSync(`${ALERTING}prometheus/central.yml`, 'utf8'), [
    [/scrape_interval: 30s/u, 'scrape_interval: 1s'],
    [/evaluation_interval: 30s/u, 'evaluation_interval: 1s'],
    [/- \.\.\/rules\//gu, `- ${ALERTING}rules/`],
    [/- fleet\.rules\.yml/u, `- ${home}/fleet.rules.yml`],
    [/^alerting:[^]*$/mu, ''],
  ]);
}

function edited(text: string, edits: readonly (readonly [pattern: RegExp, by: string])[]): string {
  return edits.reduce((before, [pattern, by]) => {
    expect(before).toMatch(pattern);
    return before.replace(pattern, by);
  }, text);
}

async function breakServer(daemon: RunningDaemon): Promise<void> {
  const { pid } = await daemon.server('files');
  process.kill(pid ?? 0, 'SIGSTOP');
  await daemon.until('files', 'down', ({ health }) => health.up === false);
}

async function healServer(daemon: RunningDaemon): Promise<void> {
  const { pid } = await daemon.server('files');
  process.kill(pid ?? 0, 'SIGCONT');
  await daemon.up('files');
}

interface Panel {
  readonly title?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const panels: readonly Panel[] = JSON.parse(readFileSync(DASHBOARD, 'utf8')).panels;

function targets(title: string): readonly string[] {
  const panel = panels.find((one) => one.title === title);
  if (panel === undefined) throw new Error(`The fleet dashboard has no panel "${title}"`);
  return (panel.targets ?? []).map(({ expr }) => expr);
}

/** As Grafana fills it in when everything is selected. */
function fill(expression: string): string {
  return expression
    .replaceAll(/\$(?:job|instance|server)\b/gu, '.+')
    .replaceAll('$__range', '1h')
    .replaceAll('$__rate_interval', '5s');
}

function notSeen(): string {
  const [expression = ''] = targets('Not seen for the longest time');
  return fill(expression);
}

async function showsEveryMachine(): Promise<void> {
  for (const { targets: all = [] } of panels)
    for (const { expr } of all) {
      const answer = await central.query(fill(expr), Date.now());
      expect(answer, expr).not.toHaveProperty('error');
    }
  await until(fill(targets('Machines awake')[0] ?? ''), 3);
  await until(fill(targets('Deliver their own alerts')[0] ?? ''), 1);
  expect(await instancesOf(notSeen())).toEqual([...MACHINES]);
  expect(await instancesOf(fill(targets('Most memory for MCP servers')[0] ?? ''))).toEqual([...MACHINES]);
}

async function instancesOf(expression: string): Promise<readonly string[]> {
  const answer = await central.query(expression, Date.now());
  return 'error' in answer
    ? [answer.error]
    : answer.elements.map(({ labels }) => labels['instance'] ?? '').sort();
}

/** Waits until the first result is `wanted`, or has it as `label`. */
async function until(expression: string, wanted: number | string, label?: string): Promise<void> {
  let last: unknown = null;
  await waitFor(
    async () => {
      const answer = await central.query(expression, Date.now());
      last = answer;
      const [first] = 'error' in answer ? [] : answer.elements;
      return (label === undefined ? first?.value : first?.labels[label]) === wanted;
    },
    { timeout: 60_000, what: `${expression} to be ${wanted}` },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`);
  });
}

/** The longest time, seconds, between two samples of one machine since `from`. */
async function longestHole(instance: string, from: number): Promise<number> {
  const seconds = Math.ceil((Date.now() - from) / 1000) + 3;
  const { data } = await central.ask<{ result: readonly { values: readonly [number, string][] }[] }>(
    'query',
    {
      query: `mcp_watchdog_build_info{instance="${instance}"}[${seconds}s]`,
    },
  );
  const times = (data?.result[0]?.values ?? []).map(([time]) => time);
  return Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}
