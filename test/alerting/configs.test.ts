import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ALERTING, FLEET_FILE, read, RULE_FILES } from './read-catalogue.ts';

interface Config {
  readonly rule_files?: readonly string[];
  readonly global: { readonly external_labels?: Readonly<Record<string, string>> };
  readonly remote_write?: readonly {
    readonly url: string;
    readonly queue_config: Readonly<Record<string, unknown>>;
  }[];
  readonly scrape_configs?: readonly {
    readonly job_name: string;
    readonly relabel_configs?: readonly { readonly target_label: string; readonly replacement: string }[];
  }[];
}

const NAMES = readdirSync(join(ALERTING, 'prometheus')).filter((name) => name.endsWith('.yml'));

function configOf(name: string): Config {
  const config: Config = parse(read(`prometheus/${name}`));
  return config;
}

describe('the configs for Prometheus', () => {
  test.each(NAMES.filter((name) => !name.endsWith('.rules.yml')))(
    '%s scrapes under the job that rules know',
    (name) => {
      for (const { job_name: job, relabel_configs: relabel = [] } of configOf(name).scrape_configs ?? []) {
        const renamed = relabel.find(({ target_label: label }) => label === 'job')?.replacement;
        expect(renamed ?? job).toBe('mcp-watchdog');
      }
    },
  );

  test('load every rule file on one machine, and the rules for fleets in place of the scrape’s for many', () => {
    expect(configOf('local.yml').rule_files).toEqual(['../rules/*.yml']);
    expect([...(configOf('central.yml').rule_files ?? [])].sort()).toEqual(
      [
        ...RULE_FILES.filter((file) => file !== 'rules/scrape.yml').map((file) => `../${file}`),
        FLEET_FILE.replace('prometheus/', ''),
      ].sort(),
    );
  });

  test('evaluate nothing in an agent', () => {
    expect(configOf('agent.yml')).not.toHaveProperty('rule_files');
    expect(configOf('agent.yml')).not.toHaveProperty('alerting');
  });

  test('give a local Prometheus no labels that the watchdog would have to know', () => {
    expect(configOf('local.yml').global.external_labels).toBeUndefined();
  });
});

describe('the config for Alloy', () => {
  const alloy = read('prometheus/config.alloy').replaceAll(/^\s*\/\/.*$/gmu, '');
  const agent = configOf('agent.yml');

  test('has its brackets in order', () => {
    const open: string[] = [];
    for (const [bracket] of alloy.matchAll(/[()[\]{}]/gu)) {
      if ('([{'.includes(bracket)) open.push(bracket);
      else expect([open.pop(), bracket]).toEqual(['([{'[')]}'.indexOf(bracket)], bracket]);
    }
    expect(open).toEqual([]);
  });

  test('sends to a component that it declares', () => {
    const sent = /forward_to\s*=\s*\[([\w.]+)\.receiver\]/u.exec(alloy)?.[1]?.split('.') ?? [];
    expect(alloy).toMatch(new RegExp(`^${sent.slice(0, -1).join('\\.')} "${sent.at(-1)}" \\{$`, 'mu'));
  });

  test('says the same as the agent’s', () => {
    const { global, remote_write: remotes = [] } = agent;
    const named = [...Object.values(global.external_labels ?? {}), ...remotes.map(({ url }) => url)];
    for (const { job_name: job, relabel_configs: relabel = [] } of agent.scrape_configs ?? [])
      named.push(job, ...relabel.map(({ replacement }) => replacement));
    expect(named.length).toBe(4);
    for (const text of named) expect(alloy).toContain(`"${text}"`);
    for (const [key, value] of remotes.flatMap(({ queue_config: queue }) => Object.entries(queue)))
      expect(alloy).toMatch(new RegExp(`\\b${key}\\s*= ${JSON.stringify(value)}$`, 'mu'));
  });
});
