// How Alertmanager is asked again and again whether it is there, and given what it is to tell.
import type { PostedAlert } from '../../core/delivery/alertmanager-post.ts';
import type { Silence } from '../../core/delivery/silences.ts';
import { type AlertmanagerClient, openAlertmanagerClient } from '../../notify/alertmanager-client.ts';
import type { Clock } from '../../system/time/clock.ts';

interface AlertmanagerPollerSettings {
  readonly url: string | null;
  /** ms */
  readonly every: number;
}

export interface AlertmanagerPollerOptions {
  readonly clock: Clock;
  /** What it is to tell now; null when that is not for us to say. */
  readonly toPost: () => readonly PostedAlert[] | null;
  readonly onPosted: () => void;
  /** @param trouble why it is not ready, for people; null when it is */
  readonly onAnswer: (trouble: string | null) => void;
  readonly onSilences: (silences: readonly Silence[]) => void;
  readonly onFault: (error: unknown) => void;
}

/** Whoever has just been found is asked once more soon, ms. */
const SOON = 1000;

export class AlertmanagerPoller {
  readonly #options: AlertmanagerPollerOptions;
  #settings: AlertmanagerPollerSettings = { url: null, every: 0 };
  #alertmanager: AlertmanagerClient | null = null;
  #cancel = (): void => {};
  #isBusy = false;
  #isHurried = false;
  /** Good ones in a row. */
  #answers = 0;

  constructor(options: AlertmanagerPollerOptions) {
    this.#options = options;
  }

  /** Another one, or none, or at another pace. */
  follow(next: AlertmanagerPollerSettings): void {
    const isOther = next.url !== this.#settings.url;
    this.#settings = next;
    if (!isOther) return this.#plan();
    this.close();
    this.#answers = 0;
    if (next.url === null) return;
    this.#alertmanager = openAlertmanagerClient({ url: next.url, clock: this.#options.clock });
    void this.#round();
  }

  /** Does not wait for the next round: there is something to post. */
  hurry(): void {
    this.#cancel();
    void this.#round();
  }

  close(): void {
    this.#cancel();
    this.#alertmanager?.close();
    this.#alertmanager = null;
  }

  async #round(): Promise<void> {
    const one = this.#alertmanager;
    if (one === null) return;
    if (this.#isBusy) {
      this.#isHurried = true;
      return;
    }
    this.#isBusy = true;
    try {
      await this.#ask(one);
    } catch (error) {
      this.#options.onFault(error);
    }
    this.#isBusy = false;
    this.#plan();
  }

  async #ask(one: AlertmanagerClient): Promise<void> {
    const { onAnswer, onSilences } = this.#options;
    const trouble = (await one.checkReady()) ?? (await this.#post(one));
    // Another one was configured meanwhile: this answer is nobody's.
    if (one !== this.#alertmanager) return;
    this.#answers = trouble === null ? this.#answers + 1 : 0;
    onAnswer(trouble);
    const silences = trouble === null ? await one.silences() : null;
    if (silences !== null && one === this.#alertmanager) onSilences(silences);
  }

  /** Why it did not take what there is to post; null when it did. */
  async #post(one: AlertmanagerClient): Promise<string | null> {
    const alerts = one === this.#alertmanager ? (this.#options.toPost() ?? []) : [];
    if (alerts.length === 0) return null;
    const trouble = await one.post(alerts);
    if (trouble === null && one === this.#alertmanager) this.#options.onPosted();
    return trouble === null ? null : `it did not take alerts: ${trouble}`;
  }

  #plan(): void {
    this.#cancel();
    if (this.#alertmanager === null) return;
    const { every } = this.#settings;
    const isSoon = this.#answers === 1 || this.#isHurried;
    this.#isHurried = false;
    this.#cancel = this.#options.clock.after(
      isSoon ? Math.min(SOON, every) : every,
      () => void this.#round(),
    );
  }
}
