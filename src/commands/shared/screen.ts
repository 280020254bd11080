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
const TOP = '\u001B[H';

/** Creates a screen that takes the whole terminal, as a pager does, and restores it at the end. It cannot print above the block. */
export function createFullScreen(out: Output): Omit<Screen, 'print'> {
  let isOpen = false;
  return {
    draw(lines) {
      const shown = cropped(lines, sizeOf(out).rows);
      // No newline after the last one: at the bottom of the terminal it would scroll.
      const body = shown.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
      out.write(`${isOpen ? '' : OTHER_SCREEN}${BEGIN}${HIDE_CURSOR}${TOP}${body}${CLEAR_BELOW}${COMMIT}`);
      isOpen = true;
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
