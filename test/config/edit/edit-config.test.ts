// Edits of the config file: what cannot be written is told with its file, and its cure where the system's error has one.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { describeError } from '../../../src/commands/views/error.ts';
import { applyEdit } from '../../../src/config/edit/edit-config.ts';
import { messageOf } from '../../../src/core/base/guards.ts';
import { canMount, mountTinyDisk } from '../../fakes/tiny-disk.ts';
import { requireThat } from '../../fakes/require-program.ts';

const BEFORE = 'servers: { a: { command: [x] } }\n';
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function configIn(folder: string): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, BEFORE, { mode: 0o600 });
  return path;
}

function errorOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('It was written');
}

describe('an edit', () => {
  it('replaces the file, unless somebody else has changed it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'edit-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const path = configIn(folder);
    applyEdit(path, { before: BEFORE, text: 'servers: {}\n', warnings: [] });
    expect(readFileSync(path, 'utf8')).toBe('servers: {}\n');
    const error = errorOf(() => applyEdit(path, { before: BEFORE, text: '', warnings: [] }));
    expect(messageOf(error)).toBe(`Cannot edit ${path}: it was changed at the same time`);
    renameSync(path, `${path}.away`);
    expect(() => applyEdit(path, { before: BEFORE, text: '', warnings: [] })).toThrow(path);
  });

  it.skipIf(!requireThat('the right to mount a tmpfs', canMount()))(
    'on a full disk says which file, and to make room',
    () => {
      const disk = mountTinyDisk('64k');
      if (disk === null) throw new Error('No disk was mounted');
      ends.push(() => disk.remove());
      const path = configIn(disk.folder);
      const error = errorOf(() =>
        applyEdit(path, { before: BEFORE, text: '#'.repeat(100_000), warnings: [] }),
      );
      expect(describeError(error)).toEqual({
        message: `Cannot write ${path}: ENOSPC: no space left on device, write`,
        hint: 'The disk is full: make room, then try again',
      });
      expect(readFileSync(path, 'utf8')).toBe(BEFORE);
    },
  );
});
