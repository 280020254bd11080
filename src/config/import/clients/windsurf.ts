// Windsurf: `mcpServers` in ~/.codeium/windsurf/mcp_config.json, where a remote server has a `serverUrl`.
import { valueAt } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { VSCODE } from './references.ts';
import { renameKeys, serversAt } from './read-servers.ts';

export const windsurf: ClientFormat = {
  title: 'Windsurf',
  syntax: 'json',
  dialect: VSCODE,
  places: CLIENT_PLACES.windsurf,
  recognises: (root, path) =>
    path.includes('/.codeium/') ||
    serversAt(root, ['mcpServers'], { project: null }).some(
      ({ written }) => valueAt(written, ['serverUrl']) !== undefined,
    ),
  entries: (root, place) => renameKeys(serversAt(root, ['mcpServers'], place), { serverUrl: 'url' }),
};
