// A file of `mcpServers` whose client is not known, such as the portable one of Copilot, or a `server.json` of the MCP registry.
import { isDocumentMap } from '../../schema/document.ts';
import { isServerJson, serverJsonEntries } from '../server-json.ts';
import type { ClientFormat } from './client-format.ts';
import { EITHER } from './references.ts';
import { serversAt } from './read-servers.ts';

export const portable: ClientFormat = {
  title: 'an MCP client',
  syntax: 'json',
  dialect: EITHER,
  places: () => [],
  recognises: (root) => isDocumentMap(root['mcpServers']) || isServerJson(root),
  entries: (root, place) =>
    isDocumentMap(root['mcpServers'])
      ? serversAt(root, ['mcpServers'], place)
      : serverJsonEntries(root, place),
};
