// What a fresh clone needs before anything can run: the right Node, the dependencies, the build. Nothing twice.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, writeChanged } from './bundle.mjs';
import { packOnlyNeeded } from './declarations.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const OLDEST_NODE = [20, 19];

/** Ends with one line when Node is too old: everything after would fail in less clear words. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(
    `Cannot run on Node ${process.versions.node}: mcp-watchdog needs ${OLDEST_NODE.join('.')} or newer`,
    'Install a current Node from nodejs.org, Homebrew, nvm or fnm.',
  );
}

/** Installs the dependencies that the lock file names, unless exactly those are there. */
export function install() {
  const stamp = join(root, 'node_modules', '.mcp-watchdog-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing dependencies (once, about half a minute)…');
  run(
    npm(),
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'Cannot install the dependencies',
    'Check the network, then run the same command again.',
  );
  writeFileSync(stamp, lock);
}

/** Builds dist/, unless it is newer than every source. @param options as for `buildAll`; a checked one does for both */
export async function build({ isChecked = true } = {}) {
  const stamp = join(root, 'dist', STAMP);
  const isCurrent = existsSync(stamp) && statSync(stamp).mtimeMs >= newest(['src', 'alerting/rules']);
  if (isCurrent && (!isChecked || readFileSync(stamp, 'utf8') !== BUNDLED)) return;
  say('Building…');
  await buildAll({ isChecked });
}

/** Written when all was built. */
const STAMP = '.built';
/** In it, when the types were not checked, nor each module compiled. */
const BUNDLED = 'only bundled';

/**
 * Bundles src/ to dist/ and src/page/ to dist/page/, which gets its style sheets beside it. All modules of src/ are compiled to dist/ too,
 * with their types: tests and benchmarks load them one by one.
 *
 * @param options.isChecked false only bundles, in a fraction of the time: for whoever wants to run it
 */
export async function buildAll({ isChecked = true } = {}) {
  const started = new Date();
  if (isChecked) compile('src/page/tsconfig.json');
  await bundlePage();
  if (isChecked) compile('tsconfig.build.json');
  // After the compiler, whose entries it replaces.
  const program = await bundleProgram(root);
  removeStale();
  packOnlyNeeded(join(root, 'dist'), program);
  const stamp = join(root, 'dist', STAMP);
  writeFileSync(stamp, isChecked ? '' : BUNDLED);
  // What was changed meanwhile is newer.
  utimesSync(stamp, started, started);
}

/** Removes what was compiled from a source that is gone: the compiler leaves it, and it would be packed. */
function removeStale() {
  const dist = join(root, 'dist');
  for (const name of readdirSync(dist, { recursive: true })) {
    const stem = /^(.*)(?:\.js|\.js\.map|\.d\.ts)$/u.exec(name)?.[1];
    if (stem === undefined || [`page${sep}`, `chunks${sep}`].some((folder) => name.startsWith(folder)))
      continue;
    if (!existsSync(join(root, 'src', `${stem}.ts`))) rmSync(join(dist, name), { force: true });
  }
}

function compile(project) {
  run(
    [process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc')],
    ['-p', project],
    'Cannot build',
    'See the messages above.',
  );
}

/** Licences of what is bundled, by their place in dist/page/. */
const LICENCES = { 'page/lit-html.LICENSE.txt': 'lit-html/LICENSE' };

/** Bundles src/page/main.ts to dist/page/: one file for the overview, one for each other view. What has not changed is not touched, as tests may be reading it. */
async function bundlePage() {
  // Loaded here: before `npm ci` it is not there.
  const { rolldown } = await import('rolldown');
  const source = join(root, 'src', 'page');
  const bundle = await rolldown({ input: { main: join(source, 'main.ts') } });
  const { output } = await bundle.generate({
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await bundle.close();
  const texts = new Map(output.map(({ fileName, code }) => [`page/${fileName}`, shortened(code)]));
  for (const name of readdirSync(source).filter((file) => file.endsWith('.css')))
    texts.set(`page/${name}`, shortStyle(readFileSync(join(source, name), 'utf8')));
  for (const [to, from] of Object.entries(LICENCES))
    texts.set(to, readFileSync(join(root, 'node_modules', from), 'utf8'));
  const target = join(root, 'dist', 'page');
  for (const [name, text] of texts) writeChanged(join(target, name), text);
  for (const name of readdirSync(target, { recursive: true }))
    if (extname(name) !== '' && !texts.has(name.split(sep).join('/'))) rmSync(join(target, name));
}

/** Without indentation, which minified code has only in templates: HTML takes a line break and spaces for one space. */
function shortened(code) {
  return code.replaceAll(/\n +/gu, '\n');
}

/** A style sheet without comments and line breaks. */
function shortStyle(text) {
  return text
    .replaceAll(/\/\*.*?\*\//gsu, '')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/\s*([{};,])\s*/gu, '$1')
    .replaceAll(';}', '}')
    .trim();
}

/** Runs a command with our terminal; a failure ends us with its exit code. */
export function run([file, ...first], rest, failure, hint) {
  const { status, error } = spawnSync(file, [...first, ...rest], { cwd: root, stdio: 'inherit' });
  if (error !== undefined || status !== 0)
    fail(`${failure}: ${error?.message ?? `exit code ${status}`}`, hint, status ?? 1);
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

function npm() {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? [process.execPath, path] : ['npm'];
}

function newest(folders) {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)),
  );
  const times = files.map((file) => statSync(file).mtimeMs);
  const others = ['tsconfig.build.json', 'package-lock.json', 'scripts/setup.mjs', 'scripts/bundle.mjs'];
  return Math.max(...times, ...others.map((name) => statSync(join(root, name)).mtimeMs));
}

function fail(message, hint, code = 1) {
  say(`error: ${message}\nhint: ${hint}`);
  process.exit(code);
}
