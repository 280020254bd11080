// A source of the page's API without a daemon: one status, and what a test tells it.
import type { Status } from '../../src/core/model/status.ts';
import { createPathHider } from '../../src/core/status/public-status.ts';
import type { ShownEvent } from '../../src/core/status/shown-event.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { PageSource } from '../../src/web/api/page-source.ts';
import { status as statusOf } from './status.ts';

export interface FakePageSource extends PageSource {
  /** Replaces the status, and tells the subscribers. */
  change(next: Status): void;
  tell(event: ShownEvent): void;
  readonly subscribers: number;
}

export function fakePageSource({
  shown,
  status,
  ...parts
}: Partial<PageSource> & { readonly shown?: Status } = {}): FakePageSource {
  let current = shown ?? statusOf();
  const listeners = new Set<(event: ShownEvent | null) => void>();
  const { home } = current.daemon;
  return {
    clock: systemClock,
    boot: 'b00b',
    status: status ?? (() => current),
    beats: () => new Map(),
    ready: Promise.resolve(),
    pendingAlerts: () => 0,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    events: async () => ({ events: [], next: null }),
    tools: async (name) => (name === 'context7' ? { source: 'list', tools: [] } : null),
    clients: (name) => (name === 'context7' ? { load: null, clients: [], tools: [] } : null),
    hide: createPathHider(home, '/home/ada'),
    ...parts,
    change(next) {
      current = next;
      for (const listener of listeners) listener(null);
    },
    tell(event) {
      for (const listener of listeners) listener(event);
    },
    get subscribers() {
      return listeners.size;
    },
  };
}
