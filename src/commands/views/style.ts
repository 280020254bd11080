// Colour and width of text on a terminal.

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;

/** Width, colour and time that every view is given. */
export interface ViewOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colour: boolean;
  /** ms since the epoch. */
  readonly now: number;
}

/** Text with its style. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

export function paint(text: string, style: Style | undefined, colour: boolean): string {
  if (!colour || style === undefined || text === '') return text;
  const [on, off] = CODES[style];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

let segmenter: Intl.Segmenter | null = null;

// Created on first use: that takes longer than all the rest of a short command.
function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter();
  return segmenter.segment(text);
}

// East Asian wide and fullwidth forms, and emoji: two columns each. Joined emoji are one segment.
const WIDE =
  /^(?:[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation})/u;

// eslint-disable-next-line no-control-regex -- the plain text that needs no segmenting
const PLAIN = /^[\u0020-\u007E]*$/u;

/** Counts the columns that uncoloured text takes on a terminal. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmentsOf(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Cuts text to at most `width` columns; a cut ends in `…`. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmentsOf(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return width < 1 ? '' : `${kept.trimEnd()}…`;
}

/** Breaks a text at spaces into at most `most` lines; the last one is cut. */
export function wrap(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest !== '' && lines.length < most - 1 && widthOf(rest) > width) {
    let end = rest.length;
    while (end > 0 && widthOf(rest.slice(0, end).trimEnd()) > width) end = rest.lastIndexOf(' ', end - 1);
    if (end <= 0) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? lines : [...lines, fit(rest, width)];
}

/** Cuts the middle out of a name: its end tells servers of one family apart. */
export function middle(name: string, width: number): string {
  if (widthOf(name) <= width) return name;
  // What is not one column a character is cut at its end.
  if (/[^\u0020-\u007E]/u.test(name)) return fit(name, width);
  const tail = Math.floor((width - 1) / 2);
  return fit(name, width - tail) + name.slice(name.length - tail);
}

export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return side === 'right' ? text + space : space + text;
}

/** Decides whether output is coloured: `NO_COLOR` and `FORCE_COLOR` count before the terminal. @param refused `--no-color` was given */
export function wantsColour(
  out: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  refused: boolean,
): boolean {
  const { NO_COLOR: no = '', FORCE_COLOR: force = '', TERM: terminal } = env;
  if (refused || no !== '') return false;
  if (force !== '') return force !== '0' && force !== 'false';
  return out.isTTY === true && terminal !== 'dumb';
}

/** `14:03:59`, in the time zone of the reader. */
export function timeOfDay(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/**
 * Tells whether the terminal reads what is printed as UTF-8, by the rule of setlocale(3): the first variable that is set
 * decides. Null when none is.
 */
export function isUnicodeLocale(env: Readonly<Record<string, string | undefined>>): boolean | null {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined ? null : /utf-?8/iu.test(locale);
}
