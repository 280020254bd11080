// List of all clients that can be imported from.
import type { DocumentMap } from '../../schema/document.ts';
import { claudeCode } from './claude-code.ts';
import { claudeDesktop } from './claude-desktop.ts';
import { codex } from './codex.ts';
import { cursor } from './cursor.ts';
import type { ClientFormat, ClientName } from './client-format.ts';
import { gemini } from './gemini.ts';
import { portable } from './portable.ts';
import { vscode } from './vscode.ts';
import { windsurf } from './windsurf.ts';
import { zed } from './zed.ts';

/** In the order in which a file is recognised: `mcpServers` alone says the least. */
export const CLIENTS = {
  codex,
  zed,
  'claude-desktop': claudeDesktop,
  'claude-code': claudeCode,
  cursor,
  vscode,
  windsurf,
  gemini,
  portable,
} satisfies Record<ClientName, ClientFormat>;

const CLIENT_NAMES = Object.keys(CLIENTS).filter(isClientName);

/** Those that can be chosen by name, because the place of their files is known. */
export const NAMED_CLIENTS = CLIENT_NAMES.filter((name) => name !== 'portable');

export function isClientName(name: string): name is ClientName {
  return Object.hasOwn(CLIENTS, name);
}

/** Finds the client that a file belongs to; null when it is an unknown one. */
export function recognise(root: DocumentMap, path: string): ClientName | null {
  return CLIENT_NAMES.find((name) => CLIENTS[name].recognises(root, path)) ?? null;
}
