// Report of changes in clients' files: each entry as it was and as it will be, secrets masked.
import { tildePath } from '../../config/import/import-clients.ts';
import { maskSettings } from '../../config/import/mask-import.ts';
import { CLIENT_TARGETS } from '../../config/rewrite/client-target.ts';
import type { FileChange, LeftAlone } from '../../config/rewrite/rewrite.ts';
import { isDocumentMap, type DocumentMap } from '../../config/schema/document.ts';
import { neutralise } from '../../core/base/text.ts';

interface Place {
  /** The user's home folder. */
  readonly home: string;
}

/** Writes the difference of each entry. @param direction `undo`: from ours to what stood before */
export function changeLines(
  files: readonly FileChange[],
  { home }: Place,
  direction: 'rewrite' | 'undo' = 'rewrite',
): string[] {
  return files.flatMap(({ client, path, entries }) => [
    `${CLIENT_TARGETS[client].title}, ${neutralise(tildePath(path, { home }))}:`,
    ...entries.flatMap(({ name, at, written, entry }) => {
      const [old, next] = direction === 'rewrite' ? [written, entry] : [entry, written];
      const project = at[0] === 'projects' ? ` (in ${neutralise(tildePath(String(at[1]), { home }))})` : '';
      return [`  ${neutralise(name)}${project}`, ...sided('-', old), ...sided('+', next)];
    }),
    '',
  ]);
}

function sided(side: '-' | '+', entry: DocumentMap): string[] {
  const shown = maskSettings(isDocumentMap(entry) ? entry : {});
  return Object.entries(shown).map(
    ([key, value]) => `  ${side}   ${neutralise(`${key}: ${JSON.stringify(value)}`)}`,
  );
}

export function leftLines(left: readonly LeftAlone[], { home }: Place): string[] {
  if (left.length === 0) return [];
  return [
    'Left as they are:',
    ...left.map(
      ({ path, name, reason }) =>
        `  ${neutralise(name)} in ${neutralise(tildePath(path, { home }))}: ${neutralise(reason)}`,
    ),
    '',
  ];
}

export function summaryLine(verb: string, files: readonly FileChange[]): string {
  const entries = files.reduce((sum, file) => sum + file.entries.length, 0);
  const count = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  return `${verb} ${count(entries, 'entry', 'entries')} in ${count(files.length, 'file', 'files')}.`;
}
