import { describe, expect, it } from 'vitest';
import {
  isInterpreter,
  isRequirement,
  parsePythonPackage,
  pythonWishKind,
  wishCure,
} from '../../../src/core/python/requirement.ts';

describe('parsePythonPackage()', () => {
  it('normalises names and extras', () => {
    expect(parsePythonPackage('Foo._Bar[B_b, a,a]')).toEqual({ name: 'foo-bar', extras: ['a', 'b-b'] });
    expect(parsePythonPackage('x')).toEqual({ name: 'x', extras: [] });
  });

  it.each(['', '-x', 'a==1', 'a[', 'a[]', '@s/a', '../a', 'a@1', 'a b', 'a-', 'git+https://x', 'ä'])(
    'refuses %j',
    (text) => {
      expect(parsePythonPackage(text)).toBeNull();
    },
  );
});

describe('pythonWishKind()', () => {
  it.each([
    ['latest', 'tag'],
    ['1.2', 'exact'],
    ['==1.2', 'exact'],
    ['v1.2', 'exact'],
    ['>=1,<2', 'range'],
    ['==1.2.*', 'range'],
    ['^1.2', null],
    ['===1', null],
    ['next', null],
    ['../x', null],
    ['--pre', null],
  ])('%s is %s', (wish, kind) => {
    expect(pythonWishKind(wish)).toBe(kind);
  });

  it.each([
    ['^1.2', '~=1.2'],
    ['~1', '~=1.0'],
    ['===1.0', '==1.0'],
    ['next', 'it like 1.2.3, >=1.2,<2, ~=1.4 or latest'],
  ])('in place of %s one writes %s', (wish, cure) => {
    expect(wishCure(wish)).toBe(cure);
  });
});

describe('a requirement', () => {
  it.each(['mcp<2', 'mcp', 'httpx[http2] >=0.27, <1', 'a==1.*'])('may be %s', (text) => {
    expect(isRequirement(text)).toBe(true);
  });

  it.each([
    '-r x',
    'x @ git+https://y',
    'x; python_version<"3"',
    './x',
    'x ===1',
    '',
    'x==1 --hash=y',
    'a\nb',
  ])('is not %j', (text) => {
    expect(isRequirement(text)).toBe(false);
  });
});

describe('an interpreter', () => {
  it.each(['3', '3.12', '3.12.4', '3.13t', '>=3.10,<3.13'])('may be %s', (text) => {
    expect(isInterpreter(text)).toBe(true);
  });

  it.each(['/x', 'python3', '../x', '*', '', '-p', '2.7'])('is not %j', (text) => {
    expect(isInterpreter(text)).toBe(false);
  });
});
