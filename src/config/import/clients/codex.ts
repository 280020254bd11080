// Codex: tables `[mcp_servers.<name>]` in ~/.codex/config.toml, and in that of a trusted project.
import { isDocumentMap } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { LITERAL } from './references.ts';
import { renameKeys, serversAt } from './read-servers.ts';

export const codex: ClientFormat = {
  title: 'Codex',
  syntax: 'toml',
  dialect: LITERAL,
  places: CLIENT_PLACES.codex,
  recognises: (root) => isDocumentMap(root['mcp_servers']),
  entries: (root, place) =>
    renameKeys(serversAt(root, ['mcp_servers'], place), {
      env_vars: 'envNames',
      http_headers: 'headers',
      env_http_headers: 'headersFromEnv',
      bearer_token_env_var: 'bearerFromEnv',
      startup_timeout_sec: 'startSeconds',
    }),
};
