// alerts.alertmanager.configFile: what the watchdog takes from somebody's own Alertmanager config, and how a fault in it is told.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRouting } from '../../../src/config/build/alertmanager-config.ts';
import { effectiveConfig } from '../../../src/config/effective.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../../src/config/read/problems.ts';
import { inhibits } from '../../../src/core/notification/inhibition.ts';
import type { Routing } from '../../../src/core/notification/routing.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';
import { inFolder } from '../temporary.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function routing(text: string): Routing {
  const read = readRouting(text);
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.routing;
}

function load(config: string, own?: string | Buffer) {
  return loadConfig(
    inFolder({ 'config.yaml': config, ...(own === undefined ? {} : { 'am/alertmanager.yml': own }) }),
    {},
  );
}

const CONFIG = '{servers: {}, alerts: {alertmanager: {configFile: alertmanager.yml}}}';

function problemsWith(own: string | Buffer | null): string[] {
  try {
    loadConfig(inFolder({ 'config.yaml': CONFIG, ...(own === null ? {} : { 'alertmanager.yml': own }) }), {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // So that a correction of it is seen.
    expect(error.envFiles).toEqual([expect.stringMatching(/\/alertmanager\.yml$/u)]);
    return error.problems.map(formatProblem);
  }
}

describe('readRouting()', () => {
  test('reads the shipped file as the watchdog has it built in', () => {
    expect(routing(readFileSync('alerting/alertmanager.yml', 'utf8'))).toEqual(SHIPPED_ROUTING);
  });

  test('takes the times of Alertmanager where none are written', () => {
    expect(routing('route: {receiver: a}')).toEqual({
      groupWait: { critical: 30_000, warning: 30_000, info: 30_000 },
      groupInterval: { critical: 5 * MINUTE, warning: 5 * MINUTE, info: 5 * MINUTE },
      repeatInterval: { critical: 4 * HOUR, warning: 4 * HOUR, info: 4 * HOUR },
      inhibitRules: [],
    });
  });

  test('goes down the routes as Alertmanager does: the first that matches, and the next after continue', () => {
    const { groupWait, repeatInterval } = routing(`
route:
  receiver: a
  group_wait: 1m
  repeat_interval: 1h30m
  routes:
    - { matchers: [job = other], group_wait: 1s }
    - { match: { severity: critical }, group_wait: 10s, continue: true }
    - matchers: ['job = mcp-watchdog']
      repeat_interval: 1d
      routes:
        - { match_re: { severity: warning|critical }, group_wait: 20s }
        - { matchers: [severity = critical], group_wait: 2s }
    - { group_wait: 0s }
`);
    expect(groupWait).toEqual({ critical: 10_000, warning: 20_000, info: MINUTE });
    expect(repeatInterval).toEqual({ critical: 1.5 * HOUR, warning: 24 * HOUR, info: 24 * HOUR });
  });

  test('reads inhibition rules in both forms, which hold for labels of rules of one’s own', () => {
    const { inhibitRules } = routing(`
route: {receiver: a}
inhibit_rules:
  - name: network
    source_matchers: ['alertname = NetworkDown']
    target_matchers: ['job = mcp-watchdog', 'needs =~ "network|dns"']
  - source_match: { severity: critical }
    target_match_re: { severity: warning|info }
    equal: [server, team]
`);
    const down = { name: 'NetworkDown', about: null, severity: 'critical' } as const;
    const slow = { name: 'Slow', about: 'a', severity: 'critical', labels: { needs: 'dns' } } as const;
    expect(inhibits(down, slow, inhibitRules)).toBe(true);
    expect(inhibits(down, { ...slow, labels: {} }, inhibitRules)).toBe(false);
    const of = (severity: 'critical' | 'warning', team: string) =>
      ({ name: 'Own', about: 'a', severity, labels: { team } }) as const;
    expect(inhibits(of('critical', 'x'), of('warning', 'x'), inhibitRules)).toBe(true);
    expect(inhibits(of('critical', 'x'), of('warning', 'y'), inhibitRules)).toBe(false);
  });

  test('looks at nothing else: receivers, templates, times and what newer versions add', () => {
    expect(
      routing(`
global: { smtp_smarthost: 'localhost:25', new: [1] }
templates: [x]
time_intervals: [{ name: nights, time_intervals: [] }]
receivers: [{ name: a, webhook_configs: [{ url_file: /x }] }]
route: { receiver: a, group_by: ['...'], mute_time_intervals: [nights] }
tracing: {}
`).inhibitRules,
    ).toEqual([]);
  });
});

describe('alerts.alertmanager.configFile', () => {
  const OWN =
    'route: {receiver: a, group_wait: 7s, repeat_interval: 2h}\nreceivers: [{name: a}]\ninhibit_rules: []\n';

  test('replaces the shipped routing, its repeats too unless repeatEvery is set, and is watched', () => {
    const path = inFolder({ 'config.yaml': CONFIG, 'alertmanager.yml': OWN });
    const loaded = loadConfig(path, {});
    const file = path.replace('config.yaml', 'alertmanager.yml');
    expect(loaded.envFiles).toEqual([file]);
    const { alertmanager, repeatEvery } = loaded.config.alerts;
    expect(alertmanager).toEqual({ url: null, configFile: file, routing: routing(OWN) });
    expect(repeatEvery).toBe(2 * HOUR);
    // It may have been read by another process.
    expect(JSON.parse(JSON.stringify(loaded.config.alerts))).toEqual(loaded.config.alerts);
    const set = inFolder({
      'config.yaml': CONFIG.replace('alerts: {', 'alerts: {repeatEvery: 1d, '),
      'alertmanager.yml': OWN,
    });
    expect(loadConfig(set, {}).config.alerts.repeatEvery).toBe(24 * HOUR);
  });

  test('is shown by its path alone', () => {
    const path = inFolder({ 'config.yaml': CONFIG, 'alertmanager.yml': OWN });
    const { alerts } = effectiveConfig(loadConfig(path, {}));
    expect(alerts).toMatchObject({ repeatEvery: '2h' });
    expect(JSON.stringify(alerts)).not.toContain('routing');
  });

  test('is the shipped one when it is not set', () => {
    const { alertmanager, repeatEvery } = load('{servers: {}}').config.alerts;
    expect(alertmanager).toEqual({ url: null, configFile: null, routing: SHIPPED_ROUTING });
    expect(repeatEvery).toBe(4 * HOUR);
  });

  test.each<readonly [name: string, text: string | Buffer | null, expected: RegExp]>([
    [
      'that is missing',
      null,
      /^config\.yaml:1: alerts\.alertmanager\.configFile: names .*cannot be read \(ENOENT\); correct the path$/u,
    ],
    ['that is too large', Buffer.alloc(1024 * 1024 + 1, 'x'), /which is larger than 1048576 bytes$/u],
    ['that is empty', '', /^alertmanager\.yml:1: A config of Alertmanager must be a map$/u],
    [
      'that is another file',
      'groups: []',
      /^alertmanager\.yml:1: A config of Alertmanager must have a "route"; is this another file\?$/u,
    ],
    ['without YAML', 'route: [\n', /^alertmanager\.yml:\d: /u],
    [
      'with a wrong duration',
      'route:\n  receiver: a\n  group_wait: soon\n',
      /^alertmanager\.yml:3: route: "group_wait" must be a duration like 5m, got "soon"$/u,
    ],
    [
      'with a wrong matcher',
      'route:\n  receiver: a\n  routes:\n    - receiver: b\n      matchers: [severity]\n',
      /^alertmanager\.yml:5: route, routes 1: "severity" is not a matcher such as/u,
    ],
    [
      'with a matcher that is no text',
      'route: {receiver: a}\ninhibit_rules:\n  - source_matchers: severity = x\n',
      /^alertmanager\.yml:3: inhibit_rules 1: "source_matchers" must be a list of texts$/u,
    ],
    [
      'with a misspelt key',
      'route: {receiver: a}\ninhibit_rules:\n  - {}\n  - source_matcher: [a = b]\n',
      /^alertmanager\.yml:4: inhibit_rules 2: "source_matcher" is not a key of an inhibition rule$/u,
    ],
    [
      'with a pattern that cannot be read',
      'route: {receiver: a}\ninhibit_rules:\n  - target_match_re: {a: "("}\n',
      /^alertmanager\.yml:3: inhibit_rules 1: "\(" is not a regular expression that can be read$/u,
    ],
    [
      'with rules that are no list',
      'route: {receiver: a}\ninhibit_rules: {}\n',
      /^alertmanager\.yml:2: A config of Alertmanager: "inhibit_rules" must be a list$/u,
    ],
  ])('%s is refused, with its line', (_, text, expected) => {
    expect(problemsWith(text)).toEqual([expect.stringMatching(expected)]);
  });

  test('never shows what the file holds', () => {
    const text = 'route:\n  receiver: a\n  group_wait: soon\nreceivers: [{name: a, password: very-secret}]\n';
    expect(problemsWith(text).join('\n')).not.toContain('very-secret');
  });
});
