// The silences that are known of Alertmanager, and when one of them begins or ends.
import { isSilenced, type Silence } from '../../core/delivery/silences.ts';

export class SilenceCache {
  #list: readonly Silence[];
  #holding: string | null = null;

  constructor(list: readonly Silence[]) {
    this.#list = list;
  }

  get list(): readonly Silence[] {
    return this.#list;
  }

  learn(list: readonly Silence[]): void {
    this.#list = list;
  }

  /** True when others hold than at the last question. @param at ms since the epoch */
  haveTurned(at: number): boolean {
    const holding = this.#list
      .filter(({ startsAt, endsAt }) => startsAt <= at && at < endsAt)
      .map(({ id }) => id)
      .join(' ');
    const isOther = this.#holding !== null && holding !== this.#holding;
    this.#holding = holding;
    return isOther;
  }

  /** @param labelsOf of each alert that is told as one: all of them must be silenced */
  silence(labelsOf: () => readonly Readonly<Record<string, string>>[], at: number): boolean {
    return this.#list.length > 0 && labelsOf().every((labels) => isSilenced(labels, this.#list, at));
  }
}
