// Places of the files of all MCP clients. Apart from the formats, whose readers a command need not load to see that no file is there.
import { join } from 'node:path';
import type { ClientFileLocation, ClientMachine, ClientName } from './client-format.ts';

type Places = (where: ClientMachine) => readonly ClientFileLocation[];

/** In order; not all of them need to exist. */
export const CLIENT_PLACES: Readonly<Record<ClientName, Places>> = {
  codex: (where) => [
    { path: join(ownFolder(where, 'CODEX_HOME', '.codex'), 'config.toml'), project: null },
    inProject(where, '.codex', 'config.toml'),
  ],
  zed: (where) => [
    { path: join(dotConfig(where), 'zed', 'settings.json'), project: null },
    inProject(where, '.zed', 'settings.json'),
  ],
  'claude-desktop': (where) => [
    { path: join(configFolder(where), 'Claude', 'claude_desktop_config.json'), project: null },
  ],
  'claude-code': (where) => [
    { path: join(ownFolder(where, 'CLAUDE_CONFIG_DIR', '.'), '.claude.json'), project: null },
    inProject(where, '.mcp.json'),
  ],
  cursor: (where) => [
    { path: join(where.home, '.cursor', 'mcp.json'), project: null },
    inProject(where, '.cursor', 'mcp.json'),
  ],
  vscode: (where) => [
    ...['Code', 'Code - Insiders', 'VSCodium'].map((edition) => ({
      path: join(configFolder(where), edition, 'User', 'mcp.json'),
      project: null,
    })),
    inProject(where, '.vscode', 'mcp.json'),
  ],
  windsurf: ({ home }) => [{ path: join(home, '.codeium', 'windsurf', 'mcp_config.json'), project: null }],
  gemini: (where) => [
    { path: join(where.home, '.gemini', 'settings.json'), project: null },
    inProject(where, '.gemini', 'settings.json'),
  ],
  // Belongs to no client.
  portable: () => [],
};

function inProject({ folder }: ClientMachine, ...names: readonly string[]): ClientFileLocation {
  return { path: join(folder, ...names), project: folder };
}

/** Finds the folder of applications with a window: `~/Library/Application Support`, or `~/.config`. */
function configFolder(where: ClientMachine): string {
  return where.platform === 'darwin' ? join(where.home, 'Library', 'Application Support') : dotConfig(where);
}

/** Finds `$XDG_CONFIG_HOME`, or `~/.config`. */
function dotConfig({ home, environment }: ClientMachine): string {
  const { XDG_CONFIG_HOME: folder = '' } = environment;
  return folder.startsWith('/') ? folder : join(home, '.config');
}

/** Finds the folder that a variable names, or one in the home folder. */
function ownFolder({ home, environment }: ClientMachine, variable: string, usual: string): string {
  const folder = environment[variable] ?? '';
  return folder.startsWith('/') ? folder : join(home, usual);
}
