// Plain values of a config text, and access to them by path.

export type DocumentValue = null | boolean | number | string | readonly DocumentValue[] | DocumentMap;
export interface DocumentMap {
  readonly [key: string]: DocumentValue;
}

/** Keys from the top; a number is a place in a list. */
export type KeyPath = readonly (string | number)[];

export function isDocumentMap(tree: DocumentValue | undefined): tree is DocumentMap {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

export function isDocumentList(tree: DocumentValue | undefined): tree is readonly DocumentValue[] {
  return Array.isArray(tree);
}

/** Makes a map without a prototype, where a key such as `constructor` is a key like any other. */
export function documentMap(entries: Iterable<readonly [string, DocumentValue]>): DocumentMap {
  const branch: Record<string, DocumentValue> = Object.create(null);
  for (const [key, value] of entries) branch[key] = value;
  return branch;
}

/** Finds the value at `path`; undefined where there is none. */
export function valueAt(tree: DocumentValue, path: KeyPath): DocumentValue | undefined {
  let node: DocumentValue | undefined = tree;
  for (const key of path) {
    if (isDocumentList(node)) node = typeof key === 'number' ? node[key] : undefined;
    else if (isDocumentMap(node)) node = Object.hasOwn(node, key) ? node[key] : undefined;
    else return undefined;
  }
  return node;
}

/** Tells whether something, null included, is written at `path`. */
export function isSet(tree: DocumentValue, path: KeyPath): boolean {
  return valueAt(tree, path) !== undefined;
}
