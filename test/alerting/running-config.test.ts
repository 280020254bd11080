// What a real Alertmanager says of the config that it runs with: read as its file is, so that the two can be compared.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRouting } from '../../src/config/build/alertmanager-config.ts';
import { openAlertmanagerClient } from '../../src/notify/alertmanager-client.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { ALERTMANAGER, startAlertmanager } from '../fakes/alertmanager.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { freePort } from '../fixtures/start.ts';
import { read } from './read-catalogue.ts';

const OWN = `
global: { resolve_timeout: 1m }
route:
  receiver: a
  group_wait: 1m30s
  routes:
    - { match: { severity: critical }, receiver: a, group_wait: 0s, continue: true }
    - { match_re: { severity: warning|info }, receiver: b, repeat_interval: 36h }
    - { matchers: ['job = mcp-watchdog', 'team =~ "a,b|c\\\\d"'], receiver: b }
inhibit_rules:
  - source_match: { severity: critical }
    target_match_re: { severity: warning|info }
    equal: [server, instance]
  - source_matchers: ['alertname = "Network down"', 'team !~ "x|y"']
    target_matchers: ['job = mcp-watchdog']
receivers:
  - { name: a }
  - { name: b, webhook_configs: [{ url: 'http://127.0.0.1:1/' }] }
`;

describe.skipIf(!requireProgram(ALERTMANAGER))('GET /api/v2/status of Alertmanager', () => {
  test.each([
    ['the shipped file', read('alertmanager.yml')],
    ['one in all forms', OWN],
  ])('reads as %s', { timeout: 90_000 }, async (_, config) => {
    const folder = join(tempHome().home, 'alertmanager');
    mkdirSync(folder);
    const running = await startAlertmanager(folder, { config, port: await freePort() });
    onTestFinished(() => running.stop());
    const client = openAlertmanagerClient({ url: running.url, clock: systemClock });
    onTestFinished(() => client.close());
    const text = (await client.config()) ?? '';
    expect(readRouting(text)).toEqual(readRouting(config));
    expect(readRouting(config)).toHaveProperty('routing');
  });
});
