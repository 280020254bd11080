// Event bus: one ordered list of subscribers; a subscriber that throws harms neither the publisher nor the others.
import type { WatchdogEvent, UnstampedEvent } from '../core/model/events.ts';
import type { Clock } from './time/clock.ts';

type Subscriber = (event: WatchdogEvent) => void;

export interface Bus {
  /** Stamps the time on `news` and gives it to every subscriber, in order of subscription. */
  publish(news: UnstampedEvent): void;
  /** The returned function ends the subscription. */
  subscribe(subscriber: Subscriber): () => void;
}

/** @param onFault told of a subscriber that threw; the others still get the event */
export function createBus(clock: Clock, onFault: (error: unknown, event: WatchdogEvent) => void): Bus {
  const subscribers = new Set<Subscriber>();
  const queue: WatchdogEvent[] = [];
  let delivering = false;

  function deliver(event: WatchdogEvent): void {
    for (const subscriber of subscribers) {
      try {
        subscriber(event);
      } catch (error) {
        onFault(error, event);
      }
    }
  }

  return {
    publish(news) {
      queue.push({ ...news, at: clock.now() });
      // An event published by a subscriber waits its turn, so that all see the same order.
      if (delivering) return;
      delivering = true;
      try {
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) deliver(event);
      } finally {
        delivering = false;
      }
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  };
}
