// No text from a config, a package or the network ever reaches a shell: what is started is started from a list.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..', '..', '..', 'src');

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, code: codeOf(readFileSync(join(SRC, name), 'utf8')) }));

/** Without comments, which may speak of shells. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '');
}

const namesOf = (pattern: RegExp): string[] =>
  files.filter(({ code }) => pattern.test(code)).map(({ name }) => name);

describe('the sources', () => {
  test.each([
    ['an option that asks for a shell', /\bshell\s*:\s*(?!program\b|string\b)(?:true|['"`])/],
    [
      'exec() of child_process, which is a shell',
      /import\s*\{[^}]*\b(?:exec|execSync)\b[^}]*\}\s*from\s*'node:child_process'/,
    ],
    ['all of child_process', /import\s*\*\s*as\s+\w+\s+from\s*'node:child_process'/],
    ['code made of text', /\beval\(|new Function\(|\brunIn\w+Context\((?!'gc'\))/],
    ['a command line as text', /execaCommand|import\s*\{[^}]*\$[^}]*\}\s*from\s*'execa'/],
  ])('never use %s', (_, pattern) => {
    expect(namesOf(pattern)).toEqual([]);
  });

  test('ask for a context of its own once, for the name of the collector', () => {
    expect(namesOf(/node:vm'/)).toEqual(['system/v8-flags.ts']);
  });

  test('start two shells, whose programs are constants: the guardian, and what ends uv with the daemon', () => {
    expect(namesOf(/['"`]\/bin\/(?:ba|z|da)?sh['"`]/)).toEqual([
      'packages/pypi/uv-command.ts',
      'system/process/guardian.ts',
    ]);
  });
});

test('the search finds what it looks for', () => {
  expect(codeOf("spawn('x', { shell: true }) // shell: false")).toMatch(/shell\s*:\s*true/);
  expect(files.length).toBeGreaterThan(100);
});
