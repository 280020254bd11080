// Recursive creation of folders. Node's own recursive mkdir never returns where the system answers ENOENT below a folder
// that exists, as /proc does.
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../core/base/guards.ts';

/** Creates a folder and its missing parents. @throws the system's error; ENOTDIR or EEXIST when a file is in the way */
export function makeFolder(path: string, mode = 0o700): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const parent = dirname(path);
    if (!existsSync(parent)) makeFolder(parent, mode);
    // Once more also where the parent is there by now: somebody else may have made it meanwhile.
    makeOne(path, mode);
  }
}

/** Creates one folder; one that is there, or that somebody else makes at the same time, is as good. */
function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
    // A umask such as 777 would close it to ourselves.
    chmodSync(path, mode);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}
