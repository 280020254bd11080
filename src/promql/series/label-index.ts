// Index of series by their labels: a number for each, since a text as key would take more memory than the labels.
import { areEqual, hashOfLabels } from '../model/equal-labels.ts';
import type { Labels } from '../model/labels.ts';

interface Labelled {
  readonly labels: Labels;
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
