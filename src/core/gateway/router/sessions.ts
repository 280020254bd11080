// Sessions of a server's clients that are in memory: the least recently used are forgotten, whose ids stay good.
import type { Session } from './entries.ts';
import type { KeptSession, SessionFacts } from '../model.ts';
import { TransientMap } from '../transient-map.ts';
import { levelOf, severityOf } from '../translate.ts';

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
      calls: new TransientMap(),
    });
  }

  remove(id: string): Session | null {
    const session = this.#sessions.get(id) ?? null;
    this.#sessions.delete(id);
    return session;
  }

  /** Returns sessions without calls that were unused for `idle` ms at `at`, and the least recently used beyond `most`. */
  expired({ most, idle, at }: { most: number; idle: number; at: number }): readonly Session[] {
    const resting = [...this.#sessions.values()].filter(({ calls }) => calls.size === 0);
    const isIdle = ({ seenAt }: Session): boolean => at - seenAt >= idle;
    const found = resting.filter(isIdle);
    const excess = this.#sessions.size - found.length - most;
    if (excess <= 0) return found;
    const others = resting.filter((session) => !isIdle(session));
    return [...found, ...others.sort((one, other) => one.seenAt - other.seenAt).slice(0, excess)];
  }

  /** Whether any session waits for news of a resource. */
  get hasSubscriptions(): boolean {
    for (const { uris } of this.#sessions.values()) if (uris.size > 0) return true;
    return false;
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
