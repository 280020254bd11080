// Cache of the whole scrape response, with the rule that decides how long it stays valid.
import type { Clock } from '../system/time/clock.ts';

/** Ms between two renderings when only measurements changed. */
const MEASUREMENT_INTERVAL = 1000;

/** How soon an event must be visible: a change at once, a measurement soon, what is not exported never. */
export type Urgency = 'now' | 'soon' | 'never';

export interface ScrapeCache {
  invalidate(urgency: Urgency): void;
  /** Callers during a rendering share its result. */
  current(): Promise<Buffer>;
}

export function createScrapeCache(clock: Clock, renderText: () => Promise<Buffer>): ScrapeCache {
  let urgency: Urgency = 'now';
  let latest: { readonly text: Buffer; readonly at: number } | null = null;
  let rendering: Promise<Buffer> | null = null;

  async function render(): Promise<Buffer> {
    const at = clock.monotonic();
    // Reset before rendering begins: what changes from here on is for the next text.
    urgency = 'never';
    try {
      const text = await renderText();
      latest = { text, at };
      return text;
    } catch (error) {
      urgency = 'now';
      throw error;
    } finally {
      rendering = null;
    }
  }

  function isFresh({ at }: { readonly at: number }): boolean {
    return urgency === 'never' || (urgency === 'soon' && clock.monotonic() - at < MEASUREMENT_INTERVAL);
  }

  return {
    invalidate(by) {
      if (by === 'now' || urgency === 'never') urgency = by;
    },
    current() {
      if (rendering !== null) return rendering;
      if (latest !== null && isFresh(latest)) return Promise.resolve(latest.text);
      rendering = render();
      return rendering;
    },
  };
}
