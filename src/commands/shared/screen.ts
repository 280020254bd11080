// Terminal screen: a block of lines redrawn in place below scrolling lines, or the full screen.
import { type Output, sizeOf } from './command.ts';
import { widthOf } from '../views/style.ts';

export interface Screen {
  /** Replaces the block. */
  draw(lines: readonly string[]): void;
  /** Prints lines above the block. */
  print(lines: readonly string[]): void;
  /** Leaves the block in place and shows the cursor again. */
  end(): void;
}

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
// Synchronised output: terminals that know it show what is between at once; others ignore it.
const BEGIN = '\u001B[?2026h';
const COMMIT = '\u001B[?2026l';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
// eslint-disable-next-line no-control-regex -- colours take no room
const COLOURS = /\u001B\[[\d;]*m/gu;

/** Creates a screen for one terminal; lines must not be wider than it. */
export function createScreen(out: Output): Screen {
  let block: readonly string[] = [];
  let isHidden = false;

  function replace(above: readonly string[], next: readonly string[]): void {
    const shown = cropped(next, sizeOf(out).rows - 1);
    const up = rowsOf(block, sizeOf(out).columns);
    const body = [...above, ...shown].map((line) => `${line}${CLEAR_LINE}\n`).join('');
    out.write(
      `${BEGIN}${isHidden ? '' : HIDE_CURSOR}\r${up > 0 ? `\u001B[${up}A` : ''}${body}${CLEAR_BELOW}${COMMIT}`,
    );
    isHidden = true;
    block = shown;
  }

  return {
    draw: (lines) => replace([], lines),
    print: (lines) => replace(lines, block),
    end() {
      if (isHidden) out.write(SHOW_CURSOR);
      isHidden = false;
      block = [];
    },
  };
}

const OTHER_SCREEN = '\u001B[?1049h';
const FIRST_SCREEN = '\u001B[?1049l';

/**
 * Creates a screen that takes the whole terminal, as a pager does, and restores it at the end. Only lines that changed are
 * written. It cannot print above the block.
 */
export function createFullScreen(out: Output): Omit<Screen, 'print'> {
  let isOpen = false;
  let shown: readonly string[] = [];
  let size = '';
  return {
    draw(lines) {
      const { rows, columns } = sizeOf(out);
      const next = cropped(lines, rows);
      // Another size: the terminal has wrapped or cut what was there.
      const isAnew = !isOpen || size !== `${rows}x${columns}`;
      const changed = next.flatMap((line, index) =>
        isAnew || line !== shown[index] ? [`\u001B[${index + 1};1H${line}${CLEAR_LINE}`] : [],
      );
      const rest = next.length < shown.length || isAnew ? `\u001B[${next.length + 1};1H${CLEAR_BELOW}` : '';
      const tail = next.length >= rows ? '' : rest;
      if (changed.length > 0 || tail !== '')
        out.write(`${isOpen ? '' : OTHER_SCREEN}${BEGIN}${HIDE_CURSOR}${changed.join('')}${tail}${COMMIT}`);
      isOpen = true;
      shown = next;
      size = `${rows}x${columns}`;
    },
    end() {
      if (isOpen) out.write(`${SHOW_CURSOR}${FIRST_SCREEN}`);
      isOpen = false;
    },
  };
}

// Lines above the top of the terminal cannot be reached again to redraw them.
function cropped(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, Math.max(0, rows - 1)), `… ${lines.length - rows + 1} more`];
}

// A terminal that became narrower since has wrapped the lines.
function rowsOf(lines: readonly string[], columns: number): number {
  const widths = lines.map((line) => widthOf(line.replaceAll(COLOURS, '')));
  return widths.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0);
}
