import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { exampleConfig } from '../../../src/config/import/example-config.ts';
import { configJsonSchema, configSchemaText, knownKeys } from '../../../src/config/schema/json-schema.ts';

function textOf(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
}

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
}

/** Every setting below `node` as `probe.interval`; of sections only those that may be false or null. */
function settings(node: Node, above = ''): [path: string, node: Node][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, inner]): [string, Node][] => {
    if (inner.properties !== undefined) return settings(inner, `${above}${key}.`);
    const section = inner.anyOf?.find((one) => SECTIONS.has(above + key) && one.properties !== undefined);
    if (section === undefined) return [[above + key, inner]];
    const { default: standard, ...itself } = inner;
    return [[above + key, isEmpty(standard) ? itself : inner], ...settings(section, `${above}${key}.`)];
  });
}

function isEmpty(value: unknown): boolean {
  return value === null || JSON.stringify(value) === '{}';
}

/** Those that the docs explain key by key. */
const SECTIONS = new Set(['history', 'metrics.otlp']);

const root: Node = configJsonSchema();
const others = root.properties?.['servers']?.additionalProperties;
const server = typeof others === 'object' ? others : {};

describe('config.schema.json', () => {
  it('is what the code says', () => {
    expect(textOf('config.schema.json'), 'run: npm run build && npm run generate').toBe(configSchemaText());
  });

  it('is draft 2020-12, and explains every key', () => {
    expect(root).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
    });
    for (const [path, node] of [...settings(root), ...settings(server)])
      expect(node.description, path).toMatch(/\S.*\.$/);
  });

  it('accepts the example and durations from the environment, and refuses what the loader refuses', () => {
    // zod takes alternatives of `required` alone for always true.
    const { oneOf, ...readable } = configJsonSchema();
    expect(oneOf).toEqual([{ required: ['servers'] }, { required: ['mcpServers'] }]);
    const schema = z.fromJSONSchema(readable);
    expect(schema.safeParse(parse(exampleConfig())).success).toBe(true);
    const withGrace = (grace: unknown) =>
      schema.safeParse({ servers: { a: { package: 'p', stop: { grace } } } }).success;
    expect(['5s', '${env:GRACE}', 5, '5', 'soon'].map(withGrace)).toEqual([true, true, false, false, false]);
    expect(schema.safeParse({ servers: { a: { pakage: 'p' } } }).success).toBe(false);
  });
});

describe('knownKeys()', () => {
  it('knows the keys at a path, through names, lists and alternatives', () => {
    expect(knownKeys(['servers', 'x', 'probe']).here).toContain('deepEvery');
    expect(knownKeys(['servers', 'x', 'restart', 'budget', 0]).here).toEqual(['restarts', 'within']);
    expect(knownKeys(['alerts', 'notify', 1]).here).toEqual(
      expect.arrayContaining(['kind', 'url', 'command', 'program', 'timeout', 'secret']),
    );
    expect(knownKeys(['mcpServers', 'x']).below).toContain('limits.memory');
    expect(knownKeys(['nowhere', 'at', 'all'])).toEqual({ here: [], below: [] });
  });
});

describe('docs/configuration.md', () => {
  const rows = new Map(
    textOf('docs/configuration.md')
      .split('\n')
      .flatMap((line) => {
        const [, key, , standard] = /^\| `([\w$.]+)` \|(.*?)\| (.*?) \|/.exec(line) ?? [];
        return key === undefined || standard === undefined ? [] : [[key, { line, standard }] as const];
      }),
  );
  const daemon = settings(root).filter(([path]) => !/^(servers|mcpServers|defaults)(\.|$)/.test(path));

  it.each([...daemon, ...settings(server)])('explains %s, with its default', (path, node) => {
    const row = rows.get(path);
    expect(row, `a table row for ${path}`).toBeDefined();
    if (node.default !== undefined) expect(row?.standard).toContain(`\`${shown(node.default)}\``);
  });

  it('explains no key that does not exist', () => {
    const known = new Set([...daemon, ...settings(server)].map(([path]) => path));
    const extra = [...rows.keys()].filter((key) => !known.has(key));
    expect(extra).toEqual(['defaults', 'servers', 'mcpServers']);
  });

  it('marks what is not active yet', () => {
    for (const [key, { line }] of rows) expect(line.includes('not active yet'), key).toBe(false);
  });
});

/** As people write it in YAML: a list of maps is too long for a table and stands as JSON. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
