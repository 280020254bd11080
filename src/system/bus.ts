// Event bus: one ordered list of subscribers; a subscriber that throws harms neither the publisher nor the others.
import type { WatchdogEvent, UnstampedEvent } from '../core/model/events.ts';
import type { Clock } from './time/clock.ts';

type Subscriber = (event: WatchdogEvent) => void;

export interface Bus {
  /** Stamps the event with the time and delivers it to every subscriber, in order of subscription. */
  publish(event: UnstampedEvent): void;
  /** The returned function ends the subscription. */
  subscribe(subscriber: Subscriber): () => void;
}

/** @param onFault called when a subscriber threw; the others still get the event */
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
    publish(event) {
      queue.push({ ...event, at: clock.now() });
      // An event published by a subscriber waits its turn, so that all see the same order.
      if (delivering) return;
      delivering = true;
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) deliver(next);
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
