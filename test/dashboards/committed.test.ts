// The committed dashboards are what the code says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arrange } from '../../grafana/src/panels/grid-layout.ts';
import { lines } from '../../grafana/src/panels/panel-kinds.ts';
import { renderDashboards } from '../../grafana/src/dashboards.ts';
import { readRules } from '../../grafana/src/queries/rule-thresholds.ts';
import { FILES, ROOT } from './read-dashboards.ts';

const rendered = renderDashboards(ROOT);

describe('grafana/dashboards/', () => {
  test('has a file for each dashboard, and no other', () => {
    expect(Object.keys(rendered).sort()).toEqual(FILES.map((file) => `grafana/dashboards/${file}`));
  });

  test.each(Object.entries(rendered))('%s is what the code says', (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8'), 'run: npm run build && npm run generate').toBe(text);
  });

  test('is the same each time', () => {
    expect(renderDashboards(ROOT)).toEqual(rendered);
  });
});

describe('the layout', () => {
  const rules = readRules(ROOT);
  const card = (key: string, width: number): ReturnType<typeof lines> =>
    lines({
      key,
      width,
      title: key,
      shows: 'Something.',
      act: 'Nothing.',
      empty: 'none',
      unit: 'short',
      queries: [{ expr: 'up', legend: '' }],
    });
  const section = (...keys: string[]): Parameters<typeof arrange>[0][number] => ({
    key: 'only',
    title: 'Only',
    lines: keys.map((key) => ({ height: 8, cards: [card(key, 24)] })),
  });

  test('gives a panel the same id, whatever is put before it', () => {
    const idOf = (panels: ReturnType<typeof arrange>): number | undefined =>
      panels.find(({ title }) => title === 'b')?.id;
    const alone = idOf(arrange([section('b')], rules));
    expect(alone).toBeGreaterThan(0);
    expect(idOf(arrange([section('new', 'a', 'b')], rules))).toBe(alone);
  });

  test('refuses a line that is not filled', () => {
    const torn = { ...section(), lines: [{ height: 8, cards: [card('a', 12), card('b', 8)] }] };
    expect(() => arrange([torn], rules)).toThrow('The line with a takes 20 of 24 columns');
  });

  test('refuses two panels with one key', () => {
    expect(() => arrange([section('a', 'a')], rules)).toThrow('Two keys of panels come to the same id');
  });
});

describe('the rules', () => {
  const rules = readRules(ROOT);

  test('say where something is wrong, as a number or as a part of another metric', () => {
    expect(rules.bound('McpServerCpuHigh', 'server:mcp_watchdog_server_cpu_seconds:rate5m')).toBe(0.9);
    expect(rules.bound('McpServerFileDescriptorsHigh', 'mcp_watchdog_server_open_fds')).toBe(0.8);
    expect(rules.factors('McpServerErrorBudgetBurn', 'server:mcp_watchdog_errors:ratio30m')).toEqual([
      6, 0.01,
    ]);
  });

  test('that say nothing about a metric are a fault, not a guess', () => {
    expect(() => rules.bound('McpServerCpuHigh', 'mcp_watchdog_server_up')).toThrow(
      'No rule compares mcp_watchdog_server_up',
    );
    expect(() => rules.bound('McpNothing', 'mcp_watchdog_server_up')).toThrow('There is no alert McpNothing');
    expect(() => rules.runbook('McpNothing')).toThrow('There is no alert McpNothing');
  });
});
