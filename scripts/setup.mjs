// What a fresh clone needs before anything can run: the right Node, the dependencies, the build. Nothing twice.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Compiles src/ to dist/, unless dist/ is newer than every source. */
export function build() {
  const built = join(root, 'dist', '.tsbuildinfo');
  const isCurrent =
    existsSync(join(root, 'dist', 'cli.js')) &&
    existsSync(built) &&
    statSync(built).mtimeMs >= newest(join(root, 'src'));
  if (isCurrent) return;
  say('Building…');
  run(
    [process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc')],
    ['-p', 'tsconfig.build.json'],
    'Cannot build',
    'See the messages above.',
  );
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
