// Terminal form of a JSON line of the daemon's log.
import { neutralise } from '../core/base/text.ts';
import { isObject, parseJson } from '../core/base/guards.ts';

/**
 * Formats a line as `2026-01-01T00:00:00.000Z warn  Restarting server server=context7 attempt=2`. Objects stay JSON; of
 * an error only its message is shown. Returns any other line unchanged except for control characters.
 */
export function formatLogLine(line: string): string {
  const record = parse(line);
  if (record === null) return neutralise(line);
  const { time, level, msg, err, ...facts } = record;
  const error = messageOf(err);
  const shown = Object.entries(error === null ? facts : { ...facts, error }).map(
    ([key, value]) => `${key}=${show(value)}`,
  );
  return neutralise(
    [String(time), String(level).padEnd(5), ...(typeof msg === 'string' ? [msg] : []), ...shown].join(' '),
  );
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  const value = parseJson(line);
  const isLine = isObject(value) && typeof value['time'] === 'string' && typeof value['level'] === 'string';
  return isLine ? value : null;
}

function messageOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : null;
}

function show(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/u.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}
