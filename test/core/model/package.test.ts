import { describe, expect, it } from 'vitest';
import { MANAGER_FACTS, parsePackageRef } from '../../../src/core/model/package.ts';

describe('a package', () => {
  it.each([
    ['files-mcp', 'files-mcp'],
    ['npm:files-mcp', 'files-mcp'],
    ['npm:@scope/files', '@scope/files'],
    ['npm', 'npm'],
    ['NPM:files', 'NPM:files'],
    ['unknown:files', 'unknown:files'],
  ])('%s is of npm, and known as %s', (text, id) => {
    expect(parsePackageRef(text)).toEqual({ manager: 'npm', package: id });
    expect(parsePackageRef(id)).toEqual({ manager: 'npm', package: id });
  });

  it.each([
    ['1.2.0', true],
    ['1.2.0-beta.1', true],
    ['1.2.0~0a1b2c', true],
    ['.tmp-1.2.0', false],
    ['1.2', false],
    ['notes', false],
  ])('in a folder %s is an installed version: %s', (name, expected) => {
    expect(MANAGER_FACTS.npm.versionFolder.test(name)).toBe(expected);
  });
});
