// A terminal that understands what our screens write: cursor positions, clearing, colours; it shows rows of text.

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Returns the rows that a terminal of this size shows after all of `written`, without colours and trailing blanks. */
export function screenOf(written: string, { columns, rows }: Size): string[] {
  let grid = blank(rows);
  let [row, column] = [0, 0];
  // eslint-disable-next-line no-control-regex -- what goes to the clipboard is not shown
  const seen = written.replaceAll(/\u001B\][^\u0007]*\u0007/gu, '');
  // eslint-disable-next-line no-control-regex -- a terminal's language
  for (const [token] of seen.matchAll(/\u001B\[[?\d;]*[A-Za-z]|\r|\n|[^\u001B\r\n]+/gu)) {
    // eslint-disable-next-line no-control-regex -- the same
    const [, parameters = '', command = ''] = /^\u001B\[([?\d;]*)([A-Za-z])$/u.exec(token) ?? [];
    if (token === '\r') column = 0;
    else if (token === '\n') row += 1;
    else if (command === '') {
      grid[row] = put(grid[row] ?? [], column, token);
      column += token.length;
    } else if (command === 'H') {
      const [line = '1', place = '1'] = parameters.split(';');
      [row, column] = [Number(line || 1) - 1, Number(place || 1) - 1];
    } else if (command === 'K') grid[row] = (grid[row] ?? []).slice(0, column);
    else if (command === 'J')
      grid = grid.map((line, index) => (index < row ? line : index === row ? line.slice(0, column) : []));
    else if (command === 'h' && parameters === '?1049') grid = blank(rows);
  }
  const shown = grid.slice(0, rows).map((line) => line.join('').slice(0, columns).trimEnd());
  return [...shown, ...blank(rows - shown.length).map(() => '')];
}

function blank(rows: number): string[][] {
  return Array.from({ length: Math.max(0, rows) }, () => []);
}

function put(line: readonly string[], column: number, text: string): string[] {
  const padded = [...line, ...Array.from({ length: Math.max(0, column - line.length) }, () => ' ')];
  return [...padded.slice(0, column), ...text.split(''), ...padded.slice(column + text.length)];
}
