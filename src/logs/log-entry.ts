// Entry of a log: one line of a server's output or of the daemon's own log, read and made readable.
import { neutralise } from '../core/base/text.ts';
import { span } from '../core/base/format.ts';
import { isObject, parseJson } from '../core/base/guards.ts';

export interface LogEntry {
  /** ms since the epoch; null for a line without a time, which continues the one before. */
  readonly at: number | null;
  /** Where a server printed it, or `watchdog` for a remark of ours; null in the daemon's log. */
  readonly stream: string | null;
  /** Of the daemon's log; null for a server. */
  readonly level: string | null;
  /** What was printed, or the sentence; safe to show. */
  readonly text: string;
  /** What stands beside the sentence, as it was logged; empty for a server. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const SERVER_LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (stdout|stderr|watchdog) (.*)$/su;

/** Reads a line of a server's log: `2026-01-01T00:00:00.000Z stderr ready`. */
export function readServerLine(line: string): LogEntry {
  const [, time = '', stream = null, text = line] = SERVER_LINE.exec(line) ?? [];
  return { at: timeOf(time), stream, level: null, text: neutralise(text), facts: {} };
}

/** Reads a JSON line of the daemon's log; any other line is its text. */
export function readDaemonLine(line: string): LogEntry {
  const record = parseJson(line);
  if (!isObject(record) || typeof record['time'] !== 'string' || typeof record['level'] !== 'string')
    return { at: null, stream: null, level: null, text: neutralise(line), facts: {} };
  const { time, level, msg, err, ...facts } = record;
  const error = messageOf(err);
  return {
    at: timeOf(time),
    stream: null,
    level: neutralise(level),
    text: neutralise(typeof msg === 'string' ? msg : ''),
    facts: error === null ? facts : { ...facts, error },
  };
}

function timeOf(written: string): number | null {
  const at = Date.parse(written);
  return Number.isNaN(at) ? null : at;
}

function messageOf(error: unknown): string | null {
  return isObject(error) && 'message' in error ? String(error['message']) : null;
}

/**
 * Writes an entry without its time: `stderr ready`, or the level and a sentence with what stands beside it:
 * `warn  context7: Restarting server (reason: probe, attempt: 2)`.
 */
export function entryText({ stream, level, text, facts }: LogEntry): string {
  if (level === null) return stream === null ? text : `${stream} ${text}`;
  const { server, ...others } = facts;
  const whose = typeof server === 'string' ? `${server}: ` : '';
  const beside = Object.entries(others).flatMap(([key, value]) =>
    value === null || value === undefined || value === '' ? [] : [`${key}: ${show(key, value)}`],
  );
  const list = beside.length === 0 ? '' : ` (${beside.join(', ')})`;
  return neutralise(`${level.padEnd(5)} ${whose}${text}${list}`);
}

/** Keys that hold a duration in ms. */
const DURATIONS = /^(?:took|delay|duration)$/u;

function show(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && key.endsWith('At')) return localTime(value);
  if (typeof value === 'number' && DURATIONS.test(key)) return span(value);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(' | ');
  return JSON.stringify(value) ?? String(value);
}

/** Writes a time in the time zone of the reader, with its offset: `2026-01-01T01:00:00.000+01:00`; `Z` where that is UTC. */
export function localTime(at: number): string {
  const minutes = -new Date(at).getTimezoneOffset();
  const local = new Date(at + minutes * 60_000).toISOString();
  if (minutes === 0) return local;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const offset = Math.abs(minutes);
  return `${local.slice(0, -1)}${minutes < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
}
