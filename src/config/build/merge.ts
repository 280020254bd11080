// How the `defaults` of a config lie below each server.
import { branchOf, isBranch } from '../schema/document.ts';
import type { Tree } from '../schema/document.ts';

/** Maps are merged key by key; anything else, lists included, is replaced by what the server says. */
export function mergeDefaults(defaults: Tree, own: Tree): Tree {
  if (!isBranch(defaults) || !isBranch(own)) return own;
  const merged = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(own)) {
    const below = merged.get(key);
    merged.set(key, below === undefined ? value : mergeDefaults(below, value));
  }
  return branchOf(merged);
}
