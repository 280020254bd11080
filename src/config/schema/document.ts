// The plain values a config text is made of, and how to find one's way in them.

export type Tree = null | boolean | number | string | readonly Tree[] | Branch;
export interface Branch {
  readonly [key: string]: Tree;
}

/** Keys from the top; a number is a place in a list. */
export type Path = readonly (string | number)[];

export function isBranch(tree: Tree | undefined): tree is Branch {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

export function isList(tree: Tree | undefined): tree is readonly Tree[] {
  return Array.isArray(tree);
}

/** Without a prototype a key such as `constructor` is a key like any other. */
export function branchOf(entries: Iterable<readonly [string, Tree]>): Branch {
  const branch: Record<string, Tree> = Object.create(null);
  for (const [key, value] of entries) branch[key] = value;
  return branch;
}

/** The value at `path`, undefined where there is none. */
export function valueAt(tree: Tree, path: Path): Tree | undefined {
  let node: Tree | undefined = tree;
  for (const key of path) {
    if (isList(node)) node = typeof key === 'number' ? node[key] : undefined;
    else if (isBranch(node)) node = Object.hasOwn(node, key) ? node[key] : undefined;
    else return undefined;
  }
  return node;
}

/** Whether something, null included, is written at `path`. */
export function isSet(tree: Tree, path: Path): boolean {
  return valueAt(tree, path) !== undefined;
}
