import { describe, expect, test } from 'vitest';
import { parseDuration, parseNumber, parseString } from '../../../src/promql/model/literals.ts';

describe('parseDuration()', () => {
  test.each([
    ['0', 0],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1y2w3d4h5m6s7ms', 31_536_000_000 + 2 * 604_800_000 + 3 * 86_400_000 + 14_706_007],
    ['100ms', 100],
  ])('reads %s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  test.each(['', '5', 'm', '5m1h', '1m1m', '5 m', '-5m', '1.5h', '5M'])('is null for "%s"', (text) =>
    expect(parseDuration(text)).toBeNull(),
  );

  test('takes no duration beyond the 292 years that Prometheus counts', () => {
    expect(parseDuration('292y')).toBe(292 * 31_536_000_000);
    expect(parseDuration('293y')).toBeNull();
  });
});

describe('parseNumber()', () => {
  test.each([
    ['0', 0],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1_000', 1000],
    ['0x1F', 31],
    ['017', 15],
    ['08', 8],
    ['-2', -2],
    ['Inf', Infinity],
    ['-inf', -Infinity],
    ['NaN', Number.NaN],
    ['5m', 300],
  ])('reads %s', (text, value) => expect(parseNumber(text)).toBe(value));

  test.each(['', '-', 'x', '1x', '1e', '0b1', 'Infinity', ' 1'])('is null for "%s"', (text) =>
    expect(parseNumber(text)).toBeNull(),
  );
});

describe('parseString()', () => {
  test.each([
    [`"a'b"`, "a'b"],
    [`'a"b'`, 'a"b'],
    ['`a\\n"b`', 'a\\n"b'],
    [String.raw`"\a\b\f\n\r\t\v\\\""`, '\u0007\b\f\n\r\t\v\\"'],
    [String.raw`"\x41\101\u00fc\U0001F600"`, 'AAü😀'],
    ['""', ''],
  ])('reads %s', (text, value) => expect(parseString(text)).toBe(value));

  test.each([
    ['not closed', '"a'],
    ['only a quote', '"'],
    ['closed by an escaped quote', String.raw`"a\"`],
    ['an escape that there is not', String.raw`"\q"`],
    ['the other quote escaped', String.raw`"\'"`],
    ['a byte that is no character', String.raw`"\xe4"`],
    ['half of a pair', String.raw`"\ud800"`],
    ['beyond Unicode', String.raw`"\U00110000"`],
    ['a quote in the middle', '"a"b"'],
    ['a line break', '"a\nb"'],
  ])('is null for what is %s', (_, text) => expect(parseString(text)).toBeNull());
});
