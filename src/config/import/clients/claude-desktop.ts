// Claude Desktop: `mcpServers` in claude_desktop_config.json, programs only; nothing in it is expanded.
import { basename } from 'node:path';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { LITERAL } from './references.ts';
import { serversAt } from './read-servers.ts';

const FILE = 'claude_desktop_config.json';

export const claudeDesktop: ClientFormat = {
  title: 'Claude Desktop',
  syntax: 'json',
  dialect: LITERAL,
  places: CLIENT_PLACES['claude-desktop'],
  recognises: (_, path) => basename(path) === FILE,
  entries: (root, place) => serversAt(root, ['mcpServers'], place),
};
