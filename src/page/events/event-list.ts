// List of events that grows at its beginning.
import type { ShownEvent } from '../../core/status/shown-event.ts';

/** Puts the newest page, read anew, in front of what is older. */
export function withNewer(
  events: readonly ShownEvent[],
  newest: readonly ShownEvent[],
): readonly ShownEvent[] {
  const oldest = newest.at(-1)?.firstAt ?? Number.POSITIVE_INFINITY;
  return [...newest, ...events.filter(({ at }) => at < oldest)];
}

/** Puts an event in front: joined with the first where it says the same, and never more than `most`. */
export function addEvent(
  events: readonly ShownEvent[],
  event: ShownEvent,
  most: number,
): readonly ShownEvent[] {
  const [first, ...rest] = events;
  const isSame =
    first !== undefined &&
    first.kind === event.kind &&
    first.server === event.server &&
    first.text === event.text;
  if (!isSame) return [event, ...events].slice(0, most);
  return [{ ...first, at: event.at, count: first.count + event.count }, ...rest];
}
