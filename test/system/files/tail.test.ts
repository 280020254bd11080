// The end of a log: the right lines over several files, and no more read than was asked for.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotate } from '../../../src/system/files/rotation.ts';
import {
  countNewlines,
  lastLinesBefore,
  openToRead,
  readLastLines,
  startOfLastLine,
} from '../../../src/system/files/tail.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-tail-'));
  path = join(folder, 'a.log');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const put = (age: number, ...lines: string[]): void =>
  fs.writeFileSync(age === 0 ? path : `${path}.${age}`, lines.map((line) => `${line}\n`).join(''));

describe('readLastLines()', () => {
  it('gives the last lines, oldest first', async () => {
    put(0, 'a', 'b', 'c');
    expect(await readLastLines(path, 2)).toEqual(['b', 'c']);
    expect(await readLastLines(path, 9)).toEqual(['a', 'b', 'c']);
    expect(await readLastLines(path, 0)).toEqual([]);
  });

  it('goes back over files set aside, a missing one between them too', async () => {
    put(3, 'a', 'b');
    put(1, 'c');
    put(0, 'd', 'e');
    expect(await readLastLines(path, 4)).toEqual(['b', 'c', 'd', 'e']);
    fs.rmSync(path);
    expect(await readLastLines(path, 2)).toEqual(['b', 'c']);
  });

  it('gives none where there is no log', async () => {
    expect(await readLastLines(join(folder, 'none', 'a.log'), 5)).toEqual([]);
  });

  it('keeps empty lines and leaves out the one still being written', async () => {
    fs.writeFileSync(path, 'a\n\nb\nhal');
    expect(await readLastLines(path, 9)).toEqual(['a', '', 'b']);
    fs.writeFileSync(path, 'half');
    expect(await readLastLines(path, 9)).toEqual([]);
  });

  it('finds lines that lie across its reading blocks', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `${index} ${'é'.repeat(index % 97)}`);
    put(0, ...lines);
    for (const count of [1, 1000, 4999, 5000, 6000])
      expect(await readLastLines(path, count)).toEqual(lines.slice(-count));
  });

  it('shows no line twice or out of order while files are set aside under its hands', async () => {
    put(0, 'b', 'c');
    put(1, 'a');
    const newest = await openToRead(path);
    rotate(path, 5);
    put(0, 'd');
    expect(await lastLinesBefore(path, newest, { count: 9 })).toEqual(['a', 'b', 'c']);
    await newest?.handle.close();
    expect(await lastLinesBefore(path, null, { count: 9 })).toEqual(['a', 'b', 'c']);
  });

  it('reads no more than it may, even of one endless line', async () => {
    fs.writeFileSync(path, `${'x'.repeat(3_000_000)}\nlast\n`);
    expect(await readLastLines(path, 10, 100_000)).toEqual(['last']);
  });

  it('takes no longer for a large file than for a small one', async () => {
    // A hole that no machine reads in the time, and no string can hold.
    fs.writeFileSync(path, '');
    fs.truncateSync(path, 16 * 1024 ** 3);
    fs.appendFileSync(path, '\nlast\n');
    const start = performance.now();
    expect(await readLastLines(path, 1)).toEqual(['last']);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('says so when the log cannot be read', async () => {
    fs.mkdirSync(path);
    await expect(readLastLines(path, 1)).rejects.toThrow(/EISDIR/u);
  });
});

it('countNewlines() counts line ends', () => expect(countNewlines(Buffer.from('a\n\nb\nc'))).toBe(3));

describe('startOfLastLine()', () => {
  it('is where the unfinished line begins', async () => {
    fs.writeFileSync(path, 'one\nha');
    const position = await openToRead(path);
    expect(position && (await startOfLastLine(position))).toBe(4);
    await position?.handle.close();
  });

  it('is the end as it was where the file was emptied and written anew since', async () => {
    fs.writeFileSync(path, 'one\ntwo\n');
    const position = await openToRead(path);
    fs.writeFileSync(path, 'new\n');
    expect(position && (await startOfLastLine(position))).toBe(8);
    await position?.handle.close();
  });
});
