// Cursor: `mcpServers` in ~/.cursor/mcp.json and in a project's .cursor/mcp.json.
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { VSCODE } from './references.ts';
import { serversAt } from './read-servers.ts';

export const cursor: ClientFormat = {
  title: 'Cursor',
  syntax: 'json',
  dialect: VSCODE,
  places: CLIENT_PLACES.cursor,
  recognises: (_, path) => path.endsWith('/.cursor/mcp.json'),
  entries: (root, place) => serversAt(root, ['mcpServers'], place),
};
