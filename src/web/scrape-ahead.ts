// Preparation of /metrics for scrapers that come in a rhythm, as Prometheus does: the text is made a moment before it is asked for.
import type { Clock } from '../system/time/clock.ts';

export interface ScrapeAhead {
  /**
   * Notes a scrape. Where the next one can be foreseen, `prepare` is called shortly before.
   *
   * @param scraper what it is known by
   */
  note(scraper: string, prepare: () => Promise<unknown>): void;
  /** Forgets all of them. */
  stop(): void;
}

/** Ms before the expected scrape: less than a text stays fresh while only measurements change, and enough for a thousand servers. */
const LEAD = 250;
/**
 * Ms between scrapes. Who asks more often is served from a text that is up to a second old, and so would the preparation be; of
 * what is rarer the rhythm is soon another.
 */
const RHYTHMS = { from: 1500, to: 5 * 60_000 };
/** By how much two intervals may differ. */
const TOLERANCE = 0.1;
/** Scrapers whose rhythm is known at a time. */
const MOST = 8;

interface Rhythm {
  readonly at: number;
  /** Ms since the scrape before; null for the first one. */
  readonly interval: number | null;
  readonly cancel: () => void;
}

/**
 * The same work as without it, at another moment: a text is made ahead only after two intervals that are alike, and once for each
 * scrape. What changes between the two is written into it by the scrape, as always.
 *
 * @param onFault called with the error when a text could not be made
 */
export function createScrapeAhead(
  clock: Pick<Clock, 'monotonic' | 'after'>,
  onFault: (error: unknown) => void,
): ScrapeAhead {
  const rhythms = new Map<string, Rhythm>();

  function forget(scraper: string): void {
    rhythms.get(scraper)?.cancel();
    rhythms.delete(scraper);
  }

  return {
    note(scraper, prepare) {
      const at = clock.monotonic();
      const before = rhythms.get(scraper);
      const interval = before === undefined ? null : at - before.at;
      const isSteady = interval !== null && isLike(interval, before?.interval ?? null);
      forget(scraper);
      const [oldest] = rhythms.keys();
      if (rhythms.size >= MOST && oldest !== undefined) forget(oldest);
      const cancel = isSteady
        ? clock.after(interval - LEAD, () => void prepare().catch(onFault))
        : (): void => undefined;
      rhythms.set(scraper, { at, interval, cancel });
    },
    stop() {
      for (const scraper of rhythms.keys()) forget(scraper);
    },
  };
}

function isLike(interval: number, last: number | null): boolean {
  if (last === null || interval < RHYTHMS.from || interval > RHYTHMS.to) return false;
  return Math.abs(interval - last) <= TOLERANCE * last;
}
