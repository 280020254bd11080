// JSON log lines on a terminal: readable, one row each, without control characters.
import { describe, expect, it } from 'vitest';
import { formatLogLine } from '../../src/logs/format-log-line.ts';

const time = '2026-01-01T00:00:00.000Z';
const row = (facts: object): string => formatLogLine(JSON.stringify({ level: 'warn', time, ...facts }));

describe('formatLogLine()', () => {
  it('shows time, level, sentence, facts', () => {
    expect(row({ server: 'context7', attempt: 2, ok: false, msg: 'Restarting server' })).toBe(
      `${time} warn  Restarting server server=context7 attempt=2 ok=false`,
    );
  });
  it('quotes what would be ambiguous', () => {
    expect(row({ a: 'two words', b: { c: 1 }, d: 'x=y', msg: 'M' })).toBe(
      `${time} warn  M a="two words" b={"c":1} d="x=y"`,
    );
  });
  it('shows only the message of an error', () => {
    expect(row({ err: { type: 'Error', message: 'no space', stack: 'at …' }, msg: 'M' })).toBe(
      `${time} warn  M error="no space"`,
    );
  });
  it('lets no text break out of its row or act on the terminal', () => {
    expect(row({ msg: 'a\nb\u001B[2J\u202E' })).toBe(String.raw`${time} warn  a\x0ab\u202e`);
  });
  it.each(['not JSON \u001B[31m', '[1]', 'null', '{"level":1}'])(
    'gives back what is no log line, made safe: %j',
    (line) => {
      expect(formatLogLine(line)).toBe(line.replace('\u001B[31m', ''));
    },
  );
});
