// VS Code: `servers`, and the `inputs` it asks for, in mcp.json of the user or of a project's .vscode; formerly below `mcp` in settings.json.
import { isDocumentMap, isDocumentList, valueAt } from '../../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../../schema/document.ts';
import type { ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { VSCODE } from './references.ts';
import { extendEntries, serversAt } from './read-servers.ts';

export const vscode: ClientFormat = {
  title: 'VS Code',
  syntax: 'json',
  dialect: VSCODE,
  places: CLIENT_PLACES.vscode,
  recognises: (root) => isDocumentMap(root['servers']) || isDocumentMap(valueAt(root, ['mcp', 'servers'])),
  entries: (root, place) => {
    const prefix = isDocumentMap(root['servers']) ? [] : ['mcp'];
    const inside = valueAt(root, prefix);
    if (!isDocumentMap(inside)) return [];
    const questions = questionsOf(inside);
    return extendEntries(serversAt(root, [...prefix, 'servers'], place), () => ({ questions }));
  },
};

function questionsOf(root: DocumentMap): ReadonlyMap<string, string> {
  const inputs = root['inputs'];
  return new Map((isDocumentList(inputs) ? inputs : []).flatMap(questionOf));
}

function questionOf(input: DocumentValue): [id: string, question: string][] {
  if (!isDocumentMap(input) || typeof input['id'] !== 'string') return [];
  const { id, description } = input;
  return [[id, typeof description === 'string' && description !== '' ? description : id]];
}
