// Cursor: `mcpServers` in ~/.cursor/mcp.json and in a project's .cursor/mcp.json.
import { join } from 'node:path';
import type { ClientFormat } from './client-format.ts';
import { VSCODE } from './references.ts';
import { serversAt } from './read-servers.ts';

export const cursor: ClientFormat = {
  title: 'Cursor',
  syntax: 'json',
  dialect: VSCODE,
  places: ({ home, folder }) => [
    { path: join(home, '.cursor', 'mcp.json'), project: null },
    { path: join(folder, '.cursor', 'mcp.json'), project: folder },
  ],
  recognises: (_, path) => path.endsWith('/.cursor/mcp.json'),
  entries: (root, place) => serversAt(root, ['mcpServers'], place),
};
