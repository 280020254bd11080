import { describe, expect, test } from 'vitest';

import { chooseFallback, chooseInstalled } from '../../src/packages/choose-installed.ts';
import type { InstalledVersion } from '../../src/packages/manager/package-manager.ts';
import { npmVersions } from '../../src/packages/npm/npm-versions.ts';

function onDisk(current: string | null, ...versions: string[]) {
  const installed = versions.map((version): InstalledVersion => ({
    version,
    folder: version,
    packageFolder: version,
    engine: null,
  }));
  return {
    installed,
    current: installed.find(({ version }) => version === current) ?? null,
    versions: npmVersions,
  };
}

describe('chooseInstalled()', () => {
  test.each([
    ['an exact version that is current', '1.0.0', onDisk('1.0.0', '2.0.0', '1.0.0'), '1.0.0'],
    ['an exact version that is not current', '1.0.0', onDisk('2.0.0', '2.0.0', '1.0.0'), '1.0.0'],
    ['an exact version written with a v', 'v1.0.0', onDisk(null, '1.0.0'), '1.0.0'],
    ['an exact version that is missing', '3.0.0', onDisk('2.0.0', '2.0.0'), null],
    [
      'a range that current satisfies, though a newer one does too',
      '^1.0.0',
      onDisk('1.0.0', '1.1.0', '1.0.0'),
      '1.0.0',
    ],
    ['a range that only another satisfies', '^1.0.0', onDisk('2.0.0', '2.0.0', '1.1.0', '1.0.0'), '1.1.0'],
    ['a range that none satisfies', '^3.0.0', onDisk('2.0.0', '2.0.0'), null],
    ['any range with only a prerelease', '*', onDisk('1.0.0-beta.1', '1.0.0-beta.1'), '1.0.0-beta.1'],
    ['a prerelease of the next major', '^1.0.0', onDisk(null, '2.0.0-beta.1'), null],
    ['a tag with a current version', 'latest', onDisk('1.0.0', '2.0.0', '1.0.0'), '1.0.0'],
    ['a tag without a current version', 'latest', onDisk(null, '2.0.0'), null],
    ['anything with nothing installed', '*', onDisk(null), null],
  ])('%s', async (_what, wish, disk, expected) => {
    const chosen = await chooseInstalled(wish, disk);
    expect(chosen?.version ?? null).toBe(expected);
  });
});

describe('chooseFallback()', () => {
  test.each([
    ['current before the newest', onDisk('1.0.0', '2.0.0', '1.0.0'), '1.0.0'],
    ['the newest when nothing is current', onDisk(null, '2.0.0', '1.0.0'), '2.0.0'],
    ['nothing when nothing is installed', onDisk(null), null],
  ])('takes %s', (_what, disk, expected) => {
    expect(chooseFallback(disk)?.version ?? null).toBe(expected);
  });
});
