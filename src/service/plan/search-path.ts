// PATH of the service: no shell sets one there.
import { dirname, join } from 'node:path';
import type { Machine } from '../shared/machine.ts';
import { foldersOf } from './programs.ts';

/** Programs that start MCP servers; the folders that hold them now become part of the PATH. */
const LAUNCHERS = ['npm', 'npx', 'uvx', 'uv', 'bun', 'deno', 'docker'];

/** The same, but macOS has stand-ins of some in /usr/bin: a folder of the system is not moved to the front for them. */
const INTERPRETERS = ['python3', 'pipx', 'pnpm', 'java'];

/** Homebrew, MacPorts. */
const BREW = ['/opt/homebrew/bin', '/opt/homebrew/sbin', '/opt/local/bin'];
const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

interface SearchInput {
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly programs: readonly string[];
}

/**
 * Builds the PATH as a list of folders without duplicates.
 *
 * @param node its folder comes first
 * @param env the environment of the shell that installs
 * @param programs names of further programs that this shell finds and the service is to find too
 * @param isLasting false for a temporary folder, which is left out
 */
export function buildSearchPath(
  { node, env, programs }: SearchInput,
  isLasting: (folder: string) => boolean,
  machine: Machine,
): string[] {
  // A relative folder would depend on the working directory of each server.
  const absolute = foldersOf(env['PATH']).filter(isLasting);
  const folderOf = (name: string, folders: readonly string[]): string | undefined =>
    folders.find((folder) => machine.isExecutable(join(folder, name)));
  const foldersHolding = (names: readonly string[]): string[] =>
    names.flatMap((name) => folderOf(name, absolute) ?? []);
  const found = foldersHolding(LAUNCHERS);
  const interpreters = foldersHolding(INTERPRETERS).filter((folder) => !SYSTEM.includes(folder));
  const brew = BREW.filter((folder) => machine.isFolder(folder));
  const base = [dirname(node), ...found, ...brew, ...SYSTEM];
  // Only where the base would find another file, or none: each further folder changes what other names mean.
  const further = programs
    .filter((name) => !name.includes('/'))
    .flatMap((name) => {
      const folder = folderOf(name, absolute);
      return folder === undefined || folder === folderOf(name, base) ? [] : [folder];
    });
  return [...new Set([dirname(node), ...found, ...further, ...interpreters, ...brew, ...SYSTEM])];
}
