// Text written by others: nothing in it may act on a terminal, hide something, or betray a secret.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  truncate,
  createRedactor,
  neutralise,
  REDACTED,
  SHORTEST_SECRET,
  stripUrlSecrets,
} from '../../../src/core/base/text.ts';

const ESC = '\u001B';
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ESC,
      '[',
      ']',
      '\u009B',
      '\u0007',
      '\n',
      '\r',
      '\u202E',
      '\u2066',
      '\u2028',
      '\uD800',
      '\u{E0041}',
      'm',
      ';',
      '1',
      '\\',
      'é',
      '😀',
      '\t',
    ),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
  maxLength: 60,
});

describe('withoutSecrets()', () => {
  it.each([
    ['http://127.0.0.1:9640/mcp', 'http://127.0.0.1:9640/mcp'],
    ['https://ada:lovelace@example.test/mcp', 'https://example.test/mcp'],
    ['https://token@example.test/', 'https://example.test/'],
    ['http://[::1]:80/mcp?api_key=1#x', 'http://[::1]/mcp'],
    ['no url', null],
  ])('leaves of %s only %s', (url, rest) => {
    expect(stripUrlSecrets(url)).toBe(rest);
  });
});

describe('neutralise()', () => {
  it('needs no more time for escape sequences that never end than for other text', () => {
    const beginnings = '\u009D'.repeat(200_000);
    expect(neutralise(beginnings)).toBe(String.raw`\x9d`.repeat(200_000));
    expect(neutralise('\u001B]0;'.repeat(100_000))).toBe(String.raw`0;`.repeat(100_000));
  });

  it.each([
    ['leaves plain text as it is', 'GET /mcp 200 in 12 ms', 'GET /mcp 200 in 12 ms'],
    ['keeps tabs, accents, emoji and their joiners', '\té 👩‍💻 می‌خواهم', '\té 👩‍💻 می‌خواهم'],
    ['removes colours', `${ESC}[1;31mfailed${ESC}[0m`, 'failed'],
    ['removes titles and links', `${ESC}]0;owned\u0007a ${ESC}]8;;http://x${ESC}\\b`, 'a b'],
    ['removes cursor moves and one-character sequences', `a${ESC}[2J${ESC}[H${ESC}cb`, 'ab'],
    ['removes eight-bit sequences', 'a\u009B31mb', 'ab'],
    ['shows what is not a whole sequence', `a${ESC}`, String.raw`a\x1b`],
    ['does not let a removed sequence make another', `${ESC}${ESC}[0m[31mx`, String.raw`\x1b[31mx`],
    ['shows other controls', 'bell\u0007 nul\u0000 back\b', String.raw`bell\x07 nul\x00 back\x08`],
    [
      'shows line ends, so that nobody forges a line',
      'a\r\n2026-01-01 root ok\u2028b',
      String.raw`a\x0d\x0a2026-01-01 root ok\u2028b`,
    ],
    ['shows bidi overrides', 'abc\u202Etxt.exe\u2066', String.raw`abc\u202etxt.exe\u2066`],
    ['shows invisible tags', 'a\u{E0041}b', String.raw`a\u{e0041}b`],
    ['shows a lone half of a character', 'a\uD83Db', String.raw`a\ud83db`],
  ])('%s', (_name, text, expected) => {
    expect(neutralise(text)).toBe(expected);
  });

  it('leaves nothing that acts, whatever it is given, and is stable', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = neutralise(text);
        expect(safe).not.toMatch(/(?!\t)[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u);
        expect(neutralise(safe)).toBe(safe);
      }),
    );
  });

  it('takes time in proportion to the length of a hostile line', () => {
    const lines = [
      `${ESC}[`.repeat(50_000),
      `${ESC}]`.repeat(50_000),
      `${ESC}[${'1'.repeat(100_000)}`,
      `${ESC}${' '.repeat(100_000)}`,
    ];
    const start = performance.now();
    for (const line of lines) neutralise(line);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('cap()', () => {
  it('leaves what fits', () => expect(truncate('12345', 5)).toBe('12345'));
  it('shows a cut', () => expect(truncate('123456', 5)).toBe('1234…'));
  it('never splits a character', () => expect(truncate('123😀56', 5)).toBe('123…'));
});

describe('createRedactor()', () => {
  it('takes a secret out wherever it stands', () => {
    const { scrub } = createRedactor(['sk-1234567890']);
    expect(scrub('key=sk-1234567890&x sk-1234567890')).toBe(`key=${REDACTED}&x ${REDACTED}`);
  });

  it('leaves nothing of the longer one when one secret contains another', () => {
    const { scrub } = createRedactor(['password', 'password-of-alice']);
    expect(scrub('is password-of-alice')).toBe(`is ${REDACTED}`);
  });

  it('ignores values too short to be told from honest text', () => {
    const { scrub } = createRedactor(['true', '8080', 'a'.repeat(SHORTEST_SECRET - 1)]);
    expect(scrub('listening on 8080: true')).toBe('listening on 8080: true');
  });

  it.each([
    ['escaped for JSON', 'p"ss\\w\nord-part-two', String.raw`{"a":"ord-part-two p\"ss"}`, 'ord-part-two'],
    ['escaped for JSON in one piece', 'quo"te\\secret', String.raw`{"a":"quo\"te\\secret"}`, 'te\\\\secret'],
    ['escaped for a URL', 'pass word/+?', 'http://x/?t=pass%20word%2F%2B%3F', 'pass%20word'],
    ['without its scheme', 'Bearer abcdefghijkl', 'token abcdefghijkl', 'abcdefghijkl'],
    ['line by line', 'BEGIN KEY----\nMIIEvQIBADANBg\nEND KEY', 'read MIIEvQIBADANBg', 'MIIEvQIBADANBg'],
  ])('finds a secret %s', (_name, secret, text, trace) => {
    expect(text).toContain(trace);
    expect(createRedactor([secret]).scrub(text)).not.toContain(trace);
  });

  it('takes out the head of a secret that the end of a cut line left', () => {
    const { scrub } = createRedactor(['sk-1234567890']);
    expect(scrub('key=sk-12345', true)).toBe(`key=${REDACTED}`);
    expect(scrub('key=sk-12345')).toBe('key=sk-12345');
  });

  it('learns more secrets and forgets none', () => {
    const redactor = createRedactor(['first-secret']);
    redactor.learn(['second-secret']);
    expect(redactor.scrub('first-secret second-secret')).toBe(`${REDACTED} ${REDACTED}`);
  });

  it('never shows a secret, whatever characters it is made of', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: SHORTEST_SECRET, unit: 'grapheme' }),
        fc.string(),
        fc.string(),
        (secret, before, after) => {
          const piece = secret.trim();
          fc.pre(piece.length >= SHORTEST_SECRET && !REDACTED.includes(piece) && !/[\r\n]/u.test(piece));
          const { scrub, scrubValue } = createRedactor([secret]);
          expect(scrub(before + piece + after)).not.toContain(piece);
          const value = { list: [{ [piece]: before + piece }] };
          expect(JSON.stringify(scrubValue(value))).not.toContain(JSON.stringify(piece).slice(1, -1));
        },
      ),
    );
  });

  it('keeps the shape of a value', () => {
    const { scrubValue } = createRedactor(['12345678']);
    const value = { at: 1.5, list: ['x', null, true, 12_345_678], deep: { text: 'a 12345678' } };
    expect(scrubValue(value)).toEqual({
      at: 1.5,
      list: ['x', null, true, REDACTED],
      deep: { text: `a ${REDACTED}` },
    });
  });
});
