// Gemini CLI: `mcpServers` in ~/.gemini/settings.json or a project's; `url` is the old HTTP+SSE there, `httpUrl` is HTTP.
import { documentMap, isDocumentMap, valueAt } from '../../schema/document.ts';
import type { DocumentValue } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { DOLLAR } from './references.ts';
import { extendEntries, serversAt, textsAt } from './read-servers.ts';

export const gemini: ClientFormat = {
  title: 'Gemini CLI',
  syntax: 'json',
  dialect: DOLLAR,
  places: CLIENT_PLACES.gemini,
  recognises: (root, path) =>
    path.endsWith('/.gemini/settings.json') ||
    serversAt(root, ['mcpServers'], { project: null }).some(
      ({ written }) => valueAt(written, ['httpUrl']) !== undefined,
    ),
  entries: (root, place) => {
    const off = textsAt(root, ['mcp', 'excluded']);
    return extendEntries(serversAt(root, ['mcpServers'], place), ({ name, written }) => ({
      written: withType(written),
      isOff: off.includes(name),
    }));
  },
};

function withType(written: DocumentValue): DocumentValue {
  if (!isDocumentMap(written) || written['type'] !== undefined) return written;
  const { httpUrl, ...others } = written;
  if (httpUrl !== undefined)
    return documentMap([...Object.entries(others), ['url', httpUrl], ['type', 'http']]);
  return written['url'] === undefined ? written : documentMap([...Object.entries(others), ['type', 'sse']]);
}
