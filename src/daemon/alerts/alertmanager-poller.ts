// Poller of Alertmanager: checks that it is ready, posts alerts to it, and reads its alerts and silences.
import type { PostedAlert } from '../../core/delivery/alertmanager-post.ts';
import type { KnownAlert } from '../../core/delivery/alertmanager-view.ts';
import type { Silence } from '../../core/delivery/silences.ts';
import { type AlertmanagerClient, openAlertmanagerClient } from '../../notify/alertmanager-client.ts';
import type { Clock } from '../../system/time/clock.ts';

interface AlertmanagerPollerSettings {
  readonly url: string | null;
  /** ms between two polls */
  readonly every: number;
}

export interface AlertmanagerPollerOptions {
  readonly clock: Clock;
  /** Returns the alerts to post now; null when we have none to post. */
  readonly toPost: () => readonly PostedAlert[] | null;
  readonly onPosted: () => void;
  /** Called after each poll; `trouble` is why it is not ready, for people, null when it is. */
  readonly onPolled: (trouble: string | null) => void;
  /** Tells whether to look for the heartbeat among the alerts of Alertmanager. */
  readonly asksHeartbeat: () => boolean;
  /** Called after each poll that found the heartbeat there. */
  readonly onHeartbeat: () => void;
  /** Tells whether to read which alerts Alertmanager has. */
  readonly asksAlerts: () => boolean;
  /** Returns our `instance` label there; null while not known. */
  readonly instance: () => string | null;
  readonly onAlerts: (alerts: readonly KnownAlert[]) => void;
  readonly onSilences: (silences: readonly Silence[]) => void;
  readonly onFault: (error: unknown) => void;
}

/** ms to the second poll of an Alertmanager that was just found. */
const CONFIRM_AFTER = 1000;

export class AlertmanagerPoller {
  readonly #options: AlertmanagerPollerOptions;
  #settings: AlertmanagerPollerSettings = { url: null, every: 0 };
  #alertmanager: AlertmanagerClient | null = null;
  #cancel = (): void => {};
  #isPolling = false;
  #isPollDue = false;
  /** Successful polls in a row. */
  #successes = 0;

  constructor(options: AlertmanagerPollerOptions) {
    this.#options = options;
  }

  /** Changes to another Alertmanager, to none, or to another interval. */
  follow(next: AlertmanagerPollerSettings): void {
    const isOther = next.url !== this.#settings.url;
    this.#settings = next;
    if (!isOther) return this.#schedule();
    this.close();
    this.#successes = 0;
    if (next.url === null) return;
    this.#alertmanager = openAlertmanagerClient({ url: next.url, clock: this.#options.clock });
    void this.#poll();
  }

  /** Polls at once, because there is something to post. */
  pollNow(): void {
    this.#cancel();
    void this.#poll();
  }

  /** Alertmanager itself, for what a person asks of it; null while none is configured. */
  get client(): AlertmanagerClient | null {
    return this.#alertmanager;
  }

  close(): void {
    this.#cancel();
    this.#alertmanager?.close();
    this.#alertmanager = null;
  }

  async #poll(): Promise<void> {
    const client = this.#alertmanager;
    if (client === null) return;
    if (this.#isPolling) {
      this.#isPollDue = true;
      return;
    }
    this.#isPolling = true;
    try {
      await this.#exchange(client);
    } catch (error) {
      this.#options.onFault(error);
    }
    this.#isPolling = false;
    this.#schedule();
  }

  async #exchange(client: AlertmanagerClient): Promise<void> {
    const { onPolled, onSilences } = this.#options;
    const trouble = (await client.checkReady()) ?? (await this.#post(client));
    // Another one was configured meanwhile: this result is stale.
    if (client !== this.#alertmanager) return;
    this.#successes = trouble === null ? this.#successes + 1 : 0;
    onPolled(trouble);
    const hasHeartbeat = trouble === null && this.#options.asksHeartbeat() && (await client.hasHeartbeat());
    if (client !== this.#alertmanager) return;
    if (hasHeartbeat) this.#options.onHeartbeat();
    await this.#readAlerts(client, trouble);
    const silences = trouble === null ? await client.silences() : null;
    if (silences !== null && client === this.#alertmanager) onSilences(silences);
  }

  async #readAlerts(client: AlertmanagerClient, trouble: string | null): Promise<void> {
    const { asksAlerts, instance, onAlerts } = this.#options;
    if (trouble !== null || client !== this.#alertmanager || !asksAlerts()) return;
    const alerts = await client.alerts(instance());
    if (alerts !== null && client === this.#alertmanager) onAlerts(alerts);
  }

  /** Posts the alerts; returns why it did not accept them, null when it did. */
  async #post(client: AlertmanagerClient): Promise<string | null> {
    const alerts = client === this.#alertmanager ? (this.#options.toPost() ?? []) : [];
    if (alerts.length === 0) return null;
    const trouble = await client.post(alerts);
    if (trouble === null && client === this.#alertmanager) this.#options.onPosted();
    return trouble === null ? null : `it did not accept alerts: ${trouble}`;
  }

  #schedule(): void {
    this.#cancel();
    if (this.#alertmanager === null) return;
    const { every } = this.#settings;
    const isSoon = this.#successes === 1 || this.#isPollDue;
    this.#isPollDue = false;
    this.#cancel = this.#options.clock.after(
      isSoon ? Math.min(CONFIRM_AFTER, every) : every,
      () => void this.#poll(),
    );
  }
}
