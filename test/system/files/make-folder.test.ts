import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../../src/system/files/make-folder.ts';
import { tempHome } from '../../fakes/temp-home.ts';

describe('makeFolder()', () => {
  test('makes what is missing above it, all of it private, and is content with what is there', () => {
    const path = join(tempHome().home, 'a', 'b', 'c');
    makeFolder(path);
    makeFolder(path);
    expect([path, join(path, '..')].map((one) => (statSync(one).mode & 0o777).toString(8))).toEqual([
      '700',
      '700',
    ]);
  });

  test('lets us in whatever the umask is', () => {
    const path = join(tempHome().home, 'a', 'b');
    const before = process.umask(0o777);
    try {
      makeFolder(path);
    } finally {
      process.umask(before);
    }
    expect([path, join(path, '..')].map((one) => statSync(one).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  test('refuses where a file is in the way, above or in its place', () => {
    const file = join(tempHome().home, 'file');
    writeFileSync(file, '');
    expect(() => makeFolder(file)).toThrow(/EEXIST/u);
    expect(() => makeFolder(join(file, 'a', 'b'))).toThrow(/ENOTDIR/u);
  });

  // Node's own recursive form hangs here for ever.
  test.skipIf(!existsSync('/proc/self'))('refuses where the system lets nobody make any', () => {
    expect(() => makeFolder('/proc/nobody-made-this/run')).toThrow(/ENOENT/u);
  });
});
