// Keys of a config that are understood, and do nothing before a later release.
import { formatPath } from '../read/problems.ts';
import { isDocumentMap, isSet, valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

/** `*` stands for any one name. A key is taken out of this list by the change that makes it work. */
const INACTIVE: readonly KeyPath[] = [];

/** Lists the paths of keys that the file sets and that are not active yet; what asks for nothing (null, off) is left out. */
export function inactiveKeys(tree: DocumentValue, patterns: readonly KeyPath[] = INACTIVE): string[] {
  return patterns
    .flatMap((pattern) => matches(tree, pattern))
    .flatMap((path) => leaves(valueAt(tree, path) ?? null, path))
    .map(formatPath);
}

function matches(tree: DocumentValue, pattern: KeyPath): KeyPath[] {
  const paths = pattern.reduce<KeyPath[]>(
    (found, key) => found.flatMap((path) => namesIn(tree, path, key).map((name) => path.concat(name))),
    [[]],
  );
  return paths.filter((path) => isSet(tree, path));
}

function namesIn(tree: DocumentValue, path: KeyPath, key: string | number): (string | number)[] {
  const node = valueAt(tree, path);
  if (key !== '*') return [key];
  return isDocumentMap(node) ? Object.keys(node) : [];
}

function leaves(value: DocumentValue, path: KeyPath): KeyPath[] {
  if (value === null || value === 'off') return [];
  if (!isDocumentMap(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}
