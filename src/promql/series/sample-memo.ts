// Memo of samples that come in rounds: finds what is known of a series, and names the series that a round did not show.
import type { Labels } from '../model/labels.ts';
import { LabelIndex } from './label-index.ts';

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly id?: number;
}

interface Slot<Known> {
  readonly name: string;
  /** Those of its sample. */
  readonly labels: Labels;
  readonly known: Known;
  /** The last one that showed it; none after its end. */
  round: number;
}

const ENDED = -1;

export class SampleMemo<Known> {
  readonly #make: (sample: Sample) => Known;
  readonly #byName = new Map<string, LabelIndex<Slot<Known>>>();
  /** By `id` of the sample. */
  readonly #byId: (Slot<Known> | undefined)[] = [];
  #round = 0;
  /** Series that are known, and those of them that this round has shown. */
  #count = 0;
  #shown = 0;

  /** @param make what is known of a series that was not there before */
  constructor(make: (sample: Sample) => Known) {
    this.#make = make;
  }

  beginRound(): void {
    this.#round += 1;
    this.#shown = 0;
  }

  find(sample: Sample): Known {
    const slot = this.#slotOf(sample);
    if (slot.round !== this.#round) this.#shown += 1;
    slot.round = this.#round;
    return slot.known;
  }

  /** Forgets the series that the round did not show, and returns what was known of them. */
  endRound(): Known[] {
    if (this.#shown === this.#count) return [];
    const ended: Known[] = [];
    for (const [name, index] of this.#byName) {
      for (const slot of index.values()) {
        if (slot.round === this.#round) continue;
        slot.round = ENDED;
        index.delete(slot);
        ended.push(slot.known);
      }
      if (index.isEmpty) this.#byName.delete(name);
    }
    this.#count = this.#shown;
    return ended;
  }

  #slotOf(sample: Sample): Slot<Known> {
    const { id, name, labels } = sample;
    if (id === undefined) return this.#find(sample);
    const last = this.#byId[id];
    if (last !== undefined && last.labels === labels && last.name === name && last.round !== ENDED)
      return last;
    return (this.#byId[id] = this.#find(sample));
  }

  #find(sample: Sample): Slot<Known> {
    const { name, labels } = sample;
    const index = this.#byName.get(name) ?? new LabelIndex();
    if (index.isEmpty) this.#byName.set(name, index);
    const found = index.get(labels);
    if (found !== undefined) return found;
    const made = { name, labels, known: this.#make(sample), round: 0 };
    index.add(made);
    this.#count += 1;
    return made;
  }
}
