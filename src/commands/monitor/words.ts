// Marks, heartbeats, states and short numbers of the live view; without UTF-8 in ASCII.
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import { span } from '../../core/base/format.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { isHealthy } from '../../core/status/health-summary.ts';
import { stateWords, wordsSince } from '../../core/status/state-words.ts';
import type { TroubleGroup } from '../../core/status/troubles.ts';
import { fit, type Style, widthOf } from '../views/style.ts';

/** Characters of the view. */
export interface Signs {
  readonly marks: Readonly<Record<TroubleGroup, string>>;
  readonly beats: Readonly<Record<string, string>>;
  readonly levels: string;
  readonly arrow: string;
  readonly rule: string;
  readonly none: string;
  readonly up: string;
  readonly down: string;
  readonly back: string;
  /** The key that opens. */
  readonly enter: string;
  readonly isAscii: boolean;
}

const UNICODE: Signs = {
  marks: { needs_you: '✗', handled: '◐', healthy: '✓', off: '–' },
  beats: { u: '▁', s: '▄', a: '▆', r: '▆', d: '█', o: '·', n: '·' },
  levels: '▁▂▃▄▅▆▇█',
  arrow: '→',
  rule: '─',
  none: '–',
  up: '▴',
  down: '▾',
  back: '‹',
  enter: '⏎',
  isAscii: false,
};

const ASCII: Signs = {
  marks: { needs_you: 'x', handled: '~', healthy: '+', off: '-' },
  beats: { u: '_', s: '-', a: 'r', r: 'r', d: '#', o: '.', n: '.' },
  levels: '_.-=+*#@',
  arrow: '->',
  rule: '-',
  none: '-',
  up: '^',
  down: 'v',
  back: '<',
  enter: 'enter',
  isAscii: true,
};

export function signsOf(isUnicode: boolean): Signs {
  return isUnicode ? UNICODE : ASCII;
}

export const GROUP_STYLES: Readonly<Record<TroubleGroup, Style>> = {
  needs_you: 'red',
  handled: 'yellow',
  healthy: 'green',
  off: 'dim',
};

export const GROUP_TITLES: Readonly<Record<TroubleGroup, string>> = {
  needs_you: 'NEEDS YOU',
  handled: 'HANDLED BY THE WATCHDOG',
  healthy: 'HEALTHY',
  off: 'OFF',
};

/** Writes the last hours in `cells` columns: of the letters that share a column, the gravest. */
export function heartbeat(letters: string, cells: number, { beats }: Signs): string {
  const order = 'nuosard';
  const size = letters.length / cells;
  return Array.from({ length: cells }, (_, index) => {
    const part = letters.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    const gravest = part.split('').reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'n');
    return beats[gravest] ?? ' ';
  }).join('');
}

/**
 * Writes numbers as `cells` columns of eight heights: of the numbers that share a column, the highest; a gap where there is
 * none. The tallest is the largest number, or `least` if that is more: next to nothing shall not look like much.
 */
export function sparkline(
  values: readonly (number | null)[],
  cells: number,
  { levels }: Signs,
  least = 0,
): string {
  const size = Math.max(1, values.length / cells);
  const shown = Array.from({ length: Math.min(cells, values.length) }, (_, index) => {
    const part = values.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    return part.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
  });
  const known = shown.filter((value) => value !== null);
  const most = Math.max(...known, least);
  const marks = levels.split('');
  return shown
    .map((value) => {
      if (value === null) return ' ';
      const level = most === 0 ? 0 : Math.round((value / most) * (marks.length - 1));
      return marks[level] ?? ' ';
    })
    .join('')
    .padStart(cells);
}

/** `40s`, `47m`, `9h`, `2d`. */
export function short(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** Ms below which a countdown names seconds beside minutes. */
const COUNTED = 10 * 60_000;

/** Counts down to the next attempt of a server that waits for one, `retry in 3 min 48 s`; empty when none is due. */
export function retryText(server: ServerStatus, now: number): string {
  const { nextAttemptAt } = server;
  if (nextAttemptAt === null || isHealthy(server)) return '';
  const left = nextAttemptAt - now;
  if (left < 1000) return 'retry now';
  const seconds = Math.floor(left / 1000);
  if (left < 60_000 || left >= COUNTED) return `retry in ${span(left)}`;
  return `retry in ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `52M`, `1.2G`. */
export function shortSize(bytes: number): string {
  const [value, unit] = bytes >= 1024 ** 3 ? [bytes / 1024 ** 3, 'G'] : [bytes / 1024 ** 2, 'M'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** `6.4ms`, `125ms`, `1.3s`. */
export function shortTime(milliseconds: number): string {
  const [value, unit] = milliseconds < 1000 ? [milliseconds, 'ms'] : [milliseconds / 1000, 's'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

export function memoryOf({ usage }: ServerStatus): string | null {
  return usage === null ? null : shortSize(usedMemory(usage));
}

/**
 * Writes the state and for how long: `crash looping 47m`, `probation, 7m left`, `memory high 3m`; the state alone where that
 * is wider than `width`, since half a time would be a wrong one.
 */
export function stateText(server: ServerStatus, now: number, width = Infinity): string {
  const words = stateWords(server);
  const timed = timedWords(server, words, wordsSince(server), now);
  return widthOf(timed) <= width ? timed : fit(words, width);
}

function timedWords(
  { killRepeats, update }: ServerStatus,
  words: string,
  since: number,
  now: number,
): string {
  if (killRepeats > 0) return words;
  const until = update?.progress?.until ?? null;
  if (words === 'on probation' && until !== null) return `probation, ${short(until - now)} left`;
  return `${words} ${short(now - since)}`;
}
