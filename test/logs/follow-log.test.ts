// Following a log: each line once, across rotations, until it is aborted.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLines } from '../../src/logs/follow-log.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { openRotatingFile } from '../../src/system/files/rotating-file.ts';
import type { RotatingFile } from '../../src/system/files/rotating-file.ts';
import { waitFor } from '../fakes/wait-for.ts';

let folder: string;
let path: string;
let abort: AbortController;
let following: Promise<void>;
let lines: string[];
let file: RotatingFile;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-follow-'));
  path = join(folder, 'a.log');
  abort = new AbortController();
  lines = [];
  following = Promise.resolve();
  file = openRotatingFile({ path, maxSize: 1000, keep: 100, clock: systemClock });
});
afterEach(async () => {
  abort.abort();
  await following;
  await file.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function follow(last = 10, at = path): void {
  following = (async () => {
    for await (const line of followLines(at, { last, signal: abort.signal, clock: systemClock }))
      lines.push(line);
  })();
}

const numbered = (start: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `line ${start + index}`);
async function write(...texts: string[]): Promise<void> {
  for (const text of texts) file.write(`${text}\n`);
  await file.flush();
}

describe('followLines()', () => {
  it('begins with the last lines and goes on with each new one', async () => {
    await write('a', 'b', 'c');
    follow(2);
    await waitFor(() => lines.length === 2);
    await write('d');
    await waitFor(() => lines.length === 3);
    expect(lines).toEqual(['b', 'c', 'd']);
  });

  it('waits for a log, and a folder, that do not exist yet', async () => {
    const later = join(folder, 'later', 'a.log');
    follow(5, later);
    await new Promise((resolve) => setImmediate(resolve));
    fs.mkdirSync(join(folder, 'later'));
    fs.writeFileSync(later, 'first\n');
    await waitFor(() => lines.length === 1);
    expect(lines).toEqual(['first']);
  });

  it('gives each line once over many rotations', async () => {
    await write(...numbered(0, 50));
    follow(50);
    await waitFor(() => lines.length === 50);
    for (let round = 1; round < 60; round += 1) {
      await write(...numbered(round * 50, 50));
      if (round % 10 === 0) await waitFor(() => lines.length > round * 40);
    }
    await waitFor(() => lines.length >= 3000);
    expect(lines).toEqual(numbered(0, 3000));
    expect(fs.readdirSync(folder).length).toBeGreaterThan(20);
  });

  it('goes on with the oldest that is left when it was too slow', async () => {
    await file.close();
    file = openRotatingFile({ path, maxSize: 1000, keep: 1, clock: systemClock });
    await write('start');
    const reader = followLines(path, { last: 1, signal: abort.signal, clock: systemClock });
    expect((await reader.next()).value).toBe('start');
    await write(...numbered(0, 1000));
    // Its own file, set aside and gone by now, is still open and read to its end; then comes what is left.
    const rest: number[] = [];
    while (rest.at(-1) !== 999) rest.push(Number(String((await reader.next()).value).slice(5)));
    const gap = rest.findIndex((number, index) => number !== index);
    expect(gap).toBeGreaterThan(50);
    expect(rest[gap]).toBeGreaterThan(700);
    expect(rest.slice(gap)).toEqual(
      numbered(rest[gap] ?? 0, 1000 - (rest[gap] ?? 0)).map((line) => Number(line.slice(5))),
    );
    await reader.return(undefined);
  });

  it('gives out a line only when it is whole', async () => {
    fs.writeFileSync(path, 'whole\nha');
    follow(5);
    await waitFor(() => lines.length === 1);
    fs.appendFileSync(path, 'lf\n');
    await waitFor(() => lines.length === 2);
    expect(lines).toEqual(['whole', 'half']);
  });

  it('starts over when somebody empties the file', async () => {
    fs.writeFileSync(path, 'one\ntwo\n');
    follow(5);
    await waitFor(() => lines.length === 2);
    fs.truncateSync(path);
    await waitFor(() => {
      fs.writeFileSync(path, 'new\n');
      return lines.includes('new');
    });
    expect(lines.slice(0, 3)).toEqual(['one', 'two', 'new']);
  });

  it('ends at once when aborted, even before it began', async () => {
    await write('a');
    follow();
    await waitFor(() => lines.length === 1);
    abort.abort();
    await following;
    follow();
    await following;
  });

  it('writes nothing: neither file nor folder is touched', async () => {
    await write('a');
    fs.chmodSync(path, 0o400);
    const before = fs.statSync(path);
    follow();
    await waitFor(() => lines.length === 1);
    expect(fs.statSync(path).mtimeMs).toBe(before.mtimeMs);
    expect(fs.readdirSync(folder)).toEqual(['a.log']);
  });
});
