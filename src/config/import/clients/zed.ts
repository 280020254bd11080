// Zed: `context_servers` in ~/.config/zed/settings.json, or in a project's .zed; formerly with the program inside `command`.
import { documentMap, isDocumentMap } from '../../schema/document.ts';
import type { DocumentValue } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { LITERAL } from './references.ts';
import { extendEntries, renameKeys, serversAt } from './read-servers.ts';

export const zed: ClientFormat = {
  title: 'Zed',
  syntax: 'json',
  dialect: LITERAL,
  places: CLIENT_PLACES.zed,
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
