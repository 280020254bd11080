import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJournalBack } from '../../src/journal/read-back.ts';

function journal(): string {
  const folder = mkdtempSync(join(tmpdir(), 'read-back-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'events.jsonl');
}

const line = (at: number, extra = ''): string =>
  `${JSON.stringify({ at, kind: 'state-persisted', extra })}\n`;

async function times(path: string, before = Infinity, maxBytes = 1e9): Promise<number[]> {
  const found: number[] = [];
  for await (const { at } of readJournalBack(path, { before, maxBytes })) found.push(at);
  return found;
}

test('entries come from the newest to the oldest, across rotated files', async () => {
  const path = journal();
  writeFileSync(path, line(1) + line(2));
  renameSync(path, `${path}.1`);
  writeFileSync(path, `${line(3)}no event\n{"at":"x"}\n${line(4)}{"at":5,"ki`);
  expect(await times(path)).toEqual([4, 3, 2, 1]);
  expect(await times(path, 3)).toEqual([2, 1]);
});

test('lines longer than a block and blocks that end anywhere are whole', async () => {
  const path = journal();
  const expected: number[] = [];
  for (let at = 1; at <= 60; at += 1) {
    appendFileSync(path, line(at, 'ä'.repeat(at % 7 === 0 ? 300_000 : at * 97)));
    expected.unshift(at);
  }
  expect(await times(path)).toEqual(expected);
});

test('a journal that is not there has no entries; reading is bounded in bytes', async () => {
  const path = journal();
  expect(await times(path)).toEqual([]);
  writeFileSync(path, Array.from({ length: 100 }, (_, at) => line(at)).join(''));
  const found = await times(path, Infinity, 10 * line(99).length);
  expect(found[0]).toBe(99);
  expect(found.length).toBeLessThan(11);
});
