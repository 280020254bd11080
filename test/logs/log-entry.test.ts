// Log entries on a terminal: sentences, one row each, one time zone, without control characters.
import { afterEach, describe, expect, it } from 'vitest';
import { entryText, localTime, readDaemonLine, readServerLine } from '../../src/logs/log-entry.ts';

const time = '2026-01-01T00:00:00.000Z';
const row = (facts: object): string =>
  entryText(readDaemonLine(JSON.stringify({ level: 'warn', time, ...facts })));

describe('an entry of the daemon’s log', () => {
  it('is a sentence about its server, with the facts behind it', () => {
    expect(row({ server: 'context7', attempt: 2, ok: false, msg: 'Restarting server' })).toBe(
      'warn  context7: Restarting server (attempt: 2, ok: false)',
    );
  });
  it('leaves out what is not known, and gives durations a unit', () => {
    expect(row({ version: null, took: 1234, lastLines: ['a b', 'c'], d: { e: 1 }, msg: 'M' })).toBe(
      'warn  M (took: 1 s, lastLines: a b | c, d: {"e":1})',
    );
  });
  it('shows only the message of an error', () => {
    expect(row({ err: { type: 'Error', message: 'no space', stack: 'at …' }, msg: 'M' })).toBe(
      'warn  M (error: no space)',
    );
  });
  it('lets no text break out of its row or act on the terminal', () => {
    expect(row({ msg: 'a\nb\u001B[2J\u202E' })).toBe(String.raw`warn  a\x0ab\u202e`);
    expect(row({ msg: 'M', fact: 'a\nb' })).toBe(String.raw`warn  M (fact: a\x0ab)`);
  });
  it('keeps its time', () => {
    expect(readDaemonLine(JSON.stringify({ level: 'info', time, msg: 'M' })).at).toBe(Date.parse(time));
  });
  it.each(['not JSON \u001B[31m', '[1]', 'null', '{"level":1}'])(
    'is the line itself, made safe, when it is no log line: %j',
    (line) => {
      expect(entryText(readDaemonLine(line))).toBe(line.replace('\u001B[31m', ''));
    },
  );
});

describe('an entry of a server’s log', () => {
  it('knows time, stream and text', () => {
    expect(readServerLine(`${time} stderr ready: a b`)).toMatchObject({
      at: Date.parse(time),
      stream: 'stderr',
      text: 'ready: a b',
    });
  });
  it('is the line itself when it has no time', () => {
    expect(readServerLine('two\u0007')).toMatchObject({ at: null, stream: null, text: String.raw`two\x07` });
  });
});

describe('localTime()', () => {
  const before = process.env['TZ'];
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  it.each([
    ['UTC', '2026-01-01T00:00:00.000Z'],
    ['Europe/Berlin', '2026-01-01T01:00:00.000+01:00'],
    ['America/St_Johns', '2025-12-31T20:30:00.000-03:30'],
  ])('in %s', (zone, text) => {
    process.env['TZ'] = zone;
    expect(localTime(Date.parse(time))).toBe(text);
    expect(Date.parse(text)).toBe(Date.parse(time));
  });
});
