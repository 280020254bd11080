// All package managers, by name: the one place that a new one is added to.
import type { PackageManagerName, VersionScheme } from '../core/model/package.ts';
import type { PackageManager } from './manager/package-manager.ts';
import { npmManager } from './npm/npm-manager.ts';
import { npmVersions } from './npm/npm-versions.ts';
import { pypiVersions } from './pypi/pypi-versions.ts';

/** Asked for each time, so that one that is rarely used can be loaded with its first package. */
const MANAGERS = {
  npm: () => Promise.resolve(npmManager),
  pypi: async () => (await import('./pypi/pypi-manager.ts')).pypiManager,
} satisfies Record<PackageManagerName, () => Promise<PackageManager>>;

/** Versions are compared where nothing can be awaited: these are always loaded. */
const SCHEMES = {
  npm: npmVersions,
  pypi: pypiVersions,
} satisfies Record<PackageManagerName, VersionScheme>;

export function managerOf(name: PackageManagerName): Promise<PackageManager> {
  return MANAGERS[name]();
}

export function versionsOf(name: PackageManagerName): VersionScheme {
  return SCHEMES[name];
}
