// docs/conformance.md tells no lie: every case has a row, and every test that a row names is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const TEXT = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8');

const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** What this release promises; the others are there when they hold already, or belong to a later one. */
const REQUIRED = [...between(1, 85), 89, 90].map((number) => `C${number}`);

interface Row {
  readonly name: string;
  readonly must: string;
  readonly shownBy: readonly { readonly file: string; readonly title: string }[];
}

const NAMED_TEST = /`(test\/[\w./-]+\.test\.ts)` “([^”]+)”/g;

function namedTests(text: string): Row['shownBy'] {
  return [...text.matchAll(NAMED_TEST)].map(([, file = '', title = '']) => ({ file, title }));
}

const rows = TEXT.split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (case|fault|matter) \|/.test(line))
  .map((line): Row => {
    const [, name = '', must = '', shownBy = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { name, must, shownBy: namedTests(shownBy) };
  });

const sources = new Map<string, string>();

/** The text of a test file; nothing where there is none. */
function sourceOf(file: string): string {
  const path = join(ROOT, file);
  const source = sources.get(file) ?? (existsSync(path) ? readFileSync(path, 'utf8') : '');
  sources.set(file, source);
  return source;
}

/** Is there a test, or a group of them, of exactly this title? */
function isTitle(file: string, title: string): boolean {
  const quoted = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("'", String.raw`\\?'`);
  return new RegExp(String.raw`\(\s*(['"\`])${quoted}\1\s*,`).test(sourceOf(file));
}

describe('docs/conformance.md', () => {
  test('has a row for every case', () => {
    const names = rows.map(({ name }) => name);
    expect(REQUIRED.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('says what must happen and which test shows it', () => {
    const empty = rows.filter(({ must, shownBy }) => must === '' || shownBy.length === 0);
    expect(empty.map(({ name }) => name)).toEqual([]);
    expect(rows.length).toBeGreaterThan(90);
  });

  test('names tests that exist', () => {
    const wrong = namedTests(TEXT).filter(({ file, title }) => !isTitle(file, title));
    expect(wrong.map(({ file, title }) => `${file}: ${title}`)).toEqual([]);
  });

  test('names a test wherever it names a test file', () => {
    const files = [...TEXT.matchAll(/`test\/[^`]*\.test\.ts`/g)].length;
    // The introduction names the file that you are reading.
    expect(files).toBe(namedTests(TEXT).length + 1);
  });
});

test('a title that is not there is found out', () => {
  expect(isTitle('test/conformance.test.ts', 'has a row for every case')).toBe(true);
  expect(isTitle('test/conformance.test.ts', 'has a row for every')).toBe(false);
  expect(isTitle('test/no-such.test.ts', 'has a row for every case')).toBe(false);
});
