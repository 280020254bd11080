// Selection of log lines: since when, with what text, and how many.
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import { parseDuration } from '../../core/base/units.ts';
import { entryText } from '../../logs/log-entry.ts';
import { readLastLines } from '../../system/files/tail.ts';
import type { Flags } from '../shared/command.ts';
import { type LogLine, toLogLine } from './log-lines.ts';

export interface LogQuery {
  /** ms since the epoch; null for any time. */
  readonly since: number | null;
  readonly pattern: RegExp | null;
  /** Number of lines to begin with. */
  readonly last: number;
}

const DEFAULT_LINES = 50;

/** Reads the options of `logs`. @throws WatchdogError USAGE */
export function readQuery(
  { since, grep, lines }: Pick<Flags, 'since' | 'grep' | 'lines'>,
  now: number,
): LogQuery {
  // Whoever says what to look for wants all of it.
  const isFiltered = since !== undefined || grep !== undefined;
  return {
    since: since === undefined ? null : readSince(since, now),
    pattern: grep === undefined ? null : readPattern(grep),
    last: lines ?? (isFiltered ? Number.MAX_SAFE_INTEGER : DEFAULT_LINES),
  };
}

/** `10m` ago; `21:30`, the last time the clock said so; or a date with or without a time, local unless it has a zone. */
function readSince(written: string, now: number): number {
  const ago = parseDuration(written);
  if ('value' in ago) return now - ago.value;
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/u.exec(written);
  if (clock !== null)
    return lastTimeOfDay(
      clock.slice(1).map((part) => Number(part ?? 0)),
      now,
    );
  // A date alone would be read as UTC.
  const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?$/u.test(written) ? written.replace(' ', 'T') : '';
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/u.test(date) ? `${date}T00:00` : date);
  if (!Number.isNaN(at)) return at;
  throw new WatchdogError(
    'USAGE',
    `Cannot read --since <when>: it is no duration or time, got "${written}"`,
    {
      hint: 'For example --since 10m, --since 21:30 or --since 2026-01-31T21:30',
    },
  );
}

function lastTimeOfDay([hours = 0, minutes = 0, seconds = 0]: readonly number[], now: number): number {
  const day = new Date(now);
  day.setHours(hours, minutes, seconds, 0);
  if (day.getTime() > now) day.setDate(day.getDate() - 1);
  return day.getTime();
}

/** Without a capital letter in the pattern case does not matter, as with journalctl. */
function readPattern(written: string): RegExp {
  try {
    return new RegExp(written, /\p{Lu}/u.test(written) ? 'u' : 'iu');
  } catch (cause) {
    throw new WatchdogError('USAGE', `Cannot read --grep <pattern>: ${messageOf(cause)}`, {
      hint: String.raw`It is a regular expression of JavaScript; write \[ for a bracket, \. for a dot`,
      cause,
    });
  }
}

/** Creates the test of one log, whose lines are given in their order: one without a time has that of the line before. */
export function createSelector({ since, pattern }: Pick<LogQuery, 'since' | 'pattern'>) {
  let at = 0;
  return ({ entry }: LogLine): boolean => {
    at = entry.at ?? at;
    return (since === null || at >= since) && (pattern === null || pattern.test(entryText(entry)));
  };
}

interface Selection {
  readonly lines: readonly LogLine[];
  /** How many lines of the file, from its end, hold them. */
  readonly reach: number;
}

/** Bytes that are searched: more than the rotated files of a log are by default. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Reads the last lines of a log that the query wants, oldest first; none when there is no such file. */
export async function selectLines(
  { name, path }: { readonly name: string; readonly path: string },
  query: LogQuery,
): Promise<Selection> {
  const { since, pattern, last } = query;
  if (last === 0) return { lines: [], reach: 0 };
  const isAny = since === null && pattern === null;
  const read = await readLastLines(path, isAny ? last : Number.MAX_SAFE_INTEGER, MOST_BYTES);
  const isWanted = createSelector(query);
  const found = read.flatMap((text, index) => {
    const line = toLogLine(name, text);
    return isWanted(line) ? [{ line, index }] : [];
  });
  const kept = found.slice(-last);
  const [first] = kept;
  return {
    lines: kept.map(({ line }) => line),
    reach: first === undefined ? 0 : read.length - first.index,
  };
}
