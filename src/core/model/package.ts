// Package of a server: its manager, its id, and the rules by which its versions are compared.
import { parsePythonPackage } from '../python/requirement.ts';

/** Names of the package managers; each is also the prefix that a config may write before a package. */
const PACKAGE_MANAGERS = ['npm', 'pypi'] as const;
export type PackageManagerName = (typeof PACKAGE_MANAGERS)[number];

/** The one whose prefix may be left out, and is left out in every id: state, journal and metrics hold bare npm names. */
const DEFAULT_MANAGER: PackageManagerName = 'npm';

interface ManagerFacts {
  /** Name of the runtime of its programs, for people. */
  readonly runtime: string;
  /** A `version` of the config that begins like one exact version. */
  readonly exactWish: RegExp;
  /** Folders that hold a version below `servers/NAME/versions`; a version is installed anew as `VERSION~` and a mark. */
  readonly versionFolder: RegExp;
}

/** What is to be known of a manager where it is not loaded. */
export const MANAGER_FACTS = {
  npm: {
    runtime: 'node',
    exactWish: /^[=v\s]*\d+\.\d+\.\d+/u,
    versionFolder: /^\d+\.\d+\.\d+[\w.+~-]*$/,
  },
  pypi: {
    runtime: 'Python',
    exactWish: /^(?:==\s*)?v?\d[\w.!+-]*$/iu,
    versionFolder: /^(?:\d+!)?\d+(?:\.\d+)*[\w.+~-]*$/,
  },
} as const satisfies Record<PackageManagerName, ManagerFacts>;

export interface PackageRef {
  readonly manager: PackageManagerName;
  /** Unique over all managers: the name, after its manager's prefix unless that is the default one. */
  readonly package: string;
  /** Of a Python package, normalised and sorted; they are no part of the id. */
  readonly extras?: readonly string[];
}

/**
 * Reads `NAME` or `MANAGER:NAME`; what has no known prefix is a name of the default manager, valid or not. A name of the
 * Python index is normalised.
 */
export function parsePackageRef(text: string): PackageRef {
  const manager = PACKAGE_MANAGERS.find((name) => text.startsWith(`${name}:`)) ?? DEFAULT_MANAGER;
  if (manager === 'pypi') {
    const found = parsePythonPackage(text.slice(manager.length + 1));
    if (found === null) return { manager, package: text };
    const { name, extras } = found;
    return { manager, package: `${manager}:${name}`, ...(extras.length > 0 && { extras }) };
  }
  const isDefault = manager === DEFAULT_MANAGER && text.startsWith(`${manager}:`);
  return { manager, package: isDefault ? text.slice(manager.length + 1) : text };
}

/** Strips the manager's prefix from an id: the name that the registry knows. */
export function registryName(id: string): string {
  const { manager } = parsePackageRef(id);
  return id.startsWith(`${manager}:`) ? id.slice(manager.length + 1) : id;
}

/** Tells whether two texts are spellings of one version; texts that are no versions are the same only if equal. */
export type SameVersion = (one: string, other: string) => boolean;

/** How one package manager writes and orders versions. */
export interface VersionScheme {
  /** One spelling for all that mean the same exact version; null when `text` is none. For comparison, not to be stored. */
  readonly canonical: (text: string) => string | null;
  /** Negative when `one` comes before `other`; both must be versions. */
  readonly compare: (one: string, other: string) => number;
  readonly isSame: SameVersion;
  /** Tells whether a version is neither a prerelease nor a development release. */
  readonly isStable: (version: string) => boolean;
  /** Tells whether `text` is one version in full, which no tool takes for a tag, a range or an option. */
  readonly isVersion: (text: string) => boolean;
  /** Tells whether a config that asks for `wish` names one version, which is then never left. */
  readonly isPinned: (wish: string) => boolean;
}
