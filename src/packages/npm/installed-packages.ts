// List of the packages in an installation, from the lock file that npm keeps in `node_modules`.
import { join } from 'node:path';

import { isObject, parseJson } from '../../core/base/guards.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';

/** One package of an installation, dependencies included. */
export interface InstalledPackage {
  /** Relative to the installation: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  /** Empty for a link to a folder elsewhere. */
  readonly version: string;
  /** `engines.node`, null when it says nothing. */
  readonly engine: string | null;
  /** What it asks for, as it wrote it, by name. */
  readonly dependencies: Readonly<Record<string, string>>;
}

const FOLDER = 'node_modules/';

/** Reads the list; empty when npm has left none. @param file relative to `folder` */
export function readInstalledPackages(
  folder: string,
  file = `${FOLDER}.package-lock.json`,
): readonly InstalledPackage[] {
  const lock = parseJson(readFileOrNull(join(folder, file)) ?? '');
  const packages = isObject(lock) ? lock['packages'] : null;
  if (!isObject(packages)) return [];
  return Object.entries(packages).flatMap(([path, each]) => {
    if (!isObject(each)) return [];
    const version = each['link'] === true ? '' : each['version'];
    if (typeof version !== 'string') return [];
    const engines = each['engines'];
    const node = isObject(engines) ? engines['node'] : undefined;
    return {
      path,
      // npm names it only where the folder has another name.
      name:
        typeof each['name'] === 'string'
          ? each['name']
          : path.slice(path.lastIndexOf(FOLDER) + FOLDER.length),
      version,
      engine: typeof node === 'string' ? node : null,
      dependencies: {
        ...textsIn(each['peerDependencies']),
        ...textsIn(each['optionalDependencies']),
        ...textsIn(each['dependencies']),
      },
    };
  });
}

function textsIn(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}
