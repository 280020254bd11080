// Warnings about rules that read metrics which nobody has.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config/load.ts';
import { tempHome } from '../../fakes/temp-home.ts';

function warningsOf(...expressions: readonly string[]): readonly string[] {
  const { home } = tempHome();
  const rules = expressions.map((expr, index) => ({ alert: `Own${index}`, expr }));
  const file = join(home, 'own.yml');
  writeFileSync(
    file,
    JSON.stringify({ groups: [{ name: 'own', rules: [{ record: 'own:up', expr: 'up' }, ...rules] }] }),
    {
      mode: 0o600,
    },
  );
  const config = JSON.stringify({ servers: {}, alerts: { rules: ['own.yml'] } });
  const { warnings } = readConfig(config, { path: join(home, 'config.yaml'), environment: {} });
  return warnings.map((warning) => warning.replace(file, 'own.yml'));
}

test.each([
  'mcp_watchdog_server_up == 0',
  'rate(mcp_watchdog_probe_duration_seconds_bucket{le="0.5"}[5m]) > 1',
  'own:up == 0 or up == 0 or ALERTS > 1 or scrape_duration_seconds > 1',
  'process_open_fds > 5 or mcp_server_operation_duration_seconds_count > 7',
  // Recorded by a shipped rule.
  'server:mcp_watchdog_server_unplanned_restarts:increase1h > 3',
  '{server="files"} > 1',
])('%s is known', (expression) => {
  expect(warningsOf(expression)).toEqual([]);
});

test('a misspelt name is named with its rule and the likely one, once', () => {
  expect(
    warningsOf(
      'mcp_watchdog_servers_up == 0',
      'mcp_watchdog_servers_up == 1',
      'mcp_watchdog_nonsense_at_all > 1',
    ),
  ).toEqual([
    'own.yml: rule "Own0" reads mcp_watchdog_servers_up, which no metric is called; did you mean mcp_watchdog_server_up?',
    'own.yml: rule "Own2" reads mcp_watchdog_nonsense_at_all, which no metric is called (docs/metrics.md lists them)',
  ]);
});

test('metrics of other programs are one warning', () => {
  expect(warningsOf('node_load1 > 4', 'a > 1', 'b > 1', 'c > 1', 'd > 1')).toEqual([
    'own.yml: rules read node_load1, a, b and 2 more, which the watchdog does not have: here they find nothing, only a Prometheus that scrapes others can evaluate them',
  ]);
});
