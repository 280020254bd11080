// Files that are replaced whole or not at all.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile, writeFileAtomic } from '../../../src/system/files/write-file-atomic.ts';
import { requireThat } from '../../fakes/require-program.ts';
import { canMount, mountTinyDisk } from '../../fakes/tiny-disk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchdog-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('writeFileAtomic()', () => {
  it('replaces the text and leaves nothing beside it', () => {
    const path = join(folder, 'state.json');
    writeFileAtomic(path, 'old');
    writeFileAtomic(path, 'new é');
    expect(readFileSync(path, 'utf8')).toBe('new é');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('lets only the owner read it', () => {
    const path = join(folder, 'state.json');
    writeFileAtomic(path, 'x');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gives the file its mode whatever the umask is', async () => {
    const before = process.umask(0o777);
    try {
      writeFileAtomic(join(folder, 'private'), 'x');
      writeFileAtomic(join(folder, 'shared'), 'x', { mode: 0o644 });
      await replaceFile(join(folder, 'large'), Buffer.from('x'));
    } finally {
      process.umask(before);
    }
    const modes = ['private', 'shared', 'large'].map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o644, 0o600]);
  });

  it('writes a text of many megabytes whole', () => {
    const path = join(folder, 'big');
    const text = 'x'.repeat(20 * 1024 * 1024);
    writeFileAtomic(path, text, { durable: false });
    expect(statSync(path).size).toBe(text.length);
  });

  it('leaves the old file and no temporary one when it cannot write', () => {
    const path = join(folder, 'taken');
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), 'old');
    expect(() => writeFileAtomic(path, 'new')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/u);
    expect(readFileSync(join(path, 'inside'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});

describe.skipIf(!requireThat('the right to mount a tmpfs', canMount()))(
  'writeFileAtomic() on a full disk',
  () => {
    it('says so and leaves the old file whole', () => {
      const disk = mountTinyDisk('64k');
      if (disk === null) throw new Error('Cannot mount');
      try {
        const path = join(disk.folder, 'state.json');
        writeFileAtomic(path, 'old');
        expect(() => writeFileAtomic(path, 'x'.repeat(100_000))).toThrow(/ENOSPC/u);
        expect(readFileSync(path, 'utf8')).toBe('old');
        expect(readdirSync(disk.folder)).toEqual(['state.json']);
      } finally {
        disk.remove();
      }
    });
  },
);
