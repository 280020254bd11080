// Bundler of the program: what starts often, and the daemon, are one file each instead of hundreds of modules.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** What is started by its path, relative to `src` and to `dist`. */
const ENTRIES = ['cli', 'index', 'web/bcrypt-child', 'system/time/event-loop-watchdog-worker'];

/**
 * Reads the config in a process of its own, at each start and reload. One short file, with the packages that it needs: to find, read and
 * load those takes half of the time.
 */
const READER = 'config/load-child';

/** Folder of the other files, below `dist`. */
const CHUNKS = 'chunks';

/** Modules that a daemon loads at each start, besides what they import. */
const DAEMON = ['commands/daemon/run', 'daemon', 'daemon/config/initial-config', 'system/time/cron'];

/** Commands that load little, and would wait for a file that holds much. */
const LIGHT =
  'inspect/check inspect/tools inspect/open query/query clients/calls clients/approve logs/logs daemon/reload'
    .split(' ')
    .map((name) => `commands/${name}`);

/**
 * In this order, each with what it imports and no earlier one has. V8's flags are set, and its cache of code is opened, before what they
 * are for is loaded: those modules are files of their own.
 */
const FIRST = [
  { name: 'entry', roots: ['cli'] },
  { name: 'memory', roots: ['commands/daemon/prefer-memory'] },
  { name: 'help', roots: ['commands/quick-answer'] },
  { name: 'cache', roots: ['commands/compile-cache'] },
  { name: 'connect', roots: ['commands/connect/run-shim'] },
  { name: 'status', roots: ['commands/command-line', 'commands/inspect/status'] },
];

/**
 * Bundles `src` to `dist`: the entries to their places, all else to `dist/chunks`. Files that have not changed are not touched,
 * as somebody may be running them.
 *
 * @returns paths of what was made, relative to `dist`
 */
export async function bundleProgram(root) {
  // Loaded here: before `npm ci` it is not there.
  const { rolldown } = await import('rolldown');
  const source = join(root, 'src');
  const dist = join(root, 'dist');
  const bundle = await rolldown({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(source, `${name}.ts`)])),
    platform: 'node',
    // Helpers of rolldown itself, which it brings along, are bundled.
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@oxc-project/'),
    // What is grouped below shall not draw in what it imports.
    preserveEntrySignatures: 'allow-extension',
    onLog: (level, log, report) => {
      // A module that is imported at once elsewhere is in that file: intended.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') report(level, log);
    },
    plugins: [oldPlaces(source), await parsedRules(root)],
  });
  const { output } = await bundle.generate({
    format: 'esm',
    comments: false,
    sourcemap: true,
    // Whoever replaces the files below a running daemon has it load the rest of them: names say what they were, letters would not.
    minifyInternalExports: false,
    entryFileNames: '[name].js',
    chunkFileNames: ({ facadeModuleId, name }) =>
      `${CHUNKS}/${facadeModuleId === null ? name : flat(relative(source, facadeModuleId))}.js`,
    codeSplitting: { includeDependenciesRecursively: false, groups: groupsOf(source) },
  });
  await bundle.close();
  checkPackages(root, output);
  const others = [...(await bundleReader(root)), ...(await bundleCommand(root))];
  const files = new Map([...output, ...others].map((file) => [file.fileName, textOf(file)]));
  for (const [name, text] of files) writeChanged(join(dist, name), text);
  for (const name of ['cli.js', 'cli.cjs']) chmodSync(join(dist, name), 0o755);
  for (const name of readdirSync(join(dist, CHUNKS)))
    if (!files.has(`${CHUNKS}/${name}`)) rmSync(join(dist, CHUNKS, name), { force: true });
  return [...files.keys()];
}

/** In `cli.cjs` itself. */
const BRIDGE = 'commands/connect/run-shim.ts';
/** Files of their own beside it, by their names. */
const AT_HAND = {
  'quick-answer': 'commands/quick-answer.ts',
  'command-line': 'commands/command-line.ts',
  status: 'commands/inspect/status.ts',
};

/**
 * Bundles the command once more, as CommonJS with all that help, `status` and a bridge need: for such files Node does not load its
 * loader of ES modules, which is 2 MiB of the memory of a bridge, and a third of the start of all three. A bridge is one file.
 */
