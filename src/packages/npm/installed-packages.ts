// List of the packages in an installation, from the lock file that npm keeps in `node_modules`.
import { join } from 'node:path';

import { isObject, parseJson } from '../../core/base/guards.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';

/** One package of an installation, dependencies included. */
export interface InstalledPackage {
  /** Relative to the installation: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** `engines.node`, null when it says nothing. */
  readonly engine: string | null;
}

const FOLDER = 'node_modules/';

/** Reads the list; empty when npm has left none. */
export function readInstalledPackages(folder: string): readonly InstalledPackage[] {
  const lock = parseJson(readFileOrNull(join(folder, FOLDER, '.package-lock.json')) ?? '');
  const packages = isObject(lock) ? lock['packages'] : null;
  if (!isObject(packages)) return [];
  return Object.entries(packages).flatMap(([path, each]) => {
    if (!isObject(each) || typeof each['version'] !== 'string') return [];
    const engines = each['engines'];
    const node = isObject(engines) ? engines['node'] : undefined;
    return {
      path,
      // npm names it only where the folder has another name.
      name:
        typeof each['name'] === 'string'
          ? each['name']
          : path.slice(path.lastIndexOf(FOLDER) + FOLDER.length),
      version: each['version'],
      engine: typeof node === 'string' ? node : null,
    };
  });
}
