import { describe, expect, test } from 'vitest';
import { fillFormat, readFormat, type ValueType } from '../../../src/promql/template/go-printf.ts';

function printf(format: string, values: readonly (string | number)[], types?: readonly ValueType[]): string {
  const read = readFormat(
    format,
    types ?? values.map((value) => (typeof value === 'string' ? 'text' : 'number')),
  );
  return 'fault' in read ? `fault: ${read.fault}` : fillFormat(read, values);
}

test.each([
  ['%f', 2.5, '2.500000'],
  ['%.1f', 2.25, '2.2'],
  ['%.f', 2.5, '2'],
  ['%F', 1, '1.000000'],
  ['%e', 1234.5, '1.234500e+03'],
  ['%.2E', 1234.5, '1.23E+03'],
  ['%g', 1e7, '1e+07'],
  ['%.3g', 1234, '1.23e+03'],
  ['%G', 1e7, '1E+07'],
  ['%v', 0.1, '0.1'],
  ['%6.1f|', 2, '   2.0|'],
  ['%-6.1f|', 2, '2.0   |'],
  ['%06.1f', -2, '-002.0'],
  ['%+.1f', 2, '+2.0'],
  ['%+06.1f', 2, '+002.0'],
  ['%+v', Number.NaN, '+NaN'],
  ['%06.1f', Infinity, '  +Inf'],
  ['%.0f%%', 50, '50%'],
  ['%s', 'ab', 'ab'],
  ['%v', 'ab', 'ab'],
  ['%.1s|', 'äb', 'ä|'],
  ['%4s|', 'äb', '  äb|'],
  ['%-4s|', '😀', '😀   |'],
  ['%q', 'a"\\\n\u0001\u007f\u200b😀ü', String.raw`"a\"\\\n\x01\x7f\u200b😀ü"`],
  ['%.1q', 'ab', '"a"'],
])('%s of %o is %s', (format, value, text) => expect(printf(format, [value])).toBe(text));

test('integers are as they are written', () => {
  expect(printf('%d of %v, %3d', [3, 4, 5], ['integer', 'integer', 'integer'])).toBe('3 of 4,   5');
});

test('values are taken in order', () => {
  expect(printf('%s: %.0f%% (%s)', ['a', 50, 'b'])).toBe('a: 50% (b)');
  expect(printf('nothing', [])).toBe('nothing');
});

describe('a format is refused where Go would complain in the text:', () => {
  test.each<[format: string, types: readonly ValueType[], fault: string]>([
    ['%d', ['number'], 'has a value of type number for %d'],
    ['%s', ['number'], 'has a value of type number for %s'],
    ['%f', ['text'], 'has a value of type text for %f'],
    ['%.1f', ['integer'], 'has a value of type integer for %f'],
    ['%z', ['text'], 'has a value of type text for %z'],
    ['%s %s', ['text'], 'has no value for %s'],
    ['%s', ['text', 'text'], 'uses 1 of 2 values'],
    ['50%', [], 'has a % that is no verb'],
    ['%06s', ['text'], 'has a flag for numbers before %s'],
    ['% d', ['integer'], 'has a % that is no verb'],
    ['%100s', ['text'], 'has a % that is no verb'],
    ['%*d', ['integer'], 'has a % that is no verb'],
  ])('%s of %o', (format, types, fault) => expect(readFormat(format, types)).toEqual({ fault }));
});
