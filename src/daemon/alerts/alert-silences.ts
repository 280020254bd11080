// Silences of Alertmanager, cached for the time when it cannot be reached, and the labels that they are matched against.
import { type EvaluatedAlert, labelsFor } from '../../core/delivery/alertmanager-post.ts';
import { isSilenced, type Silence } from '../../core/delivery/silences.ts';
import type { AlertChange } from '../../core/model/notification.ts';

export interface AlertSilencesOptions {
  readonly saved: {
    readonly silences: readonly Silence[];
    /** Our `instance` label at Prometheus; null while not known. */
    readonly instance: string | null;
  };
  /** Returns the alerts with all labels, as the rules left them. */
  readonly evaluated: () => readonly EvaluatedAlert[];
  /** Returns the silences of the page, which are for our own channels. */
  readonly own?: () => readonly Silence[];
}

export class AlertSilences {
  readonly #evaluated: AlertSilencesOptions['evaluated'];
  readonly #own: () => readonly Silence[];
  #silences: readonly Silence[];
  #instance: string | null;
  /** Ids of the silences that were active at the last question; null before the first. */
  #active: string | null = null;

  constructor({ saved, evaluated, own = () => [] }: AlertSilencesOptions) {
    this.#silences = saved.silences;
    this.#instance = saved.instance;
    this.#evaluated = evaluated;
    this.#own = own;
  }

  get silences(): readonly Silence[] {
    return this.#silences;
  }

  get instance(): string | null {
    return this.#instance;
  }

  /** Takes over the address that Prometheus scrapes: it becomes our `instance` label. */
  scrapedAs(instance: string): void {
    this.#instance = instance;
  }

  replace(silences: readonly Silence[]): void {
    this.#silences = silences;
  }

  /** True when another set of silences is active than at the last call; `at` in ms since the epoch. */
  haveChanged(at: number): boolean {
    const active = [...this.#silences, ...this.#own()]
      .filter(({ startsAt, endsAt }) => startsAt <= at && at < endsAt)
      .map(({ id }) => id)
      .join(' ');
    const isOther = this.#active !== null && active !== this.#active;
    this.#active = active;
    return isOther;
  }

  /** True when every series of the alert is silenced; `at` in ms since the epoch. */
  cover(alert: Pick<AlertChange, 'name' | 'about' | 'severity'>, at: number): boolean {
    const all = [...this.#silences, ...this.#own()];
    if (all.length === 0) return false;
    return this.#labelsOf(alert).every((labels) => isSilenced(labels, all, at));
  }

  /** True for an alert about this machine: one Alertmanager may report on many. */
  isOwnInstance(instance: string | undefined): boolean {
    if (instance === undefined || instance === this.#instance) return true;
    return this.#evaluated().some(({ labels }) => labels['instance'] === instance);
  }

  #labelsOf({ name, about, severity }: Pick<AlertChange, 'name' | 'about' | 'severity'>) {
    const own = this.#evaluated()
      .filter(({ state, labels }) => state !== 'pending' && labels['alertname'] === name)
      .filter(({ labels }) => (labels['server'] ?? null) === about);
    if (own.length > 0) return own.map((alert) => labelsFor(alert, this.#instance));
    return [{ alertname: name, severity, ...(about === null ? {} : { server: about }) }];
  }
}
