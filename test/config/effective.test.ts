import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { effectiveConfig, effectiveYaml } from '../../src/config/effective.ts';
import { exampleConfig } from '../../src/config/import/example-config.ts';
import { inFolder, read } from './temporary.ts';
import { loadConfig } from '../../src/config/load.ts';

const SECRET = 'sk-0123456789abcdef';

const RULES = fileURLToPath(new URL('../../alerting/rules/slo.yml', import.meta.url));

describe('effectiveConfig()', () => {
  it.each([
    ['the example', exampleConfig()],
    [
      'one of each source',
      'servers: {a: {package: p, bin: b}, b: {command: [x, y], args: [z], cwd: /w, env: {A: "1"}, dependsOn: [a]}, c: {url: "https://x/mcp"}, d: {url: "https://x/sse", transport: sse}}',
    ],
    [
      'odd values',
      'servers: {a: {command: [x], args: ["$${env:X}", "true", "1.10", "a: b", ""], logs: {maxSize: 100.5KiB}, limits: {memory: {soft: null, hard: null}}}}',
    ],
    [
      'the daemon part',
      `metrics: {listen: "[::1]:0", allowedHosts: [Host.local]}\nservers: {}\nalerts: {builtIn: false, rules: [${RULES}], notify: [{kind: webhook, url: "http://x/"}, {kind: command, command: [x]}]}\nschedule: {update: null}\norphans: {reap: true, interval: 1h, patterns: [my-*], minimumAge: 0s}`,
    ],
  ])('means the same when it is loaded again: %s', (_, text) => {
    const first = read(text);
    const again = read(effectiveYaml(first));
    expect({ ...again, inactive: [], warnings: [] }).toEqual({ ...first, inactive: [], warnings: [] });
    expect(parse(effectiveYaml(first))).toEqual(effectiveConfig(first));
    expect(JSON.parse(JSON.stringify(effectiveConfig(first)))).toEqual(effectiveConfig(first));
  });

  it('shows durations and sizes in units', () => {
    expect(effectiveConfig(read('servers: {a: {package: p}}'))).toMatchObject({
      servers: {
        a: { probe: { interval: '15s' }, limits: { memory: { hard: '2GiB' } }, update: { minimumAge: '3d' } },
      },
    });
  });

  it.each([
    ['by the name of a variable', `servers: {a: {command: [x], env: {API_TOKEN: ${SECRET}}}}`],
    [
      'by the name of a variable it came from',
      'servers: {a: {command: [x], args: ["--with=${env:MY_KEY}"]}}',
    ],
    ['in headers', `servers: {a: {url: "http://x/", headers: {X-Custom: ${SECRET}}}}`],
    [
      'in the password of a url',
      `servers: {a: {command: [x], env: {DATABASE: "postgres://me:${SECRET}@host/db"}}}`,
    ],
    ['in the user of a url', `servers: {a: {url: "https://${SECRET}@host/mcp"}}`],
    ['in the query of a url', `servers: {a: {url: "https://host/mcp?a=1&api_key=${SECRET}"}}`],
    ['after a flag', `servers: {a: {command: [x], args: [--api-key, ${SECRET}]}}`],
    ['in a flag', `servers: {a: {command: [x, --token=${SECRET}]}}`],
    ['in a header flag', `servers: {a: {command: [x], args: [--header, "Authorization: Bearer ${SECRET}"]}}`],
    [
      'where the value stands again',
      `servers: {a: {command: [x], env: {API_TOKEN: ${SECRET}}}, b: {command: [x, "in-${SECRET}-the-middle"], cwd: "/w/${SECRET}"}}`,
    ],
    ['below defaults', `defaults: {env: {PASSWORD: ${SECRET}}}\nservers: {a: {command: [x]}}`],
    [
      'in a webhook',
      `alerts: {notify: [{kind: webhook, url: "https://hooks/x?token=${SECRET}"}]}\nservers: {}`,
    ],
  ])('hides secrets %s', (_, text) => {
    const loaded = read(text, { MY_KEY: SECRET });
    expect(loaded.secrets).toContain(SECRET);
    expect(JSON.stringify(effectiveConfig(loaded))).not.toContain(SECRET);
    expect(effectiveYaml(loaded)).not.toContain(SECRET);
  });

  it('hides a short secret by its name, and does not scrub its value elsewhere', () => {
    const loaded = read('servers: {a: {command: [x, "1234"], env: {PIN_TOKEN: "1234"}}}');
    expect(loaded.secrets).toEqual([]);
    expect(effectiveConfig(loaded)).toMatchObject({
      servers: { a: { command: ['x', '1234'], env: { PIN_TOKEN: '***' } } },
    });
  });

  it('hides what an envFile holds', () => {
    const path = inFolder({
      'config.yaml': 'servers: {a: {command: [x], envFile: e}}',
      e: `export GITHUB_TOKEN='${SECRET}'`,
    });
    const loaded = loadConfig(path, {});
    expect(loaded.secrets).toEqual([SECRET]);
    expect(effectiveYaml(loaded)).not.toContain(SECRET);
  });

  it('keeps everything readable that is no secret', () => {
    const text = effectiveYaml(read(exampleConfig()));
    expect(text).not.toContain('***');
  });
});

describe('an error about a secret', () => {
  it.each([
    [`servers: {a: {command: [x], api_key: ${SECRET}}}`],
    [`servers: {a: {url: "${SECRET}", headers: {A: ${SECRET}}}}`],
    ['servers: {a: {command: [x], env: {MY_PASSWORD: 1234567890123}}}'],
    [`servers: {a: {url: "ftp://me:${SECRET}@host/"}}`],
    [`servers: {a: {command: [x], env: {API_TOKEN: "${SECRET}`],
  ])('does not show it: %#', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => read(text)).not.toThrow(/sk-0123|1234567890123/);
  });
});

describe('the folder', () => {
  it('prints nothing by itself', () => {
    const source = readFileSync(fileURLToPath(new URL('../../src/config/load.ts', import.meta.url)), 'utf8');
    expect(source).not.toMatch(/console\.|process\.std/);
  });
});
