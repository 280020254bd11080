// Do the dashboards have the shape that Grafana's own types say? A key that is misspelt would be ignored in silence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DASHBOARDS } from './read-dashboards.ts';

/** Each kind of panel, and the sub-package that has the types of its options. */
const KINDS: Readonly<Record<string, string>> = {
  stat: 'stat',
  timeseries: 'timeseries',
  'state-timeline': 'statetimeline',
  heatmap: 'heatmap',
  table: 'table',
};

const DIST = dirname(
  dirname(createRequire(import.meta.url).resolve('@grafana/grafana-foundation-sdk/dashboard')),
);
const folder = mkdtempSync(join(tmpdir(), 'grafana-schema-'));
let check: (type: string, value: unknown) => string[];

beforeAll(() => {
  const types = [
    `import type { Dashboard } from '${DIST}/dashboard';`,
    `import type { Dataquery } from '${DIST}/prometheus';`,
    ...Object.values(KINDS).map(
      (kind) =>
        `import type { Options as ${kind}Options, FieldConfig as ${kind}Fields } from '${DIST}/${kind}';`,
    ),
    // Queries have their own type: the dashboard's knows nothing of them.
    'export interface All { dashboard: Dashboard; query: Dataquery;',
    ...Object.values(KINDS).map((kind) => `${kind}Options: ${kind}Options; ${kind}Fields: ${kind}Fields;`),
    '}',
  ];
  writeFileSync(join(folder, 'types.ts'), types.join('\n'));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { module: 'esnext', moduleResolution: 'bundler', strict: true } }),
  );
  const made = createGenerator({
    path: join(folder, 'types.ts'),
    tsconfig: join(folder, 'tsconfig.json'),
    type: 'All',
    skipTypeCheck: true,
    // In place, since several of the types have one name.
    expose: 'none',
    topRef: false,
  }).createSchema('All');
  // Through JSON, because the two packages describe a schema in different types.
  const schema: AnySchemaObject = JSON.parse(JSON.stringify(made));
  openTargets(schema);
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.addSchema(schema, 'all');
  const known = new Map<string, ValidateFunction>();
  check = (type, value) => {
    const validate = known.get(type) ?? ajv.compile({ $ref: `all#/properties/${type}` });
    known.set(type, validate);
    return validate(value)
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
        );
  };
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Queries are each data source's own: the dashboard's type has none of their fields. */
function openTargets(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'targets' || key === 'target') Object.assign(schema, { [key]: {} });
    else openTargets(value);
  }
}

describe.each(DASHBOARDS)('$name', ({ dashboard, panels }) => {
  test('is a dashboard of the classic schema', () => {
    expect(dashboard.schemaVersion).toBe(42);
    expect(check('dashboard', dashboard)).toEqual([]);
  });

  test('asks with queries of Prometheus', () => {
    expect(
      panels.flatMap((panel) => (panel.targets ?? []).flatMap((query) => check('query', query))),
    ).toEqual([]);
  });

  test('has only options that its kinds of panels have', () => {
    const faults = panels.flatMap(({ title, type, options, fieldConfig }) => {
      const kind = KINDS[type];
      if (kind === undefined) return [`${title}: no types are known for panels of type ${type}`];
      return [
        ...check(`${kind}Options`, options),
        ...check(`${kind}Fields`, fieldConfig.defaults.custom ?? {}),
      ].map((fault) => `${title}: ${fault}`);
    });
    expect(faults).toEqual([]);
  });
});

describe('the schema', () => {
  const [first] = DASHBOARDS;
  if (first === undefined) throw new Error('There are no dashboards');

  test('catches a key that there is not', () => {
    expect(check('dashboard', { ...first.dashboard, titel: 'x' })).not.toEqual([]);
  });

  test('catches a typo deep inside', () => {
    const copy = structuredClone(first.dashboard);
    const panel = copy.panels.find(({ type }) => type !== 'row');
    Object.assign(panel!.fieldConfig.defaults, { untis: 's' });
    expect(check('dashboard', copy)).not.toEqual([]);
  });

  test('catches a value of the wrong type in options and queries', () => {
    expect(check('statOptions', { graphMode: 'none', colourMode: 'value' })).not.toEqual([]);
    expect(check('query', { refId: 'A', expr: 5 })).not.toEqual([]);
  });
});
