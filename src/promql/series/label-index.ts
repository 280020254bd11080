// Index of series by their labels: a number for each, since a text as key would take more memory than the labels.
import type { Labels } from '../model/labels.ts';

interface Labelled {
  readonly labels: Labels;
}

/** Values of which the hash is known. */
const MOST_HASHES = 4096;
const hashes = new Map<string, number>();

function hashOf(text: string): number {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  if (hashes.size === MOST_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

/** The same for equal label sets, whatever their order; an empty label counts as missing. */
function hashOfLabels(labels: Labels): number {
  let sum = 0;
  for (const name in labels) {
    const value = labels[name] ?? '';
    if (value === '') continue;
    const pair = Math.imul(hashOf(name), 0x9e37_79b1) ^ hashOf(value);
    sum = (sum + Math.imul(pair ^ (pair >>> 15), 0x85eb_ca6b)) | 0;
  }
  // Small integers of the engine have 31 bits.
  return (sum ^ (sum >>> 16)) & 0x3fff_ffff;
}

function countIn(labels: Labels): number {
  let count = 0;
  for (const name in labels) if (labels[name] !== '') count += 1;
  return count;
}

function areEqual(one: Labels, other: Labels): boolean {
  if (one === other) return true;
  for (const name in one) {
    const value = one[name];
    if (value !== '' && (!Object.hasOwn(other, name) || other[name] !== value)) return false;
  }
  return countIn(one) === countIn(other);
}

/** Finds entries by equal labels, whatever the order of these; an empty label counts as missing. */
export class LabelIndex<Entry extends Labelled> {
  readonly #entries = new Map<number, Entry | Entry[]>();

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(labels: Labels): Entry | undefined {
    const found = this.#entries.get(hashOfLabels(labels));
    if (found === undefined) return undefined;
    if (Array.isArray(found)) return found.find((entry) => areEqual(entry.labels, labels));
    return areEqual(found.labels, labels) ? found : undefined;
  }

  /** @param entry whose labels none of the others has */
  add(entry: Entry): void {
    const hash = hashOfLabels(entry.labels);
    const there = this.#entries.get(hash);
    if (there === undefined) this.#entries.set(hash, entry);
    else if (Array.isArray(there)) there.push(entry);
    else this.#entries.set(hash, [there, entry]);
  }

  delete(entry: Entry): void {
    const hash = hashOfLabels(entry.labels);
    const there = this.#entries.get(hash);
    if (there === entry) this.#entries.delete(hash);
    if (!Array.isArray(there)) return;
    const left = there.filter((one) => one !== entry);
    if (left.length > 0) this.#entries.set(hash, left);
    else this.#entries.delete(hash);
  }

  /** In the order in which they came; entries may be deleted meanwhile. */
  *values(): Generator<Entry> {
    for (const entry of this.#entries.values()) {
      if (Array.isArray(entry)) yield* entry;
      else yield entry;
    }
  }
}
