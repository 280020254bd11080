// Zed: `context_servers` in ~/.config/zed/settings.json, or in a project's .zed; formerly with the program inside `command`.
import { join } from 'node:path';
import { documentMap, isDocumentMap } from '../../schema/document.ts';
import type { DocumentValue } from '../../schema/document.ts';
import { dotConfig } from './folders.ts';
import type { ClientFormat } from './client-format.ts';
import { LITERAL } from './references.ts';
import { extendEntries, renameKeys, serversAt } from './read-servers.ts';

export const zed: ClientFormat = {
  title: 'Zed',
  syntax: 'json',
  dialect: LITERAL,
  places: (where) => [
    { path: join(dotConfig(where), 'zed', 'settings.json'), project: null },
    { path: join(where.folder, '.zed', 'settings.json'), project: where.folder },
  ],
  recognises: (root) => isDocumentMap(root['context_servers']),
  entries: (root, place) =>
    renameKeys(
      extendEntries(serversAt(root, ['context_servers'], place), ({ written }) => ({
        written: withoutLayer(written),
      })),
      { path: 'command' },
    ),
};

/** `{command: {path, args, env}}` is what `{command, args, env}` is now. */
function withoutLayer(written: DocumentValue): DocumentValue {
  if (!isDocumentMap(written) || !isDocumentMap(written['command'])) return written;
  const { command, ...others } = written;
  return documentMap([...Object.entries(others), ...Object.entries(command)]);
}
