// Availability of a server for calls that wait, by the state of its lifecycle.
import type { Availability } from '../../core/gateway/model.ts';
import type { EventOf } from '../../core/model/events.ts';
import { stateName } from '../../core/model/lifecycle-state.ts';

/** @returns null availability where it is as before: the server runs, or is about to */
export function availabilityOf({ to, nextAttemptAt, at }: EventOf<'transition'>): {
  readonly state: string;
  readonly availability: Availability | null;
} {
  const state = stateName(to);
  switch (state) {
    case 'running':
      return { state, availability: null };
    case 'starting':
    case 'backoff':
      return { state, availability: { kind: 'coming' } };
    case 'stopping':
      return { state, availability: to.wanted === 'up' ? { kind: 'coming' } : null };
    case 'idle':
      return { state, availability: { kind: 'asleep', lists: {} } };
    case 'stopped':
    case 'crash_looping':
    case 'needs_attention': {
      const retryAfter = nextAttemptAt === null ? null : Math.max(0, nextAttemptAt - at);
      return { state, availability: { kind: 'away', state, retryAfter } };
    }
    default:
      return state satisfies never;
  }
}
