// Sessions of a server's clients that are in memory: the least recently used are forgotten, whose ids stay good.
import type { Call } from './calls.ts';
import type { KeptSession, RequestId, SessionFacts } from '../model.ts';
import { levelOf, severityOf } from '../translate.ts';

export interface Session {
  readonly id: string;
  readonly facts: SessionFacts;
  /** Name that the client gave itself in this daemon's time; null when that is not known. */
  client: string | null;
  /** Severity below which it wants no log messages; −1 when it never set one. */
  level: number;
  readonly uris: Set<string>;
  /** Ms of the monotonic clock. */
  seenAt: number;
  hasSpoken: boolean;
  readonly calls: Map<RequestId, Call>;
}

/** Resources that one session may be subscribed to. */
export const MAX_URIS = 100;

export class SessionTable {
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  values(): Iterable<Session> {
    return this.#sessions.values();
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** Finds a session and notes that it is in use. */
  touch(id: string, at: number): Session | null {
    const session = this.#sessions.get(id);
    if (session === undefined) return null;
    session.seenAt = at;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  open(id: string, facts: SessionFacts, at: number, kept: KeptSession | undefined): void {
    if (this.#sessions.has(id)) return;
    this.#sessions.set(id, {
      id,
      facts,
      client: null,
      level: severityOf(kept?.level),
      uris: new Set(kept?.uris.slice(0, MAX_URIS)),
      seenAt: at,
      hasSpoken: false,
      calls: new Map(),
    });
  }

  remove(id: string): Session | null {
    const session = this.#sessions.get(id) ?? null;
    this.#sessions.delete(id);
    return session;
  }

  /** Returns sessions without calls that are beyond `most`, or unused for `idle` ms at `at`; least recently used first. */
  expired({ most, idle, at }: { most: number; idle: number; at: number }): readonly Session[] {
    let excess = this.#sessions.size - most;
    const found: Session[] = [];
    for (const session of this.#sessions.values()) {
      if (excess <= 0 && at - session.seenAt < idle) break;
      if (session.calls.size > 0) continue;
      found.push(session);
      excess -= 1;
    }
    return found;
  }

  /** Whether anybody but `except` is subscribed to the resource. */
  isSubscribed(uri: string, except: Session | null): boolean {
    for (const session of this.#sessions.values()) {
      if (session !== except && session.uris.has(uri)) return true;
    }
    return false;
  }

  /** The lowest level that any session has set; null when none has. */
  get lowestLevel(): string | null {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { level } of this.#sessions.values()) if (level >= 0 && level < lowest) lowest = level;
    return levelOf(lowest);
  }
}

export function keptOf({ level, uris }: Session): KeptSession {
  return { level: levelOf(level), uris: [...uris] };
}
