// Recursive creation of folders. Node's own recursive mkdir never returns where the system answers ENOENT below a folder
// that exists, as /proc does.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../core/base/guards.ts';

/** Creates a folder and its missing parents. @throws the system's error; ENOTDIR or EEXIST when a file is in the way */
export function makeFolder(path: string, mode = 0o700): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent, mode);
    mkdirSync(path, { mode });
  }
}
