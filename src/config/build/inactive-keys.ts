// Which keys of a config are understood, and do nothing before a later release.
import { formatPath } from '../read/problems.ts';
import { isBranch, isSet, valueAt } from '../schema/document.ts';
import type { Path, Tree } from '../schema/document.ts';

/** `*` stands for any one name. A key is taken out of this list by the change that makes it work. */
const INACTIVE: readonly Path[] = [['gateway']];

/** Paths of the keys that the file sets and that are not active yet; what asks for nothing (null, off) is left out. */
export function inactiveKeys(tree: Tree): string[] {
  return INACTIVE.flatMap((pattern) => matches(tree, pattern))
    .flatMap((path) => leaves(valueAt(tree, path) ?? null, path))
    .map(formatPath);
}

function matches(tree: Tree, pattern: Path): Path[] {
  const paths = pattern.reduce<Path[]>(
    (found, key) => found.flatMap((path) => namesIn(tree, path, key).map((name) => path.concat(name))),
    [[]],
  );
  return paths.filter((path) => isSet(tree, path));
}

function namesIn(tree: Tree, path: Path, key: string | number): (string | number)[] {
  const node = valueAt(tree, path);
  if (key !== '*') return [key];
  return isBranch(node) ? Object.keys(node) : [];
}

function leaves(value: Tree, path: Path): Path[] {
  if (value === null || value === 'off') return [];
  if (!isBranch(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}
