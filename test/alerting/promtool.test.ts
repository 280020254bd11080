import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { ALERTING, FLEET_FILE, RULE_FILES, TEST_FILES } from './read-catalogue.ts';

const CONFIGS = readdirSync(join(ALERTING, 'prometheus')).filter(
  (name) => name.endsWith('.yml') && !name.endsWith('.rules.yml'),
);

function promtool(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: ALERTING, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

describe.skipIf(!requireProgram('promtool'))('promtool', () => {
  test.each([...RULE_FILES, FLEET_FILE])('has nothing to say about %s', (file) => {
    const { status, said } = promtool('check', 'rules', '--lint=all', '--lint-fatal', file);
    expect([status, said]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  test.each(TEST_FILES)('finds %s to hold', { timeout: 120_000 }, (file) => {
    const { status, said } = promtool('test', 'rules', file);
    expect([status, said]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  test('fails a test whose alert does not fire, so that the others say something', () => {
    const { home } = tempHome();
    mkdirSync(home, { recursive: true });
    const file = join(home, 'never.yml');
    writeFileSync(file, NEVER);
    expect(promtool('test', 'rules', file).status).toBe(1);
  });

  test.each(CONFIGS)('takes the config prometheus/%s', (name) => {
    const agent = name === 'agent.yml' ? ['--agent'] : [];
    const { status, said } = promtool('check', 'config', ...agent, join('prometheus', name));
    expect([status, said]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});

const NEVER = JSON.stringify({
  rule_files: [join(ALERTING, 'rules/watchdog.yml')],
  tests: [{ interval: '1m', alert_rule_test: [{ alertname: 'Watchdog', eval_time: '1m', exp_alerts: [] }] }],
});
