import { describe, expect, it } from 'vitest';
import { pypiVersions } from '../../../src/packages/pypi/pypi-versions.ts';

describe('versions of Python packages', () => {
  it('are the same in any spelling', () => {
    expect(pypiVersions.isSame('1.0', '1.0.0')).toBe(true);
    expect(pypiVersions.isSame('==1.0RC1', '1rc1')).toBe(true);
    expect(pypiVersions.isSame('1.0', '1.0.post1')).toBe(false);
    expect(pypiVersions.isSame('latest', 'latest')).toBe(true);
    expect(pypiVersions.canonical('^1')).toBeNull();
  });

  it.each([
    ['1.0', true],
    ['1.0.post1', true],
    ['1.0rc1', false],
    ['1.0.dev1', false],
    ['nothing', false],
  ])('%s is stable: %s', (version, expected) => {
    expect(pypiVersions.isStable(version)).toBe(expected);
  });

  it.each([
    ['1!0.1', true],
    ['2026.10.19', true],
    ['==1.0', false],
    ['1.0 ', false],
    ['../1', false],
  ])('%j reaches uv as a version: %s', (text, expected) => {
    expect(pypiVersions.isVersion(text)).toBe(expected);
  });

  it('are pinned by an exact wish only', () => {
    expect(pypiVersions.isPinned('==1.2')).toBe(true);
    expect(pypiVersions.isPinned('==1.2.*')).toBe(false);
    expect(pypiVersions.isPinned('latest')).toBe(false);
  });

  it('satisfy ranges, prereleases included', async () => {
    const { isWithin, isRange } = await pypiVersions.ranges();
    expect(isWithin('2.0rc1', '*')).toBe(true);
    expect(isWithin('2.0rc1', '>=1')).toBe(true);
    expect(isWithin('2.0', '^1')).toBe(false);
    expect(isRange('^1')).toBe(false);
  });
});
