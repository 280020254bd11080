// The architecture as one table: which folder may import which, and who may use which package.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

const FEATURES = [
  'supervisor',
  'probes',
  'sampling',
  'packages',
  'metrics',
  'journal',
  'logs',
  'notify',
  'orphans',
  'housekeeping',
  'service',
  'alerting',
  'updates',
] as const;
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  promql: [],
  system: ['core'],
  ...Object.fromEntries(FEATURES.map((feature) => [feature, ['core', 'system']])),
  alerting: ['core', 'promql', 'system'],
  // Rules that cannot be evaluated are a fault of the config.
  config: ['core', 'promql', 'system'],
  control: ['core', 'system'],
  web: ['core', 'system'],
  daemon: ['core', 'system', ...FEATURES, 'config', 'control', 'web'],
  doctor: ['core', 'system', ...FEATURES, 'config', 'control'],
  commands: ['core', 'system', ...FEATURES, 'config', 'control', 'daemon', 'doctor'],
  cli: ['core', 'commands'],
  index: ['core', 'system', 'daemon'],
};

/** Each package stays behind one folder, so that it can be replaced there. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  execa: ['system'],
  pidusage: ['system'],
  pino: ['system'],
  'node-schedule': ['system'],
  undici: ['system'],
  'prom-client': ['metrics'],
  express: ['web'],
  helmet: ['web'],
  commander: ['cli', 'commands'],
  zod: ['config'],
  yaml: ['config', 'web'],
  '@prometheus-io/lezer-promql': ['promql'],
  '@lezer/common': ['promql'],
  // Only what the grammar asks for: peers of it.
  '@lezer/highlight': ['promql'],
  '@lezer/lr': ['promql'],
  'jsonc-parser': ['config'],
  'smol-toml': ['config'],
  bcryptjs: ['web'],
  semver: ['packages'],
};

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\s)(?:from|import)\s+['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/g,
  );
  return [...found].map(([, fixed, lazy]) => ({
    file: relative(SRC, file),
    folder: folderOf(file),
    target: fixed ?? lazy ?? '',
  }));
}

/** The first folder below src/, or the name of a file that lies there itself. */
function folderOf(file: string): string {
  const [first = ''] = relative(SRC, file).split(sep);
  return first.replace(/\.(d\.)?ts$/, '');
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));
const imports = files.flatMap(importsOf);
const isLocal = ({ target }: Import): boolean => target.startsWith('.');
const packageOf = ({ target }: Import): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

describe('the architecture', () => {
  test('has a row for every folder, and no row without one', () => {
    expect(Object.keys(MAY_IMPORT).sort()).toEqual([...new Set(files.map(folderOf))].sort());
  });

  test('lets each folder import only what its row says', () => {
    const breaches = imports.filter(isLocal).flatMap((one) => {
      const to = folderOf(resolve(SRC, dirname(one.file), one.target));
      const isAllowed = to === one.folder || (MAY_IMPORT[one.folder] ?? []).includes(to);
      return isAllowed ? [] : [`${one.file} imports ${one.target}: ${one.folder} must not know ${to}`];
    });
    expect(breaches).toEqual([]);
  });

  test('keeps core free of node, packages and everything that waits', () => {
    expect(imports.filter((one) => one.folder === 'core' && !isLocal(one))).toEqual([]);
    const impure = files
      .filter((file) => folderOf(file) === 'core')
      .filter((file) => /\basync\b|\bPromise\b|\bDate\b|setTimeout/.test(stripComments(file)));
    expect(impure).toEqual([]);
  });

  test('keeps promql free of node: no files, no network, no clock', () => {
    expect(imports.filter(({ folder, target }) => folder === 'promql' && target.startsWith('node:'))).toEqual(
      [],
    );
    const timed = files
      .filter((file) => folderOf(file) === 'promql')
      .filter((file) => /\bDate\.now\b|new Date\(\)|performance|setTimeout/.test(stripComments(file)));
    expect(timed).toEqual([]);
  });

  test('keeps each package behind its folder', () => {
    const breaches = imports
      .filter((one) => !isLocal(one) && !one.target.startsWith('node:'))
      .filter((one) => !(MAY_USE[packageOf(one)] ?? []).includes(one.folder))
      .map((one) => `${one.file} uses ${one.target}`);
    expect(breaches).toEqual([]);
  });

  test('uses every package that package.json names', () => {
    const { dependencies }: { dependencies: object } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    );
    expect(Object.keys(dependencies).sort()).toEqual(Object.keys(MAY_USE).sort());
  });

  test('lets only cli.ts end the process', () => {
    expect(
      files
        .filter((file) => folderOf(file) !== 'cli')
        .filter((file) => stripComments(file).includes('process.exit(')),
    ).toEqual([]);
  });
});

function stripComments(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}
