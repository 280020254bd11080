// Cache of the whole scrape response, with the rule that decides how long it stays valid.
import type { Clock } from '../system/time/clock.ts';

/** A text that changes with every measurement is put together at most once in this time, ms. */
const CONTINUOUS_INTERVAL = 1000;

/** How much an event hurries: a change that a person would look for at once, a measurement, or nothing shown. */
export type Urgency = 'now' | 'soon' | 'never';

export interface ScrapeCache {
  invalidate(urgency: Urgency): void;
  /** Those who ask while a text is in the making get that one. */
  current(): Promise<Buffer>;
}

export function createScrapeCache(clock: Clock, produce: () => Promise<string>): ScrapeCache {
  let urgency: Urgency = 'now';
  let latest: { readonly text: Buffer; readonly at: number } | null = null;
  let inTheMaking: Promise<Buffer> | null = null;

  async function make(): Promise<Buffer> {
    const at = clock.monotonic();
    // Taken back before the text is begun: what happens from here on is for the next one.
    urgency = 'never';
    try {
      const text = Buffer.from(await produce());
      latest = { text, at };
      return text;
    } catch (error) {
      urgency = 'now';
      throw error;
    } finally {
      inTheMaking = null;
    }
  }

  function isGood({ at }: { readonly at: number }): boolean {
    return urgency === 'never' || (urgency === 'soon' && clock.monotonic() - at < CONTINUOUS_INTERVAL);
  }

  return {
    invalidate(by) {
      if (by === 'now' || urgency === 'never') urgency = by;
    },
    current() {
      if (inTheMaking !== null) return inTheMaking;
      if (latest !== null && isGood(latest)) return Promise.resolve(latest.text);
      inTheMaking = make();
      return inTheMaking;
    },
  };
}
