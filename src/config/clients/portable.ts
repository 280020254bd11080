// A file of `mcpServers` whose client is not known, such as the portable one of Copilot.
import { isBranch } from '../tree.ts';
import type { ClientFormat } from './format.ts';
import { EITHER } from './references.ts';
import { serversAt } from './servers-of.ts';

export const portable: ClientFormat = {
  title: 'an MCP client',
  syntax: 'json',
  dialect: EITHER,
  places: () => [],
  recognises: (root) => isBranch(root['mcpServers']),
  entries: (root, place) => serversAt(root, ['mcpServers'], place),
};
