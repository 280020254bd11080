// Checks of an npm installation before anything of it runs: where each package came from, and whether it is what it was said to be.
import { join } from 'node:path';

import { readInstalledPackages } from './installed-packages.ts';
import { readManifest } from './manifest.ts';

/**
 * Finds installed dependencies that no registry vouches for, such as `evil (git+https://…)`.
 *
 * @param list the lock file, relative to `folder`; left out: that of what was unpacked
 */
export function foreignDependencies(folder: string, list?: string): readonly string[] {
  const packages = readInstalledPackages(folder, list);
  const folders = new Set(packages.map(({ path }) => path.slice(path.lastIndexOf(FOLDER) + FOLDER.length)));
  const found = packages.flatMap(({ dependencies }) =>
    Object.entries(dependencies).flatMap(([name, spec]) =>
      // What is optional may have been left out.
      isFromRegistry(spec) || !folders.has(name) ? [] : `${name} (${spec})`,
    ),
  );
  return [...new Set(found)].sort();
}

const FOLDER = 'node_modules/';

/** What npm takes for a version, a range or a tag: no address, no path, no `owner/repository`. */
function isFromRegistry(spec: string): boolean {
  if (/^npm:(@[^/]+\/)?[^/]+$/u.test(spec)) return true;
  return !/[:/]/u.test(spec) && !/^[.~]{1,2}$/u.test(spec) && !/\.(?:tgz|tar|tar\.gz)$/iu.test(spec);
}

/** Finds packages whose own manifest names another package or version than the registry did. */
export function mislabelledPackages(folder: string): readonly string[] {
  return readInstalledPackages(folder).flatMap(({ path, name, version }) => {
    const own = readManifest(join(folder, path));
    // What is optional, or bundled without a version, may be missing.
    if (own === null || version === '' || (own.name === name && isSameVersion(own.version, version)))
      return [];
    return `${name}@${version} says that it is ${own.name}@${own.version}`;
  });
}

/** The registry strips what does not count: a leading `v`, build numbers. */
function isSameVersion(one: string, other: string): boolean {
  const plain = (text: string): string =>
    text
      .trim()
      .replace(/^[=v]+/u, '')
      .replace(/\+.*$/u, '');
  return plain(one) === plain(other);
}
