// A file of `mcpServers` whose client is not known, such as the portable one of Copilot.
import { isDocumentMap } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { EITHER } from './references.ts';
import { serversAt } from './read-servers.ts';

export const portable: ClientFormat = {
  title: 'an MCP client',
  syntax: 'json',
  dialect: EITHER,
  places: () => [],
  recognises: (root) => isDocumentMap(root['mcpServers']),
  entries: (root, place) => serversAt(root, ['mcpServers'], place),
};
