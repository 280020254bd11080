// Lines of one log or several: merged by time, counted where they repeat, each with the name of its writer.
import { entryText, localTime, readDaemonLine, readServerLine, type LogEntry } from '../../logs/log-entry.ts';
import { pad, paint, type Style, widthOf } from '../views/style.ts';

/** One entry of one log. */
export interface LogLine {
  /** Writer of the line. */
  readonly name: string;
  readonly entry: LogEntry;
}

/** Name of the daemon among its servers; no server can have it. */
export const DAEMON = '(watchdog)';

/** Reads a line as its file holds it. */
export function toLogLine(name: string, line: string): LogLine {
  return { name, entry: name === DAEMON ? readDaemonLine(line) : readServerLine(line) };
}

/** Merges the lines by time; lines of one log keep their order. */
export function sortByTime(lines: readonly LogLine[]): LogLine[] {
  const latest = new Map<string, number>();
  const timed = lines.map((line) => {
    // A line without a time belongs to the one before it.
    const at = line.entry.at ?? latest.get(line.name) ?? 0;
    latest.set(line.name, at);
    return { line, at };
  });
  return timed.sort((a, b) => a.at - b.at).map(({ line }) => line);
}

export interface LineWriterOptions {
  /** Names before the lines, `context7    2026-01-01T00:00:00.000Z stderr ready`; null for one log alone. */
  readonly names: (() => readonly string[]) | null;
  readonly colour: boolean;
}

/** Writes lines for people; one that repeats is written once, and counted. */
export interface LineWriter {
  write(lines: readonly LogLine[]): string[];
  /** Writes how often the last line repeated since; call it at the end, and when nothing has come for a while. */
  flush(): string[];
}

export function createLineWriter({ names, colour }: LineWriterOptions): LineWriter {
  let last: LogLine | null = null;
  let repeats = 0;
  let repeatedAt: number | null = null;

  function show({ name, entry }: LogLine): string {
    const time = entry.at === null ? '' : `${localTime(entry.at)} `;
    return prefix(name) + time + entryText(entry);
  }

  function prefix(name: string): string {
    if (names === null) return '';
    const all = names();
    const width = Math.max(...[DAEMON, ...all].map(widthOf));
    return `${paint(pad(name, width), styleOf(name, all), colour)}  `;
  }

  function flush(): string[] {
    if (last === null || repeats === 0) return [];
    const until = repeatedAt === null ? '' : `${localTime(repeatedAt)} `;
    const line = `${prefix(last.name)}${until}… the same ${times(repeats)} more`;
    repeats = 0;
    return [line];
  }

  return {
    write: (lines) =>
      lines.flatMap((line) => {
        if (last !== null && isSame(last, line)) {
          repeats += 1;
          repeatedAt = line.entry.at;
          return [];
        }
        const counted = flush();
        last = line;
        return [...counted, show(line)];
      }),
    flush,
  };
}

function isSame(one: LogLine, other: LogLine): boolean {
  return one.name === other.name && entryText(one.entry) === entryText(other.entry);
}

/** Data of a line for programs: `server` is null for the daemon, `at` in ms since the epoch. */
export function lineData({ name, entry }: LogLine): object {
  return { server: name === DAEMON ? null : name, ...entry };
}

const STYLES: readonly Style[] = ['cyan', 'green', 'yellow'];

function styleOf(name: string, names: readonly string[]): Style {
  return name === DAEMON ? 'dim' : (STYLES[names.indexOf(name) % STYLES.length] ?? 'bold');
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}
