// Rows of docs/compatibility.md that a run of some servers leaves alone, and those that it replaces.
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

interface Module {
  readonly keepRows: (before: string, now: string, names: readonly string[]) => string;
}

const HEAD = '| server | version |\n| --- | --- |';
const NAMES = ['one', 'two', 'py-three'];
const textOf = (machine: string, ...rows: string[]): string =>
  `${machine}\n\n${[HEAD, ...rows.map((row) => `| ${row} |`)].join('\n')}\n`;

const BEFORE = textOf(
  'Node 20.',
  'one (@a/one) | 1.0.0',
  'py-three (pypi:three) | 3.0.0, second run',
  'gone (gone) | 9.0.0',
);

test.each([
  [
    'one that was there',
    BEFORE,
    ['one (@a/one) | 1.1.0'],
    ['Node 20.', 'one (@a/one) | 1.1.0', 'py-three (pypi:three) | 3.0.0, second run', 'gone (gone) | 9.0.0'],
  ],
  [
    'one that is new, in its place',
    BEFORE,
    ['two (two) | 2.0.0'],
    [
      'Node 20.',
      'one (@a/one) | 1.0.0',
      'two (two) | 2.0.0',
      'py-three (pypi:three) | 3.0.0, second run',
      'gone (gone) | 9.0.0',
    ],
  ],
  [
    'all of them',
    BEFORE,
    ['one | 1', 'two | 2', 'py-three | 3'],
    ['Node 24.', 'one | 1', 'two | 2', 'py-three | 3'],
  ],
  ['one where nothing was', '', ['two (two) | 2.0.0'], ['Node 24.', 'two (two) | 2.0.0']],
  [
    'one where the columns were others',
    'Node 20.\n\n| server | age |\n| --- | --- |\n| one | 1 |\n',
    ['two | 2'],
    ['Node 24.', 'two | 2'],
  ],
])('a run of %s', async (_, before, rows, [machine = '', ...expected]) => {
  const file = pathToFileURL('bench/compat/keep-rows.mjs').href;
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- a module of JavaScript
  const { keepRows } = (await import(file)) as Module;
  expect(keepRows(before.trim(), textOf('Node 24.', ...rows), NAMES)).toBe(textOf(machine, ...expected));
});
