// Poller of Prometheus: asks at intervals whether it reads our metrics and evaluates the rules.
import {
  openPrometheusClient,
  type PrometheusClient,
  type PrometheusReport,
} from '../../notify/prometheus-client.ts';
import type { Clock } from '../../system/time/clock.ts';

interface PrometheusPollerSettings {
  readonly url: string | null;
  /** ms between two polls */
  readonly every: number;
}

export interface PrometheusPollerOptions {
  readonly clock: Clock;
  /** Start of our process, seconds since the epoch. */
  readonly startedAt: number;
  readonly onReport: (report: PrometheusReport) => void;
  readonly onFault: (error: unknown) => void;
}

export class PrometheusPoller {
  readonly #options: PrometheusPollerOptions;
  #settings: PrometheusPollerSettings = { url: null, every: 0 };
  #client: PrometheusClient | null = null;
  #cancel = (): void => {};

  constructor(options: PrometheusPollerOptions) {
    this.#options = options;
  }

  /** Changes to another Prometheus, to none, or to another interval. */
  follow(next: PrometheusPollerSettings): void {
    const isOther = next.url !== this.#settings.url;
    this.#settings = next;
    if (!isOther) return;
    this.close();
    if (next.url === null) return;
    const { clock, startedAt } = this.#options;
    const client = openPrometheusClient({ url: next.url, clock, startedAt });
    this.#client = client;
    void this.#poll(client);
  }

  close(): void {
    this.#cancel();
    this.#client?.close();
    this.#client = null;
  }

  async #poll(client: PrometheusClient): Promise<void> {
    try {
      const report = await client.ask();
      // Another one was configured meanwhile: this result is stale.
      if (client === this.#client) this.#options.onReport(report);
    } catch (error) {
      this.#options.onFault(error);
    }
    if (client !== this.#client) return;
    this.#cancel = this.#options.clock.after(this.#settings.every, () => void this.#poll(client));
  }
}
