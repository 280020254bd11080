// A log on a real disk: rotated, deleted, replaced, full; no line is lost or doubled that was not counted as dropped.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/system/time/clock.ts';
import { openRotatingFile } from '../../../src/system/files/rotating-file.ts';
import type { RotatingFile, RotatingFileOptions } from '../../../src/system/files/rotating-file.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { requireThat } from '../../fakes/require-program.ts';
import { canMount, mountTinyDisk } from '../../fakes/tiny-disk.ts';
import { waitFor } from '../../fakes/wait-for.ts';

let folder: string;
let path: string;
const open: RotatingFile[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-rotating-'));
  path = join(folder, 'logs', 'a.log');
});
afterEach(async () => {
  for (const file of open.splice(0)) await file.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function openFile(options: Partial<RotatingFileOptions> = {}): RotatingFile {
  const file = openRotatingFile({ path, maxSize: 1000, keep: 3, clock: systemClock, ...options });
  open.push(file);
  return file;
}

const read = (age = 0): string => fs.readFileSync(age === 0 ? path : `${path}.${age}`, 'utf8');
const listed = (): string[] => fs.readdirSync(join(folder, 'logs')).sort();

/** All lines of all files, oldest first. */
function readAll(): string[] {
  const ages = listed().map((name) => Number(name.split('.log.')[1] ?? 0));
  const texts = ages.sort((a, b) => b - a).map(read);
  for (const text of texts) expect(text === '' || text.endsWith('\n')).toBe(true);
  return texts.join('').split('\n').slice(0, -1);
}

const numbered = (count: number, start = 0): string[] =>
  Array.from({ length: count }, (_, index) => `line ${start + index}`);

describe('openRotatingFile()', () => {
  it('opens nothing before the first line', () => {
    openFile();
    expect(fs.existsSync(path)).toBe(false);
  });

  it('writes lines in order, for the owner only', async () => {
    const file = openFile({ maxSize: 1e6 });
    for (const line of numbered(100)) file.write(`${line}\n`);
    await file.flush();
    expect(readAll()).toEqual(numbered(100));
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    expect(fs.statSync(join(folder, 'logs')).mode & 0o777).toBe(0o700);
  });

  it('appends to what an earlier daemon wrote', async () => {
    for (const line of ['a', 'b']) {
      const file = openFile();
      file.write(`${line}\n`);
      await file.close();
    }
    expect(read()).toBe('a\nb\n');
  });

  it('does not glue a line to the half line that a crash left', async () => {
    fs.mkdirSync(join(folder, 'logs'));
    fs.writeFileSync(path, 'whole\nhal');
    const file = openFile();
    file.write('next\n');
    await file.flush();
    expect(read()).toBe('whole\nhal\nnext\n');
  });

  it('loses and doubles no line over many rotations under load', async () => {
    const file = openFile({ maxSize: 5000, keep: 1000 });
    const lines = numbered(20_000);
    for (const [index, line] of lines.entries()) {
      file.write(`${line}\n`);
      if (index % 500 === 0) await file.flush();
    }
    await file.flush();
    expect(file.dropped).toBe(0);
    expect(readAll()).toEqual(lines);
    expect(listed().length).toBeGreaterThan(40);
    for (const name of listed())
      expect(fs.statSync(join(folder, 'logs', name)).size).toBeLessThanOrEqual(5000);
  });

  it('keeps so many files and no more, also after the number was lowered', async () => {
    const many = openFile({ maxSize: 100, keep: 6 });
    for (const line of numbered(200)) many.write(`${line}\n`);
    await many.close();
    expect(listed()).toEqual(['a.log', 'a.log.1', 'a.log.2', 'a.log.3', 'a.log.4', 'a.log.5', 'a.log.6']);
    const few = openFile({ maxSize: 100, keep: 2 });
    for (const line of numbered(20, 200)) few.write(`${line}\n`);
    await few.flush();
    expect(listed()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
    expect(readAll().at(-1)).toBe('line 219');
  });

  it('keeps none when none is wanted', async () => {
    const file = openFile({ maxSize: 100, keep: 0 });
    for (const line of numbered(50)) file.write(`${line}\n`);
    await file.flush();
    expect(listed()).toEqual(['a.log']);
    expect(readAll().at(-1)).toBe('line 49');
  });

  it('gives a line longer than a file a file of its own', async () => {
    const file = openFile({ maxSize: 100 });
    for (const line of ['short', 'x'.repeat(200_000), 'after']) file.write(`${line}\n`);
    await file.flush();
    expect([read(2), read(1).length, read()]).toEqual(['short\n', 200_001, 'after\n']);
  });

  it('counts sizes in bytes, not in characters', async () => {
    const file = openFile({ maxSize: 100 });
    for (let count = 0; count < 10; count += 1) file.write(`${'é'.repeat(20)}\n`);
    await file.flush();
    for (const name of listed())
      expect(fs.statSync(join(folder, 'logs', name)).size).toBeLessThanOrEqual(100);
  });

  it('drops what is more than may wait, tells of it in the right place, and goes on', async () => {
    const told: number[] = [];
    const file: RotatingFile = openFile({
      maxSize: 1e6,
      maxPending: 2000,
      onDropped: (lines) => {
        told.push(lines);
        file.write(`missing ${lines}\n`);
      },
    });
    for (const line of numbered(1000)) file.write(`${line}\n`);
    await file.flush();
    file.write('after\n');
    await file.flush();
    const lines = readAll();
    const gap = lines.findIndex((line) => line.startsWith('missing'));
    expect(file.dropped).toBe(1000 - (lines.length - 2));
    expect(told).toEqual([file.dropped]);
    expect(lines.slice(0, gap)).toEqual(numbered(gap));
    expect(lines.slice(gap)).toEqual([`missing ${file.dropped}`, 'after']);
  });

  it('goes on in a new file when somebody deletes or moves the one being written', async () => {
    const clock = new FakeClock();
    const file = openFile({ clock });
    file.write('one\n');
    await file.flush();
    fs.rmSync(path);
    await clock.advance(1001);
    file.write('two\n');
    await file.flush();
    expect(read()).toBe('two\n');
    fs.rmSync(join(folder, 'logs'), { recursive: true });
    await clock.advance(1001);
    file.write('three\n');
    await file.flush();
    expect(read()).toBe('three\n');
  });

  it.each([
    ['a symbolic link', () => fs.symlinkSync(join(folder, 'victim'), path), /ELOOP/u],
    ['a folder', () => fs.mkdirSync(path), /EISDIR/u],
    ['a named pipe', () => spawnSync('mkfifo', [path]), /not a regular file/u],
  ])(
    'refuses %s in place of the file, says so once, and writes when it is gone',
    async (_name, put, message) => {
      fs.mkdirSync(join(folder, 'logs'));
      fs.writeFileSync(join(folder, 'victim'), 'untouched');
      put();
      const clock = new FakeClock();
      const troubles: (Error | null)[] = [];
      const file = openFile({ clock, onTrouble: (error) => troubles.push(error) });
      file.write('patience\n');
      await file.flush();
      await clock.advance(5000);
      expect(troubles.map(String)).toEqual([expect.stringMatching(message)]);
      expect(fs.readFileSync(join(folder, 'victim'), 'utf8')).toBe('untouched');
      fs.rmSync(path, { recursive: true });
      await clock.advance(1000);
      await waitFor(() => troubles.length > 1);
      expect(troubles.slice(1)).toEqual([null]);
      expect(read()).toBe('patience\n');
      expect(file.dropped).toBe(0);
    },
  );

  it('may be written to from its own callbacks', async () => {
    fs.mkdirSync(path, { recursive: true });
    const clock = new FakeClock();
    const file: RotatingFile = openFile({
      clock,
      onTrouble: (error) => file.write(`${error === null ? 'well' : 'ill'}\n`),
    });
    file.write('first\n');
    await file.flush();
    fs.rmdirSync(path);
    file.flushSync();
    await file.flush();
    expect(read()).toBe('first\nill\nwell\n');
  });

  it('has everything on disk after flushSync(), in order, whatever was on its way', () => {
    const file = openFile({ maxSize: 3000, keep: 1000 });
    const lines = numbered(3000);
    for (const [index, line] of lines.entries()) {
      file.write(`${line}\n`);
      if (index % 700 === 0) file.flushSync();
    }
    file.flushSync();
    expect(readAll()).toEqual(lines);
  });

  it('doubles nothing when the process lives on after flushSync()', async () => {
    const file = openFile({ maxSize: 3000, keep: 1000 });
    for (let round = 0; round < 20; round += 1) {
      for (const line of numbered(50, round * 50)) file.write(`${line}\n`);
      file.flushSync();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await file.flush();
    expect(readAll()).toEqual(numbered(1000));
  });

  it('counts as dropped what the disk still refuses at close(), and what comes later', async () => {
    fs.mkdirSync(path, { recursive: true });
    const file = openFile();
    file.write('a\n');
    file.write('b\n');
    await file.close();
    file.write('c\n');
    expect(file.dropped).toBe(3);
  });
});

describe.skipIf(!requireThat('the right to mount a tmpfs', canMount()))(
  'openRotatingFile() on a full disk',
  () => {
    it('drops and counts, goes on by itself when there is room, and tears no line', async () => {
      const disk = mountTinyDisk('200k');
      if (disk === null) throw new Error('Cannot mount');
      try {
        fs.writeFileSync(join(disk.folder, 'ballast'), Buffer.alloc(150 * 1024));
        const clock = new FakeClock();
        const troubles: (Error | null)[] = [];
        const options = {
          path: join(disk.folder, 'a.log'),
          maxSize: 1e6,
          keep: 1,
          maxPending: 20_000,
          clock,
        };
        const file = openFile({ ...options, onTrouble: (error) => troubles.push(error) });
        let written = 0;
        while (file.dropped < 100) {
          for (let count = 0; count < 100; count += 1, written += 1) file.write(`line ${written}\n`);
          await file.flush();
        }
        expect(String(troubles[0])).toMatch(/ENOSPC/u);
        fs.rmSync(join(disk.folder, 'ballast'));
        await clock.advance(1000);
        await waitFor(() => troubles.length === 2);
        // Lines are taken again once what waited is written.
        await file.flush();
        file.write('after\n');
        await file.flush();
        const lines = fs.readFileSync(options.path, 'utf8').split('\n').slice(0, -1);
        expect(lines).toEqual([...numbered(lines.length - 1), 'after']);
        expect(lines.length - 1 + file.dropped).toBe(written);
      } finally {
        for (const file of open.splice(0)) await file.close();
        disk.remove();
      }
    });

    it('exits with what fits, without waiting for the rest', () => {
      const disk = mountTinyDisk('64k');
      if (disk === null) throw new Error('Cannot mount');
      try {
        const file = openFile({ path: join(disk.folder, 'a.log'), maxSize: 1e6, clock: new FakeClock() });
        for (const line of numbered(1000)) file.write(`${line.padEnd(200)}\n`);
        const start = performance.now();
        file.flushSync();
        expect(performance.now() - start).toBeLessThan(3000);
        expect(fs.statSync(join(disk.folder, 'a.log')).size).toBe(64 * 1024);
      } finally {
        disk.remove();
      }
    });
  },
);

it('leaves no timer and no descriptor behind', async () => {
  const clock = new FakeClock();
  const before = process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0;
  for (let count = 0; count < 20; count += 1) {
    const file = openRotatingFile({ path: join(folder, `${count}.log`), maxSize: 10, keep: 1, clock });
    for (const line of numbered(10)) file.write(`${line}\n`);
    await file.close();
  }
  expect(clock.pending).toBe(0);
  if (process.platform === 'linux')
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 2);
});
