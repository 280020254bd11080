// What the guides say a config does, it does.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/registry.ts';
import type { LoadedConfig } from '../../src/config/build/loaded-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { inFolder } from './temporary.ts';

function doc(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  );
}

function configOf(name: string, files: Readonly<Record<string, string>> = {}): LoadedConfig {
  const yaml = blocks(doc(name), 'yaml').find((block) => /^servers:/m.test(block)) ?? '';
  return loadConfig(inFolder({ 'config.yaml': yaml, ...files }), {});
}

describe('coming-from-scripts.md', () => {
  const text = doc('coming-from-scripts.md');
  const variables = blocks(text, 'sh').find((block) => block.startsWith('export')) ?? '';

  it.each([
    ...['start', 'stop', 'restart', 'status', 'install', 'monitor', 'cleanup'].map(
      (verb) => `mcp_daemon_manager.sh ${verb}`,
    ),
    String.raw`launchctl list \| grep com.mcp.daemon`,
    'mcp_config.env',
    'NODE_OPTIONS="--max-old-space-size=2048 --max-semi-space-size=128"',
    'UV_THREADPOOL_SIZE=8',
    'MALLOC_ARENA_MAX=2',
    'NODE_ENV',
    'MCP_LOG_LEVEL',
    'MCP_CACHE_SIZE',
    'set_mcp_limits.sh',
    'mcp_health_check.sh',
    'mcp_alert.sh',
    'mcp_auto_update.sh',
    'setup_cron.sh',
    'mcp_recovery.sh',
    'deploy_stable_mcp.sh',
  ])('has a row for %s', (name) => {
    const row = text
      .split('\n')
      .find((line) => line.startsWith('|') && line.split(/(?<!\\)\|/)[1]?.includes(name));
    expect(row).toBeDefined();
  });

  it('has a config that keeps to the old numbers, and in which every key is active', () => {
    const { servers, config, inactive, warnings } = configOf('coming-from-scripts.md', {
      'mcp_config.env': variables,
    });
    expect({ inactive, warnings }).toEqual({ inactive: [], warnings: [] });
    expect(servers).toMatchObject([
      {
        env: {
          NODE_OPTIONS: '--max-old-space-size=2048 --max-semi-space-size=128',
          UV_THREADPOOL_SIZE: '8',
          MALLOC_ARENA_MAX: '2',
          NODE_ENV: 'production',
          MCP_LOG_LEVEL: 'info',
          MCP_CACHE_SIZE: '1000',
        },
        limits: {
          nice: 5,
          memory: { soft: 1024 ** 3, hard: 2 * 1024 ** 3 },
          cpu: { soft: 0.8, hard: null },
        },
        probe: { interval: 15_000, timeout: 5000, failures: 3 },
        start: { timeout: 10_000 },
        restart: {
          budget: [{ restarts: 4, within: 86_400_000 }],
          retryAfter: 86_400_000,
          stableAfter: 60_000,
        },
      },
    ]);
    expect(config.alerts).toMatchObject({ repeatEvery: 300_000, notify: [{ kind: 'desktop' }] });
    expect(config.schedule).toMatchObject({
      cleanup: '0 1 * * *',
      update: '0 2 * * 0',
      backup: '30 1 * * *',
    });
  });

  it('names the defaults as they are', () => {
    const plain = loadConfig(inFolder({ 'config.yaml': 'servers: {a: {package: a}}' }), {});
    const [server] = plain.servers;
    expect(server).toMatchObject({
      limits: { nice: 0, memory: { soft: 1024 ** 3, hard: 2 * 1024 ** 3 }, cpu: { soft: 0.8 } },
      probe: { interval: 15_000, timeout: 5000, failures: 3 },
      start: { timeout: 30_000 },
      restart: {
        budget: [
          { restarts: 5, within: 300_000 },
          { restarts: 10, within: 3_600_000 },
        ],
        retryAfter: 300_000,
      },
    });
    expect(plain.config.alerts.repeatEvery).toBe(4 * 3_600_000);
  });
});

describe('profiles.md', () => {
  it('has a profile whose heap is as large as its hard limit', () => {
    const { servers, inactive, warnings } = configOf('profiles.md');
    expect({ inactive, warnings }).toEqual({ inactive: [], warnings: [] });
    const [server] = servers;
    expect(server?.env).toEqual({
      NODE_ENV: 'production',
      NODE_OPTIONS: '--max-old-space-size=1024 --max-semi-space-size=1',
    });
    expect(server?.limits).toMatchObject({ nice: 5, memory: { soft: 512 * 1024 ** 2, hard: 1024 ** 3 } });
  });
});

describe.each(['clients.md', 'coming-from-scripts.md', 'gateway.md', 'importing.md', 'profiles.md'])(
  '%s',
  (name) => {
    it('names only commands and options that there are', () => {
      const named = [...doc(name).matchAll(/mcp-watchdog ([a-z]+)((?: [^\s`]+)*)/g)];
      const known = new Map(
        COMMANDS.map((command) => [command.name, command.options.map(({ flags }) => flags).join(' ')]),
      );
      const wrong = named.flatMap(([whole, command = '', rest = '']) => {
        const flags = [...rest.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
        const options = known.get(command);
        return options !== undefined && flags.every((flag) => options.includes(flag)) ? [] : [whole];
      });
      expect(wrong).toEqual([]);
      if (name !== 'profiles.md') expect(named.length).toBeGreaterThan(2);
    });

    it('points only to files that there are', () => {
      const links = [...doc(name).matchAll(/\]\(([\w./-]+\.md)\)/g)].map(([, link = '']) => link);
      for (const link of links) expect(doc(join(dirname(name), link))).not.toBe('');
    });
  },
);
