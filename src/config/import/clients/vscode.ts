// VS Code: `servers`, and the `inputs` it asks for, in mcp.json of the user or of a project's .vscode; formerly below `mcp` in settings.json.
import { join } from 'node:path';
import { isBranch, isList, valueAt } from '../../schema/document.ts';
import type { Branch, Tree } from '../../schema/document.ts';
import { configFolder } from './folders.ts';
import type { ClientFormat } from './client-format.ts';
import { VSCODE } from './references.ts';
import { completed, serversAt } from './read-servers.ts';

export const vscode: ClientFormat = {
  title: 'VS Code',
  syntax: 'json',
  dialect: VSCODE,
  places: (where) => [
    ...['Code', 'Code - Insiders', 'VSCodium'].map((edition) => ({
      path: join(configFolder(where), edition, 'User', 'mcp.json'),
      project: null,
    })),
    { path: join(where.folder, '.vscode', 'mcp.json'), project: where.folder },
  ],
  recognises: (root) => isBranch(root['servers']) || isBranch(valueAt(root, ['mcp', 'servers'])),
  entries: (root, place) => {
    const inside = isBranch(root['servers']) ? root : valueAt(root, ['mcp']);
    if (!isBranch(inside)) return [];
    const questions = questionsOf(inside);
    return completed(serversAt(inside, ['servers'], place), () => ({ questions }));
  },
};

function questionsOf(root: Branch): ReadonlyMap<string, string> {
  const inputs = root['inputs'];
  return new Map((isList(inputs) ? inputs : []).flatMap(questionOf));
}

function questionOf(input: Tree): [id: string, question: string][] {
  if (!isBranch(input) || typeof input['id'] !== 'string') return [];
  const { id, description } = input;
  return [[id, typeof description === 'string' && description !== '' ? description : id]];
}
