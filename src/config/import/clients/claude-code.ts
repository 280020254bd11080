// Claude Code: `mcpServers` of the user and of each project in ~/.claude.json, and a project's own .mcp.json.
import { basename } from 'node:path';
import { isDocumentMap, valueAt } from '../../schema/document.ts';
import type { DocumentMap } from '../../schema/document.ts';
import type { ClientEntry, ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { CLAUDE_CODE } from './references.ts';
import { extendEntries, serversAt, textsAt } from './read-servers.ts';

const FILES: ReadonlySet<string> = new Set(['.claude.json', '.mcp.json']);

export const claudeCode: ClientFormat = {
  title: 'Claude Code',
  syntax: 'json',
  dialect: CLAUDE_CODE,
  places: CLIENT_PLACES['claude-code'],
  recognises: (root, path) => FILES.has(basename(path)) || isDocumentMap(root['projects']),
  entries: (root, place) => [...serversAt(root, ['mcpServers'], place), ...ofProjects(root)],
};

/** Lists servers added for one project only, which are below the path of that project. */
function ofProjects(root: DocumentMap): ClientEntry[] {
  const projects = valueAt(root, ['projects']);
  if (!isDocumentMap(projects)) return [];
  return Object.keys(projects).flatMap((project) => {
    const off = textsAt(projects, [project, 'disabledMcpServers']);
    const servers = serversAt(root, ['projects', project, 'mcpServers'], { project });
    return extendEntries(servers, ({ name }) => ({ isOff: off.includes(name) }));
  });
}
