import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  formatVersion,
  parseSpecifiers,
  parseVersion,
  satisfies,
} from '../../../src/core/python/pep440.ts';

const version = (text: string) => parseVersion(text)!;

describe('parseVersion()', () => {
  it.each([
    ['1.0', '1.0'],
    [' v1.0 ', '1.0'],
    ['1.0-RC.1', '1.0rc1'],
    ['1.0alpha', '1.0a0'],
    ['1.0.preview2', '1.0rc2'],
    ['1.0-3', '1.0.post3'],
    ['1.0.rev', '1.0.post0'],
    ['1.0.DEV4', '1.0.dev4'],
    ['1!0.1', '1!0.1'],
    ['1.0+Ubuntu-2_x', '1.0+ubuntu.2.x'],
    ['2026.10.19', '2026.10.19'],
  ])('reads %s as %s', (text, normal) => {
    expect(formatVersion(version(text))).toBe(normal);
  });

  it.each(['', 'latest', '^1', '1.x', '1..2', '1.0+', '-1', '==1.0', '1.0 2', '1.0/..', '9'.repeat(200)])(
    'refuses %j',
    (text) => {
      expect(parseVersion(text)).toBeNull();
    },
  );
});

describe('compareVersions()', () => {
  it('orders as PEP 440 does', () => {
    const ordered = [
      '1.0.dev1',
      '1.0a1.dev1',
      '1.0a1',
      '1.0b2',
      '1.0rc1',
      '1.0rc1.post1',
      '1.0',
      '1.0+abc',
      '1.0+abc.1',
      '1.0+5',
      '1.0.post1.dev1',
      '1.0.post1',
      '1.0.1',
      '1.2',
      '1.10',
      '1!0.1',
    ];
    const sorted = ordered
      .toReversed()
      .toSorted((one, other) => compareVersions(version(one), version(other)));
    expect(sorted).toEqual(ordered);
  });

  it.each([
    ['1.0', '1.0.0'],
    ['1', 'v1.0'],
  ])('holds %s and %s for the same', (one, other) => {
    expect(compareVersions(version(one), version(other))).toBe(0);
  });
});

describe('parseSpecifiers()', () => {
  it.each([
    ['>=1,<2', '1.5', true],
    ['>=1,<2', '2.0', false],
    ['<2', '2.0rc1', false],
    ['<2.0rc2', '2.0rc1', true],
    ['>1.0', '1.0.post1', false],
    ['>1.0', '1.1.dev1', true],
    ['~=1.4', '1.9', true],
    ['~=1.4', '2.0', false],
    ['~=1.4.2', '1.4.9', true],
    ['~=1.4.2', '1.5', false],
    ['==1.4.*', '1.4.9.post1', true],
    ['==1.4.*', '1.40', false],
    ['!=1.4.*', '1.5', true],
    ['==1.0', '1.0+local', true],
    ['==1.0+local', '1.0', false],
    ['*', '2.0rc1', true],
    ['', '1.0', true],
  ])('%s of %s: %s', (range, text, expected) => {
    expect(satisfies(version(text), parseSpecifiers(range)!)).toBe(expected);
  });

  it.each(['^1', '===1', '~=1', '>=1.*', '>=1+local', '1.0', 'latest', '>=1,', '>=1 <2', '@ git+https://x'])(
    'refuses %j',
    (text) => {
      expect(parseSpecifiers(text)).toBeNull();
    },
  );
});
