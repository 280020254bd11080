// Events kept for clients that come back for them: the last of each session, bounded for one and for all.

interface KeptEvent {
  /** 0 for the session's own stream, else the port of a request. */
  readonly stream: number;
  /** Position in its stream, from 1 on. */
  readonly number: number;
  readonly text: string;
  /** The stream ends with it. */
  readonly isLast: boolean;
}

export interface KeptEvents {
  add(session: string, event: KeptEvent): void;
  /** Returns what is kept of a stream beyond `number`, in order. */
  after(session: string, stream: number, number: number): readonly KeptEvent[];
  forget(session: string): void;
  /** Sum of all texts, bytes. */
  readonly bytes: number;
  readonly sessions: number;
}

interface KeptLimits {
  readonly events: number;
  /** A session, and all sessions. */
  readonly bytes: number;
  readonly allBytes: number;
}

const MIB = 1024 * 1024;
const KEPT_LIMITS: KeptLimits = { events: 100, bytes: MIB, allBytes: 32 * MIB };

interface Ring {
  readonly events: KeptEvent[];
  bytes: number;
}

export function createKeptEvents(limits: KeptLimits = KEPT_LIMITS): KeptEvents {
  /** The one that was added to last is last. */
  const rings = new Map<string, Ring>();
  let total = 0;

  function forget(session: string): void {
    total -= rings.get(session)?.bytes ?? 0;
    rings.delete(session);
  }

  function dropOldest(ring: Ring): void {
    const { text = '' } = ring.events.shift() ?? {};
    ring.bytes -= Buffer.byteLength(text);
    total -= Buffer.byteLength(text);
  }

  return {
    add(session, event) {
      const ring = rings.get(session) ?? { events: [], bytes: 0 };
      const bytes = Buffer.byteLength(event.text);
      ring.events.push(event);
      ring.bytes += bytes;
      total += bytes;
      rings.delete(session);
      rings.set(session, ring);
      while (ring.events.length > limits.events || ring.bytes > limits.bytes) dropOldest(ring);
      for (const oldest of rings.keys()) {
        if (total <= limits.allBytes) break;
        forget(oldest);
      }
    },
    after: (session, stream, number) =>
      rings.get(session)?.events.filter((event) => event.stream === stream && event.number > number) ?? [],
    forget,
    get bytes() {
      return total;
    },
    get sessions() {
      return rings.size;
    },
  };
}
