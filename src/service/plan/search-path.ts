// PATH of the service: no shell sets one there.
import { delimiter, dirname, join } from 'node:path';
import type { Machine } from '../shared/machine.ts';

/** Programs that start MCP servers; the folders that hold them now become part of the PATH. */
const LAUNCHERS = ['npm', 'npx', 'uvx', 'uv', 'bun', 'deno', 'docker'];

const BREW = ['/opt/homebrew/bin', '/opt/homebrew/sbin'];
const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/**
 * Builds the PATH as a list of folders without duplicates.
 *
 * @param node its folder comes first
 * @param env the environment of the shell that installs
 * @param isLasting false for a temporary folder, which is left out
 */
export function buildSearchPath(
  { node, env }: { readonly node: string; readonly env: Readonly<Record<string, string | undefined>> },
  isLasting: (folder: string) => boolean,
  machine: Machine,
): string[] {
  // A relative folder would depend on the working directory of each server.
  const absolute = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const found = LAUNCHERS.flatMap((name) => {
    const folder = absolute.find((one) => isLasting(one) && machine.isExecutable(join(one, name)));
    return folder === undefined ? [] : [folder];
  });
  const brew = BREW.filter((folder) => machine.isFolder(folder));
  return [...new Set([dirname(node), ...found, ...brew, ...SYSTEM])];
}
