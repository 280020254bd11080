// Snippets for clients: the text that makes each use a server through the gateway.

export interface Snippet {
  readonly client: string;
  /** Where it belongs: a file, or null for a command of the shell. */
  readonly file: string | null;
  readonly text: string;
}

/** @param gateway its URL; null where clients reach nothing by URL */
export function snippetsFor(name: string, gateway: string | null): readonly Snippet[] {
  const own = `mcp-watchdog connect ${shellWord(name)}`;
  const stdio = { command: 'mcp-watchdog', args: ['connect', name] };
  if (gateway === null)
    return [
      { client: 'Claude Code', file: null, text: `claude mcp add ${shellWord(name)} -- ${own}` },
      { client: 'stdio', file: 'the file of any client', text: json({ mcpServers: { [name]: stdio } }) },
    ];
  const url = `${gateway.replace(/\/+$/u, '')}/${encodeURIComponent(name)}/mcp`;
  return [
    {
      client: 'Claude Code',
      file: null,
      text: `claude mcp add --transport http ${shellWord(name)} ${url}`,
    },
    { client: 'Cursor', file: '~/.cursor/mcp.json', text: json({ mcpServers: { [name]: { url } } }) },
    {
      client: 'VS Code',
      file: '.vscode/mcp.json',
      text: json({ servers: { [name]: { type: 'http', url } } }),
    },
    {
      client: 'Codex',
      file: '~/.codex/config.toml',
      text: `[mcp_servers.${/^[\w-]+$/u.test(name) ? name : JSON.stringify(name)}]\nurl = ${JSON.stringify(url)}`,
    },
    { client: 'stdio', file: 'the file of any other client', text: json({ mcpServers: { [name]: stdio } }) },
  ];
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
