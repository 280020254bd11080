// Choice of a node path that outlives node updates: version managers remove the running one.
import { join } from 'node:path';
import type { Machine } from '../shared/machine.ts';

export interface RunningNode {
  /** `process.execPath`. */
  readonly path: string;
  /** Without a `v`. */
  readonly version: string;
}

export interface NodeChoice {
  readonly path: string;
  /** For people: why another one was chosen, or what can remove it; null when there is no risk. */
  readonly warning: string | null;
}

/** Chooses the node that the service starts; `platform` as in `process.platform`. */
export function chooseNode(
  running: RunningNode,
  { userHome, platform }: { readonly userHome: string; readonly platform: string },
  machine: Machine,
): NodeChoice {
  const homebrew = fromCellar(running.path, machine);
  if (homebrew !== null) return homebrew;
  const path = withoutShellLinks(running.path, userHome, machine);
  const manager = managerOf(path);
  if (manager === null) return { path, warning: null };
  const system = systemNodes(platform).find((node) => isUsable(node, running, machine));
  if (system !== undefined)
    return {
      path: system,
      warning: `runs on ${system}, because ${manager} may remove ${path}`,
    };
  const alternative = platform === 'darwin' ? 'a node from Homebrew or nodejs.org' : 'a node of the system';
  return {
    path,
    warning: `runs on ${path} of ${manager} and cannot start once that version is removed; install ${alternative}, or run mcp-watchdog install after each change of node`,
  };
}

/** Resolves the links of our own program, but keeps a path that survives `brew upgrade` when a formula installed it. */
export function lastingProgram(program: string, { realpath }: Pick<Machine, 'realpath'>): string {
  const real = realpath(program) ?? program;
  const stable = real.replace(/^(.*)\/Cellar\/([^/]+)\/[^/]+\//u, '$1/opt/$2/');
  return realpath(stable) === real ? stable : real;
}

/** Homebrew removes `…/Cellar/node@22/22.11.0/bin/node` at an upgrade; `…/opt/node@22/bin/node` leads to the newest. */
function fromCellar(path: string, machine: Machine): NodeChoice | null {
  const found = /^(.*)\/Cellar\/([^/]+)\/[^/]+\/(.+)$/u.exec(path);
  if (found === null) return null;
  const [, prefix = '', formula = '', rest = ''] = found;
  const stable = `${prefix}/opt/${formula}/${rest}`;
  if (machine.isExecutable(stable)) return { path: stable, warning: null };
  return {
    path,
    warning: `runs on ${path}, which the next brew upgrade removes, because ${stable} is missing: brew link ${formula}`,
  };
}

/** Resolves links that live only as long as a shell (fnm) and start scripts that need one (Volta). */
function withoutShellLinks(path: string, userHome: string, machine: Machine): string {
  if (/\/fnm_multishells\//u.test(path)) return machine.realpath(path) ?? path;
  if (path === join(userHome, '.volta', 'bin', 'node')) return voltaImage(userHome, machine) ?? path;
  return path;
}

function voltaImage(userHome: string, machine: Machine): string | null {
  const images = join(userHome, '.volta', 'tools', 'image', 'node');
  const newest = machine
    .list(images)
    .filter((name) => /^\d+\.\d+\.\d+$/u.test(name))
    .sort((a, b) => compare(b, a))
    .map((name) => join(images, name, 'bin', 'node'));
  return newest.find((node) => machine.isExecutable(node)) ?? null;
}

const MANAGERS: readonly (readonly [name: string, mark: RegExp])[] = [
  ['nvm', /\/\.?nvm\/versions\/node\//u],
  ['fnm', /\/fnm_multishells\/|\/node-versions\/[^/]+\/installation\//u],
  ['volta', /\/\.volta\//u],
  ['asdf', /\/\.asdf\//u],
  ['mise', /\/mise\/(?:installs|shims)\//u],
  ['nodenv', /\/\.nodenv\//u],
  ['n', /\/n\/versions\/node\//u],
  ['Nix', /^\/nix\/store\//u],
  ['nodebrew', /\/\.nodebrew\//u],
  ['proto', /\/\.proto\//u],
  ['nvs', /\/\.?nvs\/(?:node|default)\//u],
  ['vfox', /\/\.(?:version-fox|vfox)\//u],
  ['pnpm', /\/pnpm\/nodejs\//u],
  ['conda', /\/(?:ana|mini)conda\d*\/|\/mini(?:forge|mamba)\d*\//u],
  ['LM Studio', /\/\.lmstudio\//u],
  // Such as an editor: it brings a node of its own, and replaces it with itself.
  ['an app', /\.app\/Contents\//u],
  ['npx', /\/_npx\//u],
];

function managerOf(path: string): string | null {
  return MANAGERS.find(([, mark]) => mark.test(path))?.[0] ?? null;
}

function systemNodes(platform: string): readonly string[] {
  if (platform !== 'darwin') return ['/usr/local/bin/node', '/usr/bin/node'];
  const kegs = ['/opt/homebrew', '/usr/local'].flatMap((prefix) =>
    ['node@24', 'node@22'].map((formula) => `${prefix}/opt/${formula}/bin/node`),
  );
  return ['/opt/homebrew/bin/node', '/usr/local/bin/node', '/opt/local/bin/node', ...kegs];
}

/** Oldest major that is preferred to the running node even when that one is newer; older ones get no fixes. */
const SUPPORTED_MAJOR = 22;

function isUsable(path: string, running: RunningNode, machine: Machine): boolean {
  if (!machine.isExecutable(path)) return false;
  // A link in a system folder may lead into a version manager.
  if (managerOf(machine.realpath(path) ?? path) !== null) return false;
  const version = machine.nodeVersion(path);
  if (version === null || compare(version, OLDEST) < 0) return false;
  const major = Number.parseInt(version, 10);
  return major >= SUPPORTED_MAJOR || major >= Number.parseInt(running.version, 10);
}

/** As in package.json, `engines`. */
const OLDEST = '20.19.0';

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
