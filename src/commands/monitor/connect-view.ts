// Snippets of one server in the live view: what each client is told so that it uses the server, the selected one to be copied.
import type { ClientSnippet } from '../../config/rewrite/client-snippet.ts';
import { neutralise } from '../../core/base/text.ts';
import { fit, paint, widthOf } from '../views/style.ts';
import type { Room } from './list-view.ts';
import type { Facts, Model } from './model.ts';

/** Writes at most `rows` lines, the selected client at the top where the others do not fit. */
export function connectLines(
  { offset }: Model,
  { snippets: found }: Facts,
  { rows, width, colour }: Room & { readonly rows: number },
): string[] {
  if (found === null) return ['reading the config'];
  if ('failed' in found) return wrapped(neutralise(found.failed), width);
  const { snippets, shimOnly } = found;
  const chosen = Math.min(offset, snippets.length - 1);
  // What is copied comes first where there is hardly any room.
  const head = [
    ...wrapped('What a client is told so that it uses this server; y copies the one at >', width),
    ...(shimOnly === null ? [] : wrapped(`Each client starts the shim: ${shimOnly}`, width)),
  ]
    .slice(0, Math.floor(rows / 4))
    .map((line) => paint(line, 'dim', colour));
  const blocks = snippets.map((snippet, index) => block(snippet, index === chosen, { width, colour }));
  const lengths = blocks.map(({ length }) => length);
  const start = lengths.slice(0, chosen).reduce((sum, length) => sum + length, 0);
  const end = start + (lengths[chosen] ?? 0);
  const room = Math.max(1, rows - head.length);
  const from = end <= room ? 0 : Math.min(start, end - room + Math.floor(room / 3));
  return [...head, ...blocks.flat().slice(from, from + room)];
}

/** Returns how many clients there are to choose from. */
export function countSnippets({ snippets }: Facts): number {
  return snippets === null || 'failed' in snippets ? 0 : snippets.snippets.length;
}

/** Returns what `y` copies: the command of the selected client, else the text for its file; null for nothing. */
export function copied({ offset }: Model, { snippets: found }: Facts): ClientSnippet | null {
  if (found === null || 'failed' in found) return null;
  return found.snippets[Math.min(offset, found.snippets.length - 1)] ?? null;
}

/** Writes one client; what is to be pasted is broken, never cut. */
function block(
  { title, command, file, text }: ClientSnippet,
  isChosen: boolean,
  { width, colour }: Pick<Room, 'width' | 'colour'>,
): string[] {
  const where = command === null ? `in ${file}` : 'run';
  const indent = '   ';
  const body = (command ?? text)
    .split('\n')
    .flatMap((line) => broken(neutralise(line), width - indent.length));
  return [
    paint(fit(`${isChosen ? '>' : ' '} ${title}, ${where}:`, width), isChosen ? 'bold' : undefined, colour),
    ...body.map((line) => indent + line),
  ];
}

/** Breaks a text at spaces, and words that are longer than a line anywhere. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(...broken(word, width));
  }
  return lines;
}

/** Breaks a line where it is full: joined again, it is what it was. */
function broken(line: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of line) {
    if (piece !== '' && widthOf(piece + character) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
