import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFileOrNull } from '../../../src/system/files/read-file.ts';
import { tempHome } from '../../fakes/temp-home.ts';

test('readFileOrNull() gives the text of a file, in the encoding asked for', () => {
  const path = join(tempHome().home, 'a');
  writeFileSync(path, 'ä');
  expect(readFileOrNull(path)).toBe('ä');
  expect(readFileOrNull(path, 'latin1')).toBe('Ã¤');
});

test('readFileOrNull() gives null for what is missing or no file', () => {
  const home = tempHome().home;
  expect(readFileOrNull(join(home, 'missing'))).toBeNull();
  expect(readFileOrNull(home)).toBeNull();
});
