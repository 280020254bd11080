// Memo of samples that come in rounds: finds what is known of a series, and names the series that a round did not show.
import type { Labels } from '../model/labels.ts';
import { LabelIndex } from './label-index.ts';

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly id?: number;
}

/** What is known of a series whose samples have no `id`. */
interface Slot<Known> {
  readonly labels: Labels;
  known: Known;
  /** The last round that showed it. */
  round: number;
}

type Slots<Known> = LabelIndex<Slot<Known>>;

export class SampleMemo<Known> {
  readonly #make: (sample: Sample) => Known;
  /**
   * By `id`: the last sample, what is known of its series, and the last round that showed it. In lists of their own: an object for
   * each of 48,000 series takes twice the memory.
   */
  readonly #samples: (Sample | undefined)[] = [];
  readonly #known: (Known | undefined)[] = [];
  readonly #rounds: number[] = [];
  /** Those of samples without one. */
  readonly #byName = new Map<string, Slots<Known>>();
  #round = 0;
  /** Series that are known, and those of them that this round has shown. */
  #count = 0;
  #shown = 0;
  /** Of ids that another series has now. */
  readonly #replaced: Known[] = [];

  /** @param make what is known of a series that was not there before */
  constructor(make: (sample: Sample) => Known) {
    this.#make = make;
  }

  beginRound(): void {
    this.#round += 1;
    this.#shown = 0;
  }

  /** Returns what is known of the series of a sample. @param isOver whether that is to be made again */
  find(sample: Sample, isOver: (known: Known) => boolean = () => false): Known {
    const { id } = sample;
    return id === undefined ? this.#byLabels(sample, isOver) : this.#byNumber(sample, id, isOver);
  }

  /**
   * Forgets the series that the round did not show, and returns what was known of them. One that is shown with other labels
   * objects or another `id` than before is among them, though it did not end: the same series is known anew then.
   */
  endRound(): Known[] {
    if (this.#shown === this.#count) return [];
    const ended = this.#replaced.splice(0);
    for (const [id, known] of this.#known.entries()) {
      if (known === undefined || this.#rounds[id] === this.#round) continue;
      this.#known[id] = undefined;
      this.#samples[id] = undefined;
      ended.push(known);
    }
    for (const [name, index] of this.#byName) {
      for (const slot of [...index.values()].filter(({ round }) => round !== this.#round)) {
        index.delete(slot);
        ended.push(slot.known);
      }
      if (index.isEmpty) this.#byName.delete(name);
    }
    this.#count = this.#shown;
    return ended;
  }

  #byNumber(sample: Sample, id: number, isOver: (known: Known) => boolean): Known {
    const last = this.#samples[id];
    let known = this.#known[id];
    const isKnown = last !== undefined && last.labels === sample.labels && last.name === sample.name;
    if (!isKnown || known === undefined) {
      if (known !== undefined) this.#replaced.push(known);
      known = this.#make(sample);
      this.#count += 1;
      this.#rounds[id] = 0;
      this.#known[id] = known;
    } else if (isOver(known)) {
      known = this.#make(sample);
      this.#known[id] = known;
    }
    this.#samples[id] = sample;
    if (this.#rounds[id] !== this.#round) this.#shown += 1;
    this.#rounds[id] = this.#round;
    return known;
  }

  #byLabels(sample: Sample, isOver: (known: Known) => boolean): Known {
    const index: Slots<Known> = this.#byName.get(sample.name) ?? new LabelIndex();
    if (index.isEmpty) this.#byName.set(sample.name, index);
    let slot = index.get(sample.labels);
    if (slot === undefined) {
      slot = { labels: sample.labels, known: this.#make(sample), round: 0 };
      this.#count += 1;
      index.add(slot);
    } else if (isOver(slot.known)) slot.known = this.#make(sample);
    if (slot.round !== this.#round) this.#shown += 1;
    slot.round = this.#round;
    return slot.known;
  }
}
