// Size limit of the log that launchd writes.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trimLaunchdLog } from '../../../src/service/launchd/trim-log.ts';
import { tempHome } from '../../fakes/temp-home.ts';

test('a large log is cut to its end, and who appends to it goes on behind that', () => {
  const { home, logs } = tempHome();
  const path = join(logs, 'launchd.log');
  writeFileSync(path, `${'x'.repeat(1024 * 1024)}\nthe last words\n`);
  const launchd = openSync(path, 'a');
  trimLaunchdLog(home);
  writeSync(launchd, 'and on\n');
  closeSync(launchd);
  const text = readFileSync(path, 'utf8');
  expect(text).toHaveLength(64 * 1024 + 'and on\n'.length);
  expect(text.endsWith('\nthe last words\nand on\n')).toBe(true);
});

test('a small one stays as it is, and a missing one is no matter', () => {
  const { home, logs } = tempHome();
  trimLaunchdLog(home);
  const path = join(logs, 'launchd.log');
  writeFileSync(path, 'short');
  trimLaunchdLog(home);
  expect(readFileSync(path, 'utf8')).toBe('short');
});
