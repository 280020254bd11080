// Table of clients: the place of the servers in the file of each, and the entry for a server of ours.
import type { ClientName } from '../import/clients/client-format.ts';
import type { DocumentMap, KeyPath } from '../schema/document.ts';

/** How a client reaches one of our servers. */
export interface ServerAddress {
  /** Of the server, as our config has it. */
  readonly name: string;
  /** At the gateway; null where clients must start the shim, for instance because the gateway wants a token. */
  readonly url: string | null;
  /** Argv of the shim. */
  readonly command: readonly [string, ...string[]];
}

export interface ClientTarget {
  readonly title: string;
  /** As people write the path of its file. */
  readonly file: string;
  readonly syntax: 'json' | 'toml';
  /** Where its file has the map of servers. */
  readonly servers: KeyPath;
  /** Whether it can be given a URL. */
  readonly takesUrl: boolean;
  /** Entry of a server that clients reach at `url`. */
  readonly remote: (url: string) => DocumentMap;
  /** Entry of a server that the client starts. */
  readonly local: (command: string, args: readonly string[]) => DocumentMap;
  /** Its own command that adds a server; null where there is none. */
  readonly add: ((name: string, address: ServerAddress) => readonly string[]) | null;
}

type Local = ClientTarget['local'];

const plain: Local = (command, args) => ({ command, args: [...args] });
const typed: Local = (command, args) => ({ type: 'stdio', command, args: [...args] });

export const CLIENT_TARGETS = {
  'claude-code': {
    title: 'Claude Code',
    file: '~/.claude.json',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: true,
    remote: (url) => ({ type: 'http', url }),
    local: typed,
    add: (name, { url, command }) =>
      url === null
        ? ['claude', 'mcp', 'add', name, '--', ...command]
        : ['claude', 'mcp', 'add', '--transport', 'http', name, url],
  },
  // Its file starts programs only; remote servers are added in its window.
  'claude-desktop': {
    title: 'Claude Desktop',
    file: 'claude_desktop_config.json',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: false,
    remote: (url) => ({ url }),
    local: plain,
    add: null,
  },
  cursor: {
    title: 'Cursor',
    file: '~/.cursor/mcp.json',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: true,
    remote: (url) => ({ url }),
    local: plain,
    add: null,
  },
  vscode: {
    title: 'VS Code',
    file: '.vscode/mcp.json',
    syntax: 'json',
    servers: ['servers'],
    takesUrl: true,
    remote: (url) => ({ type: 'http', url }),
    local: typed,
    add: null,
  },
  codex: {
    title: 'Codex',
    file: '~/.codex/config.toml',
    syntax: 'toml',
    servers: ['mcp_servers'],
    takesUrl: true,
    remote: (url) => ({ url }),
    local: plain,
    add: null,
  },
  windsurf: {
    title: 'Windsurf',
    file: '~/.codeium/windsurf/mcp_config.json',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: true,
    remote: (url) => ({ serverUrl: url }),
    local: plain,
    add: null,
  },
  zed: {
    title: 'Zed',
    file: '~/.config/zed/settings.json',
    syntax: 'json',
    servers: ['context_servers'],
    takesUrl: false,
    remote: (url) => ({ url }),
    local: (command, args) => ({ source: 'custom', command, args: [...args], env: {} }),
    add: null,
  },
  gemini: {
    title: 'Gemini CLI',
    file: '~/.gemini/settings.json',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: true,
    remote: (url) => ({ httpUrl: url }),
    local: plain,
    add: null,
  },
  // Any other client: all of them start programs.
  portable: {
    title: 'any other client',
    file: 'its file',
    syntax: 'json',
    servers: ['mcpServers'],
    takesUrl: false,
    remote: (url) => ({ url }),
    local: plain,
    add: null,
  },
} satisfies Record<ClientName, ClientTarget>;

/** Makes the entry of a server: its URL where the client takes one, else the shim. */
export function clientEntry(client: ClientName, { url, command }: ServerAddress): DocumentMap {
  const { takesUrl, remote, local } = CLIENT_TARGETS[client];
  const [program, ...args] = command;
  return url !== null && takesUrl ? remote(url) : local(program, args);
}

/** Makes a name that every client takes: Claude Code wants letters, digits, hyphens and underscores; a dot is a path in TOML. */
export function nameAtClient(server: string): string {
  return server.replaceAll('.', '-');
}
