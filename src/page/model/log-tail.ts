// Lines of a log that are new, of a reading that begins before them.
import type { LogLine } from './wire.ts';

/** Returns the lines after the last one that is known; all of them where it is not among them. */
export function newLines(last: LogLine | null, lines: readonly LogLine[]): readonly LogLine[] {
  if (last === null) return lines;
  const { at, stream, text } = last;
  const index = lines.findLastIndex((one) => one.at === at && one.stream === stream && one.text === text);
  return lines.slice(index + 1);
}
