// Zed: `context_servers` in ~/.config/zed/settings.json, or in a project's .zed; formerly with the program inside `command`.
import { join } from 'node:path';
import { branchOf, isBranch } from '../../schema/document.ts';
import type { Tree } from '../../schema/document.ts';
import { dotConfig } from './folders.ts';
import type { ClientFormat } from './client-format.ts';
import { LITERAL } from './references.ts';
import { completed, renamed, serversAt } from './read-servers.ts';

export const zed: ClientFormat = {
  title: 'Zed',
  syntax: 'json',
  dialect: LITERAL,
  places: (where) => [
    { path: join(dotConfig(where), 'zed', 'settings.json'), project: null },
    { path: join(where.folder, '.zed', 'settings.json'), project: where.folder },
  ],
  recognises: (root) => isBranch(root['context_servers']),
  entries: (root, place) =>
    renamed(
      completed(serversAt(root, ['context_servers'], place), ({ written }) => ({
        written: withoutLayer(written),
      })),
      { path: 'command' },
    ),
};

/** `{command: {path, args, env}}` is what `{command, args, env}` is now. */
function withoutLayer(written: Tree): Tree {
  if (!isBranch(written) || !isBranch(written['command'])) return written;
  const { command, ...others } = written;
  return branchOf([...Object.entries(others), ...Object.entries(command)]);
}
