// The architecture as one table: the imports each folder and each package is allowed, no circles, no crowded folders.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { circlesIn, type Graph } from './import-graph.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const DASHBOARDS = fileURLToPath(new URL('../grafana/src', import.meta.url));

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
  'history',
] as const;
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  promql: [],
  system: ['core'],
  // One connection to each MCP server, for all who talk to it.
  wire: ['core', 'system'],
  ...Object.fromEntries(FEATURES.map((feature) => [feature, ['core', 'system']])),
  alerting: ['core', 'promql', 'system'],
  history: ['core', 'promql', 'system'],
  probes: ['core', 'system', 'wire'],
  // Rules that cannot be evaluated are a fault of the config.
  config: ['core', 'promql', 'system'],
  control: ['core', 'system'],
  web: ['core', 'system'],
  gateway: ['core', 'system', 'wire'],
  // Runs in the browser: of the rest only what is pure.
  page: ['core'],
  daemon: ['core', 'system', 'wire', ...FEATURES, 'config', 'control', 'web', 'gateway'],
  doctor: ['core', 'system', ...FEATURES, 'config', 'control'],
  commands: ['core', 'system', 'wire', ...FEATURES, 'config', 'control', 'daemon', 'doctor'],
  cli: ['core', 'system', 'commands'],
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
  'smol-toml': ['config', 'packages'],
  bcryptjs: ['web'],
  marked: ['web'],
  semver: ['packages'],
};

/** Packages that are bundled into dist/page/, so that users need not install them. */
const BUNDLED: Readonly<Record<string, readonly string[]>> = { 'lit-html': ['page'] };

/** Files in one folder: what one can take in at a glance. */
const MOST_FILES = 14;
/** Folders that hold more, by path, with the number and the reason. */
const CROWDED: Readonly<Record<string, { readonly files: number; readonly reason: string }>> = {
  'src/core/model': { files: 15, reason: 'the types of all subjects, one file each' },
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

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, name));
}

const files = filesBelow(SRC);
const imports = files.flatMap(importsOf);
const isLocal = ({ target }: Import): boolean => target.startsWith('.');
const packageOf = ({ target }: Import): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

/** All imports between files of one tree, types included: file to imported files, relative to `root`. */
function graphBelow(root: string): Graph {
  const all = new Set(filesBelow(root));
  return new Map(
    [...all].map((file) => [
      relative(root, file),
      importsOf(file)
        .filter(isLocal)
        .map(({ target }) => resolve(dirname(file), target))
        .filter((target) => all.has(target))
        .map((target) => relative(root, target)),
    ]),
  );
}

/**
 * The rooms of a folder and their imports: its sub-folders, each with all that is below it, and the files beside
 * them. A file and a folder of one name are one room, as `daemon.ts` and `daemon/`.
 */
function roomsOf(folder: string, graph: Graph): Graph {
  const prefix = folder === '' ? '' : folder + sep;
  const roomOf = (file: string): string | null =>
    file.startsWith(prefix)
      ? prefix + (file.slice(prefix.length).split(sep)[0] ?? '').replace(/\.(d\.)?ts$/, '')
      : null;
  const rooms = new Map<string, string[]>();
  for (const [file, targets] of graph) {
    const from = roomOf(file);
    if (from === null) continue;
    const reached = targets.map(roomOf).filter((to) => to !== null && to !== from);
    rooms.set(from, [...(rooms.get(from) ?? []), ...reached.filter((to) => to !== null)]);
  }
  return rooms;
}

function foldersIn(graph: Graph): string[] {
  const folders = new Set(['']);
  for (const file of graph.keys())
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  return [...folders].sort();
}

describe('the architecture', () => {
  test('has a row for every folder, and no row without one', () => {
    expect(Object.keys(MAY_IMPORT).sort()).toEqual([...new Set(files.map(folderOf))].sort());
  });

  test.each([
    ['src', SRC],
    ['grafana/src', DASHBOARDS],
  ])('has no circle between files of %s, whether of values or of types', (_name, root) => {
    expect(circlesIn(graphBelow(root))).toEqual([]);
  });

  test.each([
    ['src', SRC],
    ['grafana/src', DASHBOARDS],
  ])('has no circle between folders of %s, nor between a folder and the files beside it', (_name, root) => {
    const graph = graphBelow(root);
    const circles = foldersIn(graph).flatMap((folder) => circlesIn(roomsOf(folder, graph)));
    // Circles of files alone are told by the test above.
    expect(circles.filter((circle) => !circle.every((room) => graph.has(`${room}.ts`)))).toEqual([]);
  });

  test('has no crowded folder, and no exception that is not needed', () => {
    const counts = new Map<string, number>();
    for (const file of [...files, ...filesBelow(DASHBOARDS)]) {
      const folder = relative(dirname(SRC), dirname(file));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    const crowded = [...counts].filter(([, count]) => count > MOST_FILES);
    expect(Object.fromEntries(crowded)).toEqual(
      Object.fromEntries(Object.entries(CROWDED).map(([folder, { files: count }]) => [folder, count])),
    );
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
      .filter((one) => !({ ...MAY_USE, ...BUNDLED }[packageOf(one)] ?? []).includes(one.folder))
      .map((one) => `${one.file} uses ${one.target}`);
    expect(breaches).toEqual([]);
  });

  test('uses every package that package.json names', () => {
    const { dependencies }: { dependencies: object } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    );
    expect(Object.keys(dependencies).sort()).toEqual(Object.keys(MAY_USE).sort());
  });

  test('asks for the operating system in one file', () => {
    expect(
      files
        .filter((file) => /\bprocess\.platform\b|\bos\.platform\b|\bplatform\(\)/.test(stripComments(file)))
        .map((file) => relative(SRC, file)),
    ).toEqual(['system/platform.ts']);
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
