// Memo of samples that come in rounds: finds what is known of a series, and names the series that a round did not show.
import type { Labels } from '../model/labels.ts';
import { LabelIndex } from './label-index.ts';

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly id?: number;
}

/** What is known of a series that has samples. */
export interface KnownSample<Known> {
  readonly name: string;
  /** Those of its samples. */
  readonly labels: Labels;
  known: Known;
  /** The last round that showed it. */
  round: number;
}

type Slots<Known> = LabelIndex<KnownSample<Known>>;

export class SampleMemo<Known> {
  readonly #make: (sample: Sample) => Known;
  /** By `id` of the sample. */
  readonly #byId: (KnownSample<Known> | undefined)[] = [];
  /** Those of samples without one. */
  readonly #byName = new Map<string, Slots<Known>>();
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

  find(sample: Sample): KnownSample<Known> {
    const slot = sample.id === undefined ? this.#byLabels(sample) : this.#byNumber(sample, sample.id);
    if (slot.round !== this.#round) this.#shown += 1;
    slot.round = this.#round;
    return slot;
  }

  /**
   * Forgets the series that the round did not show, and returns what was known of them. One that is shown with other labels
   * objects or another `id` than before is among them, though it did not end: the same series is known anew then.
   */
  endRound(): Known[] {
    if (this.#shown === this.#count) return [];
    const ended = this.#replaced.splice(0);
    const isOver = (slot: KnownSample<Known>): boolean => slot.round !== this.#round;
    for (const [id, slot] of this.#byId.entries()) {
      if (slot === undefined || !isOver(slot)) continue;
      this.#byId[id] = undefined;
      ended.push(slot.known);
    }
    for (const [name, index] of this.#byName) {
      for (const slot of [...index.values()].filter(isOver)) {
        index.delete(slot);
        ended.push(slot.known);
      }
      if (index.isEmpty) this.#byName.delete(name);
    }
    this.#count = this.#shown;
    return ended;
  }

  /** Of ids that another series has now. */
  readonly #replaced: Known[] = [];

  #byNumber(sample: Sample, id: number): KnownSample<Known> {
    const { name, labels } = sample;
    const last = this.#byId[id];
    if (last !== undefined && last.labels === labels && last.name === name) return last;
    if (last !== undefined) this.#replaced.push(last.known);
    const made = this.#open(sample);
    this.#byId[id] = made;
    return made;
  }

  #byLabels(sample: Sample): KnownSample<Known> {
    const index: Slots<Known> = this.#byName.get(sample.name) ?? new LabelIndex();
    if (index.isEmpty) this.#byName.set(sample.name, index);
    const found = index.get(sample.labels);
    if (found !== undefined) return found;
    const made = this.#open(sample);
    index.add(made);
    return made;
  }

  #open(sample: Sample): KnownSample<Known> {
    this.#count += 1;
    return { name: sample.name, labels: sample.labels, known: this.#make(sample), round: 0 };
  }
}
