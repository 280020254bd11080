// Read-only view of the machine that service plans and doctor checks use; tests give another.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';

/** No method throws: a path that cannot be read counts as absent. */
export interface Machine {
  isExecutable(path: string): boolean;
  isFile(path: string): boolean;
  isFolder(path: string): boolean;
  isWritable(path: string): boolean;
  /** Null when there is nothing. */
  realpath(path: string): string | null;
  list(folder: string): readonly string[];
  /** The version that this node reports (`22.11.0`); null when it does not run. */
  nodeVersion(path: string): string | null;
}

const NODE_TIMEOUT = 5000;

export function createMachine(): Machine {
  return {
    isExecutable: (path) => isFile(path) && may(path, constants.X_OK),
    isFile,
    isFolder: (path) => orNull(() => statSync(path).isDirectory()) ?? false,
    isWritable: (path) => may(path, constants.W_OK),
    realpath: (path) => orNull(() => realpathSync(path)),
    list: (folder) => orNull(() => readdirSync(folder)) ?? [],
    nodeVersion: (path) =>
      orNull(() =>
        execFileSync(path, ['-p', 'process.versions.node'], {
          encoding: 'utf8',
          timeout: NODE_TIMEOUT,
          stdio: ['ignore', 'pipe', 'ignore'],
        }).trim(),
      ),
  };
}

function isFile(path: string): boolean {
  return orNull(() => statSync(path).isFile()) ?? false;
}

function may(path: string, mode: number): boolean {
  return orNull(() => accessSync(path, mode)) !== null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
