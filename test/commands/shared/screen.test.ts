import { describe, expect, it } from 'vitest';
import { createScreen } from '../../../src/commands/shared/screen.ts';
import { fakeIo } from '../../fakes/io.ts';

/** What a terminal shows after these bytes; it knows only what a screen uses. */
function render(bytes: string): string[] {
  const rows: string[] = [''];
  let at = 0;
  // eslint-disable-next-line no-control-regex -- a terminal's language
  for (const [piece] of bytes.matchAll(/\u001B\[[?\d;]*[a-zA-Z]|\r|\n|[^\u001B\r\n]+/gu)) {
    if (piece === '\n') rows[(at += 1)] ??= '';
    else if (piece === '\r') continue;
    else if (piece.endsWith('A') && piece.startsWith('\u001B')) at -= Number(piece.slice(2, -1));
    else if (piece === '\u001B[K') continue;
    else if (piece === '\u001B[J') rows.splice(at, Infinity, '');
    else if (piece.startsWith('\u001B')) continue;
    else rows[at] = piece;
  }
  return rows.filter((row, index) => row !== '' || index < rows.length - 1);
}

const terminal = { columns: 40, rows: 10 };

describe('createScreen()', () => {
  it('redraws its block in place', () => {
    const io = fakeIo({ terminal });
    const screen = createScreen(io.out);
    screen.draw(['one', 'two']);
    screen.draw(['three']);
    expect(render(io.stdout())).toEqual(['three']);
  });

  it('prints above the block', () => {
    const io = fakeIo({ terminal });
    const screen = createScreen(io.out);
    screen.draw(['table']);
    screen.print(['news', 'more']);
    screen.draw(['new table']);
    expect(render(io.stdout())).toEqual(['news', 'more', 'new table']);
  });

  it('never grows higher than the terminal, where it could not be redrawn', () => {
    const io = fakeIo({ terminal: { columns: 40, rows: 4 } });
    createScreen(io.out).draw(['1', '2', '3', '4', '5']);
    expect(render(io.stdout())).toEqual(['1', '2', '… 3 more']);
  });

  it('goes up by as many rows as a narrower terminal has made of the block', () => {
    const io = fakeIo({ terminal });
    const size = { ...terminal };
    const out = {
      ...io.out,
      get columns() {
        return size.columns;
      },
      rows: 10,
      isTTY: true,
    };
    const screen = createScreen(out);
    screen.draw(['x'.repeat(40)]);
    size.columns = 20;
    screen.draw(['y']);
    expect(io.stdout()).toContain('\u001B[2A');
  });

  it('hides the cursor once and gives it back', () => {
    const io = fakeIo({ terminal });
    const screen = createScreen(io.out);
    screen.draw(['a']);
    screen.draw(['b']);
    screen.end();
    screen.end();
    expect(io.stdout().split('\u001B[?25l')).toHaveLength(2);
    expect(io.stdout().split('\u001B[?25h')).toHaveLength(2);
  });
});
