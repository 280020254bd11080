// In which folders the servers of a service find their programs: no shell has set a PATH there.
import { delimiter, dirname, join } from 'node:path';
import type { Machine } from '../shared/machine.ts';

/** What MCP servers are started with; where these are found now, the service looks too. */
const LAUNCHERS = ['npm', 'npx', 'uvx', 'uv', 'bun', 'deno', 'docker'];

const BREW = ['/opt/homebrew/bin', '/opt/homebrew/sbin'];
const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/**
 * @param node its folder comes first
 * @param env the environment of the shell that installs
 * @param isLasting false for a folder that is gone tomorrow
 */
export function buildSearchPath(
  { node, env }: { readonly node: string; readonly env: Readonly<Record<string, string | undefined>> },
  isLasting: (folder: string) => boolean,
  machine: Machine,
): string[] {
  // A relative folder would mean another one in each server; a colon has no escape in a PATH.
  const ours = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const found = LAUNCHERS.flatMap((name) => {
    const folder = ours.find((one) => isLasting(one) && machine.isExecutable(join(one, name)));
    return folder === undefined ? [] : [folder];
  });
  const brew = BREW.filter((folder) => machine.isFolder(folder));
  return [...new Set([dirname(node), ...found, ...brew, ...SYSTEM])];
}
