import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/core/base/units.ts';

describe('parseDuration()', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['6h', 21_600_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['1.1s', 1100],
    ['0s', 0],
  ])('reads %s as %d ms', (text, value) => {
    expect(parseDuration(text)).toEqual({ value });
  });

  it.each([
    ['30', 'must have a unit'],
    ['', 'must be a number with a unit'],
    ['-5s', 'must be a number with a unit'],
    ['1h30m', 'must be a number with a unit'],
    ['5min', 'write 5m'],
    ['30 s', 'write 30s'],
    ['2Hours', 'write 2h'],
    ['5M', 'write it like'],
    ['3w', 'write it like'],
    ['0.5ms', 'is finer than can be kept'],
    ['999999999999999999d', 'is too large'],
    ['１s', 'must be a number with a unit'],
  ])('refuses %s and says what to write', (text, words) => {
    expect(parseDuration(text)).toEqual({ problem: expect.stringContaining(words) });
  });
});

describe('parseSize()', () => {
  it.each([
    ['512MiB', 536_870_912],
    ['1GiB', 1_073_741_824],
    ['64KiB', 65_536],
    ['1.5KiB', 1536],
  ])('reads %s as %d bytes', (text, value) => {
    expect(parseSize(text)).toEqual({ value });
  });

  it.each([
    ['1024', 'must have a unit'],
    ['512MB', 'write 512MiB'],
    ['1g', 'write 1GiB'],
    ['10 MiB', 'write 10MiB'],
    ['10parsecs', 'write it like'],
  ])('refuses %s and says what to write', (text, words) => {
    expect(parseSize(text)).toEqual({ problem: expect.stringContaining(words) });
  });
});

describe('formatDuration() and formatSize()', () => {
  it('choose the largest unit without a fraction', () => {
    expect([0, 1, 1500, 90_000, 120_000, 86_400_000].map(formatDuration)).toEqual([
      '0s',
      '1ms',
      '1500ms',
      '90s',
      '2m',
      '1d',
    ]);
    expect([0, 1536, 1024 ** 2, 1024 ** 3 * 3].map(formatSize)).toEqual(['0KiB', '1.5KiB', '1MiB', '3GiB']);
  });

  it('write what is read back as the same number, for any number', () => {
    const amounts = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(amounts, (value) => {
        expect(parseDuration(formatDuration(value))).toEqual({ value });
        expect(parseSize(formatSize(value))).toEqual({ value });
      }),
    );
  });

  it('any text gives a whole number that is not negative, or a problem', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^\d{1,20}(\.\d{1,5})?(ms|s|m|h|d|KiB|MiB|GiB)$/));
    fc.assert(
      fc.property(texts, fc.constantFrom(parseDuration, parseSize), (text, parse) => {
        const parsed = parse(text);
        if ('problem' in parsed) expect(parsed.problem).toMatch(/^(must|is) /);
        else expect(Number.isSafeInteger(parsed.value) && parsed.value >= 0).toBe(true);
      }),
    );
  });
});