async function bundleCommand(root) {
  const source = join(root, 'src');
  const files = new Map(Object.entries(AT_HAND).map(([name, path]) => [path, `${CHUNKS}/${name}.cjs`]));
  const entries = Object.entries(AT_HAND).map(([name, path]) => [name, join(source, path)]);
  const [command, others] = await Promise.all([
    bundleCommonJs(source, { cli: join(source, 'cli.ts') }, (path) =>
      path === BRIDGE ? null : (files.get(path) ?? chunkOf(path)),
    ),
    bundleCommonJs(source, Object.fromEntries(entries), (path) => (files.has(path) ? null : chunkOf(path))),
  ]);
  return [...command, ...others];
}

function chunkOf(path) {
  return `${CHUNKS}/${flat(path)}.js`;
}

/** @param fileOf names the file of what is loaded later, relative to `dist`; null for what is bundled */
async function bundleCommonJs(source, input, fileOf) {
  const { rolldown } = await import('rolldown');
  const elsewhere = {
    name: 'elsewhere',
    resolveId(name, importer, { kind }) {
      if (kind !== 'dynamic-import' || importer === undefined || !name.startsWith('.')) return null;
      const file = fileOf(relative(source, join(dirname(importer), name)));
      return file === null ? null : { id: `@dist/${file}`, external: true };
    },
  };
  const bundle = await rolldown({ input, platform: 'node', plugins: [elsewhere, oldPlaces(source)] });
  const isCommand = 'cli' in input;
  const { output } = await bundle.generate({
    format: 'cjs',
    comments: false,
    sourcemap: true,
    ...(isCommand && { codeSplitting: false }),
    entryFileNames: isCommand ? '[name].cjs' : `${CHUNKS}/[name].cjs`,
    chunkFileNames: `${CHUNKS}/[name].cjs`,
  });
  await bundle.close();
  return output;
}

/** What is CommonJS is required: `import()` would load the loader for it. */
function requiring(code) {
  return code.replaceAll(/\bimport\(("@dist\/[^"]+\.cjs")\)/gu, 'Promise.resolve().then(() => require($1))');
}

/** Bundles the reader, and puts the licences of its packages beside it. */
async function bundleReader(root) {
  const { rolldown } = await import('rolldown');
  const source = join(root, 'src');
  const bundle = await rolldown({
    input: { [READER]: join(source, `${READER}.ts`) },
    platform: 'node',
    // The main file of jsonc-parser finds its parts in a way that no bundler sees.
    resolve: { mainFields: ['module', 'main'] },
    plugins: [oldPlaces(source), await parsedRules(root)],
  });
  const { output } = await bundle.generate({
    format: 'esm',
    comments: false,
    sourcemap: true,
    codeSplitting: false,
    minify: true,
    entryFileNames: '[name].js',
  });
  await bundle.close();
  const ids = output.flatMap(({ moduleIds = [] }) => moduleIds);
  const folders = ids.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(id)?.[0] ?? []);
  return [
    ...output,
    { type: 'asset', fileName: `${READER}.LICENSE.txt`, source: licencesOf(new Set(folders)) },
  ];
}

/** @throws where one is missing */
function licencesOf(folders) {
  return [...folders]
    .toSorted((a, b) => a.localeCompare(b))
    .map((folder) => {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((each) => /^licen[cs]e/iu.test(each));
      if (file === undefined) throw new Error(`${name} is bundled and has no licence file`);
      return `${name}\n\n${readFileSync(join(folder, file), 'utf8')}`;
    })
    .join('\n\n');
}

/** @throws where a file imports a package that an installation does not have */
function checkPackages(root, output) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const own = new Set(output.map(({ fileName }) => fileName));
  for (const { fileName, imports = [], dynamicImports = [] } of output)
    for (const name of [...imports, ...dynamicImports]) {
      const [scope, rest = ''] = name.split('/');
      const isKnown =
        own.has(name) ||
        name.startsWith('node:') ||
        (scope.startsWith('@') ? `${scope}/${rest}` : scope) in dependencies;
      if (!isKnown && name !== OPTIONAL)
        throw new Error(`${fileName} imports ${name}, which no installation has`);
    }
}

/** Asked for only where it is configured. */
const OPTIONAL = '@opentelemetry/exporter-metrics-otlp-http';

