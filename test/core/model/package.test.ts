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
    ['pypi:mcp-server-git', { manager: 'pypi', package: 'pypi:mcp-server-git' }],
    ['pypi:MCP_Server.Git', { manager: 'pypi', package: 'pypi:mcp-server-git' }],
    ['pypi:x[b, A]', { manager: 'pypi', package: 'pypi:x', extras: ['a', 'b'] }],
    ['pypi:', { manager: 'pypi', package: 'pypi:' }],
    ['PyPI:x', { manager: 'npm', package: 'PyPI:x' }],
  ])('%s is of the Python index', (text, ref) => {
    expect(parsePackageRef(text)).toEqual(ref);
  });

  it.each([
    ['1.0', true],
    ['1!0.1rc1', true],
    ['2026.10.19~0a1b2c', true],
    ['.tmp-1.0', false],
    ['notes', false],
  ])('in a folder %s is an installed version of a Python package: %s', (name, expected) => {
    expect(MANAGER_FACTS.pypi.versionFolder.test(name)).toBe(expected);
  });

  it.each([
    ['1.2', true],
    ['==1.2', true],
    ['==1.2.*', false],
    ['~=1.2', false],
    ['latest', false],
  ])('a wish for %s begins like one version: %s', (wish, expected) => {
    expect(MANAGER_FACTS.pypi.exactWish.test(wish)).toBe(expected);
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
