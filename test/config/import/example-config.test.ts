import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleConfig, writeFirstConfig } from '../../../src/config/import/example-config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { inFolder } from '../temporary.ts';

describe('the first config', () => {
  it('runs context7 for all clients, without a port of its own, and nothing in it is inactive', () => {
    const path = join(dirname(inFolder({ other: '' })), 'config.yaml');
    expect(writeFirstConfig(path)).toBe(true);
    const { servers, inactive, warnings } = loadConfig(path, {});
    expect(servers).toHaveLength(1);
    expect(servers[0]).toMatchObject({
      name: 'context7',
      source: { kind: 'package', package: '@upstash/context7-mcp' },
      transport: 'stdio',
      url: null,
      args: [],
      env: { OTEL_SDK_DISABLED: 'true' },
      gateway: { mode: 'shared' },
    });
    expect({ inactive, warnings }).toEqual({ inactive: [], warnings: [] });
    expect(exampleConfig()).toContain('http://127.0.0.1:9639/context7/mcp');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('says how to get uv on the system that it is', () => {
    expect(exampleConfig(true)).toContain('with uv: brew install uv');
    expect(exampleConfig(false)).toContain('with uv: curl -LsSf https://astral.sh/uv/install.sh | sh');
  });

  it('shows a server of each other kind, which can be taken out of its comment', () => {
    const shown = exampleConfig().replaceAll(
      /^ {2}# {1}(?=(?: {2})?(?:time|github|mine|far|package|command|env|url):)/gmu,
      '  ',
    );
    const { servers, warnings } = loadConfig(inFolder({ 'config.yaml': shown }), { GITHUB_TOKEN: 't' });
    expect(servers.map(({ name, source }) => [name, source.kind])).toEqual([
      ['context7', 'package'],
      ['time', 'package'],
      ['github', 'command'],
      ['mine', 'command'],
      ['far', 'url'],
    ]);
    expect(servers[1]?.source).toMatchObject({ manager: 'pypi', package: 'pypi:mcp-server-time' });
    expect(warnings).toEqual([]);
  });

  it('never replaces a config that is there', () => {
    const path = inFolder({ 'config.yaml': 'mine' });
    expect(writeFirstConfig(path)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('is good in its comments too: the settings shown there are the defaults', () => {
    const setting = /^(\s*)# (\s*(probe|interval|timeout|failures|limits|memory|metrics|gateway|listen):)/gm;
    const shown = exampleConfig().replaceAll(setting, '$1$2');
    expect(shown).toMatch(/^ {4}probe:\n {6}interval: 15s/m);
    const plain = loadConfig(inFolder({ 'config.yaml': exampleConfig() }), {});
    const { config, servers } = loadConfig(inFolder({ 'config.yaml': shown }), {});
    expect({ config, servers }).toEqual({ config: plain.config, servers: plain.servers });
  });
});