/** `commands/connect/run-shim.ts` is `commands.connect.run-shim`: all chunks are in one folder. */
function flat(path) {
  return path.replace(/\.ts$/u, '').split(sep).join('.');
}

/** Plugin that lets modules find files beside them as before they were bundled. */
function oldPlaces(source) {
  return { name: 'places', transform: (code, id) => moved(code, relative(source, id)) };
}

/** Plugin that puts the shipped rule files, parsed, into the module that is for them. */
async function parsedRules(root) {
  const { parse } = await import('yaml');
  const folder = join(root, 'alerting', 'rules');
  const entries = readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const hash = createHash('sha256').update(text).digest('hex');
      return [name, { hash, json: JSON.stringify(parse(text)) }];
    });
  const code = `export const PARSED_RULES = ${JSON.stringify(Object.fromEntries(entries))};`;
  return { name: 'rules', load: (id) => (id.endsWith('config/build/parsed-rules.ts') ? code : null) };
}

/** Where a module lies is asked for files beside it: from another file it must still name the old place. Modules loaded ahead have moved. */
function moved(code, path) {
  const isEntry = path === 'cli.ts';
  if (path.startsWith('..')) return null;
  if (!isEntry && !code.includes(PLACE)) return null;
  const old = `@dist/${path.replace(/\.ts$/u, '.js').split(sep).join('/')}`;
  const text = isEntry
    ? code.replaceAll(AHEAD, (_, name) => `'./${CHUNKS}/${name.replaceAll('/', '.')}.js'`)
    : code.replaceAll(PLACE, `new URL("${old}", ${PLACE}).href`);
  // Every line stays where it is.
  return { code: text, map: null };
}

const PLACE = 'import.meta.url';
const AHEAD = /'\.\/(commands\/[\w/-]+)\.js'/gu;

function textOf({ type, code, source, fileName }) {
  if (type === 'asset') return source;
  const up = '../'.repeat(fileName.split('/').length - 1) || './';
  return oneByte(requiring(code).replaceAll(/(?<=["'`])@dist\//gu, up));
}

/** Writes the few characters beyond Latin-1 as escapes: with a single one V8 keeps a whole file at two bytes a character. */
function oneByte(code) {
  return code.replaceAll(/[^\0-\u{ff}]/gu, (sign) =>
    [...Array(sign.length).keys()]
      .map((index) => `\\u${sign.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Groups of modules that become one file each; what is in none is divided by who imports it. */
function groupsOf(source) {
  let places = null;
  const name = (id, graph) => {
    places ??= placesOf(source, graph);
    return places.get(id) ?? null;
  };
  return [{ name, debugName: 'starts' }];
}

/** Maps modules to the names of their groups. */
function placesOf(source, graph) {
  const imports = (id) => graph.getModuleInfo(id)?.importedIds ?? [];
  const closure = (names) => {
    const found = new Set();
    const open = names.map((name) => join(source, `${name}.ts`));
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id) || !id.startsWith(source)) continue;
      found.add(id);
      open.push(...imports(id));
    }
    return found;
  };
  const places = new Map();
  const put = (ids, group) => {
    for (const id of ids) if (!places.has(id)) places.set(id, group);
  };
  const ofStatus = closure(FIRST.at(-1).roots);
  for (const { name, roots } of FIRST) {
    // What a bridge and a command have in common.
    if (name === 'connect')
      put(
        [...closure(roots)].filter((id) => ofStatus.has(id)),
        'base',
      );
    put(closure(roots), name);
  }
  const registry = graph.getModuleInfo(join(source, 'commands', 'registry.ts'));
  const run = join(source, `${DAEMON[0]}.ts`);
  const commands = registry.dynamicallyImportedIds.filter((id) => id !== run);
  const ofLight = closure(LIGHT);
  const ofCommands = closure(commands.map((id) => relative(source, id).replace(/\.ts$/u, '')));
  const daemon = [...closure(DAEMON)].filter((id) => !ofLight.has(id));
  const server = closure(['daemon/single-server']);
  put(
    daemon.filter((id) => ofCommands.has(id)),
    'shared',
  );
  put(
    daemon.filter((id) => server.has(id)),
    'server',
  );
  put(daemon, 'daemon');
  for (const name of ENTRIES) places.delete(join(source, `${name}.ts`));
  return places;
}

/** Writes a file, with the folders above it, unless it has this text already. */
export function writeChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
