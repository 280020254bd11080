import { describe, expect, test } from 'vitest';
import { decimal, fixed, general, scientific } from '../../../src/promql/template/go-numbers.ts';

// What Go says of many numbers is asked in promtool.test.ts; these are the corners.

describe('fixed()', () => {
  test.each([
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [2.5, 0, '2'],
    [-2.5, 0, '-2'],
    [0.125, 2, '0.12'],
    [0.375, 2, '0.38'],
    [1.005, 2, '1.00'],
    [2.675, 2, '2.67'],
    [9.995, 2, '9.99'],
    [-0, 1, '-0.0'],
    [-0.04, 1, '-0.0'],
    [1e21, 0, '1000000000000000000000'],
    [-1e23, 2, '-99999999999999991611392.00'],
    [0.1, 30, '0.100000000000000005551115123126'],
    [Infinity, 2, '+Inf'],
    [-Infinity, 2, '-Inf'],
    [Number.NaN, 2, 'NaN'],
  ])('%d with %i digits is %s', (value, digits, text) => expect(fixed(value, digits)).toBe(text));
});

describe('scientific()', () => {
  test.each([
    [2.5, 0, '2e+00'],
    [9.5, 0, '1e+01'],
    [1.25e-7, 1, '1.2e-07'],
    [1.5e123, 2, '1.50e+123'],
    [-0, 1, '-0.0e+00'],
    [1234.5, undefined, '1.2345e+03'],
    [Number.NaN, 2, 'NaN'],
  ])('%d with %s digits is %s', (value, digits, text) => expect(scientific(value, digits)).toBe(text));
});

describe('general()', () => {
  test.each([
    [1.0625, 4, '1.062'],
    [0.00001234, 4, '1.234e-05'],
    [0.0001234, 4, '0.0001234'],
    [12_345, 4, '1.234e+04'],
    [1000, 4, '1000'],
    [100, 0, '1e+02'],
    [999_999, undefined, '999999'],
    [1_000_000, undefined, '1e+06'],
    [0.1 + 0.2, undefined, '0.30000000000000004'],
    [-0, 4, '-0'],
    [0, undefined, '0'],
    [Infinity, 4, '+Inf'],
  ])('%d with %s digits is %s', (value, digits, text) => expect(general(value, digits)).toBe(text));
});

test.each([
  [1e21, '1000000000000000000000'],
  [1.5e-7, '0.00000015'],
  [-12.5, '-12.5'],
  [1e23, '100000000000000000000000'],
  [0, '0'],
  [-Infinity, '-Inf'],
])('decimal() writes %d as %s', (value, text) => expect(decimal(value)).toBe(text));
