// Change of one entry in a client's JSON file: everything else in the text, comments included, stays as it is.
import { applyEdits, findNodeAtLocation, modify, parseTree } from 'jsonc-parser';
import type { DocumentMap, KeyPath } from '../schema/document.ts';

/** Returns the text of the value at `at`; null when there is none. */
export function jsonEntryText(text: string, at: KeyPath): string | null {
  const node = nodeAt(text, at);
  return node === undefined ? null : text.slice(node.offset, node.offset + node.length);
}

/** Replaces the value at `at`, which must be there. */
export function replaceJsonEntry(text: string, at: KeyPath, entry: DocumentMap): string {
  const edits = modify(text, [...at], entry, {
    formattingOptions: { ...indentationOf(text), eol: text.includes('\r\n') ? '\r\n' : '\n' },
  });
  return applyEdits(text, edits);
}

/** Puts the text of an earlier value back, letter by letter; null when there is nothing to replace. */
export function restoreJsonEntry(text: string, at: KeyPath, before: string): string | null {
  const node = nodeAt(text, at);
  if (node === undefined) return null;
  return text.slice(0, node.offset) + before + text.slice(node.offset + node.length);
}

function nodeAt(text: string, at: KeyPath): ReturnType<typeof findNodeAtLocation> {
  const root = parseTree(text, [], { allowTrailingComma: true });
  return root === undefined ? undefined : findNodeAtLocation(root, [...at]);
}

/** Reads how the file is indented, by its first indented line. */
function indentationOf(text: string): { readonly insertSpaces: boolean; readonly tabSize: number } {
  const [, space = '  '] = /^([ \t]+)\S/mu.exec(text) ?? [];
  return space.startsWith('\t')
    ? { insertSpaces: false, tabSize: 4 }
    : { insertSpaces: true, tabSize: space.length };
}
