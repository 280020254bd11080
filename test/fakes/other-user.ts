// The condition under which a test can become another user and still run Node.js.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { requireThat } from './require-program.ts';

const MAY_EXECUTE = 0o001;

/** Whether root runs the tests, with a Node.js outside of folders that are closed to others (as `mktemp -d` makes them). */
export function canBecomeOther(): boolean {
  return (
    process.getuid?.() === 0 &&
    requireThat('a Node.js in a folder that other users may enter', isOpenToOthers(process.execPath))
  );
}

function isOpenToOthers(path: string): boolean {
  if ((statSync(path).mode & MAY_EXECUTE) === 0) return false;
  const parent = dirname(path);
  return parent === path || isOpenToOthers(parent);
}
