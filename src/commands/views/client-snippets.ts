// Client settings to paste, one set for each server that clients can share.
import type { ServerStatus } from '../../core/model/status.ts';

/** Writes the settings; none without a server that clients can share. The lines are never cut, because they are copied. */
export function clientSnippets(servers: readonly ServerStatus[]): string[] {
  const shared = servers.flatMap(({ name, url, source, transport, enabled }) =>
    url !== null && source !== 'url' && transport === 'http' && enabled ? [{ name, url }] : [],
  );
  const [first, ...others] = shared;
  if (first === undefined) return [];
  return [
    `Paste ${first.url} into your client:`,
    ...snippets(first.name, first.url).map(([client, text]) => `  ${client.padEnd(LONGEST)}  ${text}`),
    ...others.map(({ name, url }) => `The same for ${name}: ${url}`),
  ];
}

const LONGEST = 'Claude Code'.length;

function snippets(server: string, url: string): (readonly [client: string, text: string])[] {
  // Claude Code takes letters, digits, hyphens and underscores, and a dot would be a path in TOML.
  const name = server.replaceAll('.', '-');
  return [
    ['Claude Code', `claude mcp add --transport http ${name} ${url}`],
    ['Cursor', `~/.cursor/mcp.json: ${JSON.stringify({ mcpServers: { [name]: { url } } })}`],
    ['VS Code', `.vscode/mcp.json: ${JSON.stringify({ servers: { [name]: { type: 'http', url } } })}`],
    ['Codex', `~/.codex/config.toml: [mcp_servers.${name}]`],
    ['', `                      url = ${JSON.stringify(url)}`],
  ];
}
