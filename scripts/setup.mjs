// What a fresh clone needs before anything can run: the right Node, the dependencies, the build. Nothing twice.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

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

/** Builds dist/, unless it is newer than every source. */
export async function build() {
  const stamp = join(root, 'dist', STAMP);
  const isCurrent = existsSync(stamp) && statSync(stamp).mtimeMs >= newest(join(root, 'src'));
  if (isCurrent) return;
  say('Building…');
  await buildAll();
}

/** Written when all was built. */
const STAMP = '.built';

/** Compiles src/ to dist/ and src/page/ to dist/page/, which gets its style sheets and libraries beside it. */
export async function buildAll() {
  compile('src/page/tsconfig.json');
  await gatherPage();
  compile('tsconfig.build.json');
  writeFileSync(join(root, 'dist', STAMP), '');
}

function compile(project) {
  run(
    [process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc')],
    ['-p', project],
    'Cannot build',
    'See the messages above.',
  );
}

/** What the browser loads beside our own modules, by its place in dist/page/. Licences go along. */
const LIBRARIES = {
  'page/vendor/lit-html.js': 'lit-html/lit-html.js',
  'page/vendor/directive.js': 'lit-html/directive.js',
  'page/vendor/directive-helpers.js': 'lit-html/directive-helpers.js',
  'page/vendor/directives/repeat.js': 'lit-html/directives/repeat.js',
  'page/vendor/directives/guard.js': 'lit-html/directives/guard.js',
  'page/vendor/lit-html.LICENSE.txt': 'lit-html/LICENSE',
  'page/vendor/uplot.js': 'uplot/dist/uPlot.iife.min.js',
  'page/vendor/uplot.css': 'uplot/dist/uPlot.min.css',
  'page/vendor/uplot.LICENSE.txt': 'uplot/LICENSE',
};

/** Fills dist/page/ with what the page can reach; what has not changed is not touched, as tests may be reading it. */
async function gatherPage() {
  // Loaded here: before `npm ci` it is not there.
  const { minifySync } = await import('rolldown/utils');
  const minified = (name, text) => shortened(minifySync(name, text, { module: true }).code);
  const compiled = join(root, 'dist', '.page');
  const texts = new Map();
  for (const [to, from] of Object.entries(LIBRARIES))
    texts.set(to, adapted(to, readFileSync(join(root, 'node_modules', from), 'utf8')));
  for (const name of readdirSync(join(root, 'src', 'page')).filter((file) => file.endsWith('.css')))
    texts.set(`page/${name}`, shortStyle(readFileSync(join(root, 'src', 'page', name), 'utf8')));
  const reached = new Set(['page/main.js']);
  for (const name of reached) {
    if (!texts.has(name)) texts.set(name, minified(name, readFileSync(join(compiled, name), 'utf8')));
    for (const [, target] of texts.get(name).matchAll(IMPORT)) reached.add(posix.join(dirname(name), target));
  }
  const target = join(root, 'dist', 'page');
  for (const [name, text] of texts) writeChanged(join(target, name), text);
  for (const name of readdirSync(target, { recursive: true }))
    if (extname(name) !== '' && !texts.has(name.split(sep).join('/'))) rmSync(join(target, name));
  rmSync(compiled, { recursive: true });
}

/** Of a compiled module, static and lazy. */
const IMPORT = /(?:\bfrom|\bimport\(?)\s*["'`](\.{1,2}\/[^"'`]+)["'`]/gu;

function writeChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
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

/** Without the address of a source map that is not served; uPlot is published minified only as a script, so it gets an export. */
function adapted(name, text) {
  const code = text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/u, '\n');
  return name.endsWith('uplot.js') ? `${code}\nexport default uPlot;\n` : code;
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

function newest(folder) {
  const times = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs);
  return Math.max(...times, statSync(join(root, 'tsconfig.build.json')).mtimeMs);
}

function fail(message, hint, code = 1) {
  say(`error: ${message}\nhint: ${hint}`);
  process.exit(code);
}
