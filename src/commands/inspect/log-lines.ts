// Lines of several logs merged by time, each with the name of its writer.
import { pad, paint, type Style, widthOf } from '../views/style.ts';

/** One line as shown. It begins with its ISO time, unless it continues the line before it in the same log. */
export interface LogLine {
  /** Writer of the line. */
  readonly name: string;
  readonly text: string;
}

/** Name of the daemon among its servers; no server can have it. */
export const DAEMON = '(watchdog)';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/u;

/** Merges the lines by time; lines of one log keep their order. */
export function sortByTime(lines: readonly LogLine[]): LogLine[] {
  const latest = new Map<string, string>();
  const timed = lines.map((line) => {
    // A line without a time belongs to the one before it.
    const time = TIME.exec(line.text)?.[0] ?? latest.get(line.name) ?? '';
    latest.set(line.name, time);
    return { line, time };
  });
  return timed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ line }) => line);
}

/** Puts the name before each line: `context7    2026-01-01T00:00:00.000Z stderr ready`. */
export function prefixNames(
  lines: readonly LogLine[],
  { names, colour }: { readonly names: readonly string[]; readonly colour: boolean },
): string[] {
  const width = Math.max(...[DAEMON, ...names].map(widthOf));
  return lines.map(({ name, text }) => `${paint(pad(name, width), styleOf(name, names), colour)}  ${text}`);
}

const STYLES: readonly Style[] = ['cyan', 'green', 'yellow'];

function styleOf(name: string, names: readonly string[]): Style {
  return name === DAEMON ? 'dim' : (STYLES[names.indexOf(name) % STYLES.length] ?? 'bold');
}
