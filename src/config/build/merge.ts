// How the `defaults` of a config lie below each server.
import { documentMap, isDocumentMap } from '../schema/document.ts';
import type { DocumentValue } from '../schema/document.ts';

/** Maps are merged key by key; anything else, lists included, is replaced by what the server says. */
export function mergeDefaults(defaults: DocumentValue, own: DocumentValue): DocumentValue {
  if (!isDocumentMap(defaults) || !isDocumentMap(own)) return own;
  const merged = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(own)) {
    const below = merged.get(key);
    merged.set(key, below === undefined ? value : mergeDefaults(below, value));
  }
  return documentMap(merged);
}
