import { describe, expect, test } from 'vitest';

import { npmVersions } from '../../../src/packages/npm/npm-versions.ts';

describe('wishKind()', () => {
  test.each([
    ['1.2.3', 'exact'],
    ['v1.2.3', 'exact'],
    ['1.2.3-rc.1', 'exact'],
    ['1', 'range'],
    ['^1.2', 'range'],
    ['>=1 <3', 'range'],
    ['*', 'range'],
    ['x', 'range'],
    ['x.x', 'range'],
    ['v1.x', 'range'],
    ['latest', 'tag'],
    ['next-7', 'tag'],
    ['file:../evil', null],
    ['git+ssh://host/x', null],
    ['https://host/x.tgz', null],
    ['npm:other@1', null],
    ['--global', null],
    ['../x', null],
    ['a b', null],
  ])('%s is %s', async (wish, expected) => {
    expect(await npmVersions.wishKind(wish)).toBe(expected);
  });
});

describe('versions of npm', () => {
  test.each([
    ['1.0.0', '1.0.0', true],
    ['v1.0.0', '1.0.0', true],
    ['1.0.0', '1.0.1', false],
    ['1.0.0-rc.1', '1.0.0', false],
    ['latest', 'latest', true],
    ['latest', '1.0.0', false],
    ['1', '1.0.0', false],
  ])('%s and %s are the same: %s', (one, other, expected) => {
    expect(npmVersions.isSame(one, other)).toBe(expected);
    expect(npmVersions.isSame(other, one)).toBe(expected);
  });

  test.each([
    ['1.0.0', true],
    ['1.0.0-rc.1', true],
    ['v1.0.0', false],
    ['=1.0.0', false],
    ['1.0', false],
    ['latest', false],
    ['--global', false],
    ['1.0.0 || 2', false],
  ])('%s is one version in full: %s', (text, expected) => {
    expect(npmVersions.isVersion(text)).toBe(expected);
  });

  test.each([
    ['1.0.0', true],
    ['=1.0.0', true],
    ['v1.0.0', true],
    ['^1.0.0', false],
    ['1.0', false],
    ['latest', false],
  ])('a wish for %s pins it: %s', (wish, expected) => {
    expect(npmVersions.isPinned(wish)).toBe(expected);
  });

  test('come in the order of semver, prereleases first', () => {
    const sorted = ['1.10.0', '1.2.0', '2.0.0', '2.0.0-rc.1'].toSorted(npmVersions.compare);
    expect(sorted).toEqual(['1.2.0', '1.10.0', '2.0.0-rc.1', '2.0.0']);
    expect(sorted.filter(npmVersions.isStable)).toEqual(['1.2.0', '1.10.0', '2.0.0']);
  });
});
