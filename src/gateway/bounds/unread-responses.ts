// Responses that their clients have not read to the end: bounded in bytes for each server and for all of them together.
import type { ServerResponse } from 'node:http';

export interface UnreadResponses {
  /** Notes what a response holds that its client has not read; beyond a limit responses are cut off, the oldest first. */
  note(server: string, response: ServerResponse, now: number): void;
  /** Cuts off responses that have ended, and that their clients have left unread for too long. */
  sweep(now: number): void;
  /** Number of responses that are not read to the end. */
  readonly size: number;
  /** Sum of what is not read, as far as was noted; bytes. */
  readonly bytes: number;
}

export interface UnreadLimits {
  /** A response, all of a server, and all; bytes. */
  readonly one: number;
  readonly server: number;
  readonly all: number;
  /** Time in which a client must take what is left of a response that has ended, ms. */
  readonly time: number;
}

const MIB = 1024 * 1024;
/** A server may write answers of 16 MiB, and a hundred clients that read at their pace must not cut each other off. */
const UNREAD_LIMITS: UnreadLimits = { one: 16 * MIB, server: 64 * MIB, all: 128 * MIB, time: 60_000 };

/** Events with which nothing is unread; a stream goes on after `drain`. */
const ENDS = ['drain', 'close'] as const;

interface Unread {
  readonly server: string;
  /** Ms of the monotonic clock, since when it is not read. */
  since: number;
  bytes: number;
  readonly leave: () => void;
}

export function createUnreadResponses(
  onCutOff: (server: string) => void,
  limits: UnreadLimits = UNREAD_LIMITS,
): UnreadResponses {
  /** The oldest is first. */
  const held = new Map<ServerResponse, Unread>();
  const byServer = new Map<string, number>();
  let total = 0;

  function set(entry: Unread, bytes: number): void {
    const change = bytes - entry.bytes;
    entry.bytes = bytes;
    total += change;
    const sum = (byServer.get(entry.server) ?? 0) + change;
    if (sum === 0) byServer.delete(entry.server);
    else byServer.set(entry.server, sum);
  }

  function forget(response: ServerResponse): void {
    const entry = held.get(response);
    if (entry === undefined) return;
    held.delete(response);
    set(entry, 0);
    for (const event of ENDS) response.off(event, entry.leave);
  }

  function hold(response: ServerResponse, server: string, since: number): Unread {
    const entry = { server, since, bytes: 0, leave: () => forget(response) };
    held.set(response, entry);
    for (const event of ENDS) response.on(event, entry.leave);
    return entry;
  }

  function cutOff(response: ServerResponse, { server }: Unread): void {
    forget(response);
    response.destroy();
    onCutOff(server);
  }

  /** Cuts off the oldest of those that `isMeant` until `isWithin`. What was noted may have been read since. */
  function shrink(isMeant: (entry: Unread) => boolean, isWithin: () => boolean): void {
    if (isWithin()) return;
    const meant = [...held].filter(([, entry]) => isMeant(entry));
    for (const [response, entry] of meant) {
      if (response.writableLength === 0) forget(response);
      else set(entry, response.writableLength);
    }
    for (const [response, entry] of meant) {
      if (isWithin()) return;
      if (held.has(response)) cutOff(response, entry);
    }
  }

  return {
    note(server, response, now) {
      const bytes = response.writableLength;
      if (bytes === 0 || response.destroyed) return;
      const entry = held.get(response) ?? hold(response, server, now);
      set(entry, bytes);
      if (response.writableEnded) entry.since = Math.max(entry.since, now);
      if (bytes > limits.one) return cutOff(response, entry);
      shrink(
        (one) => one.server === server,
        () => (byServer.get(server) ?? 0) <= limits.server,
      );
      shrink(
        () => true,
        () => total <= limits.all,
      );
    },
    sweep(now) {
      for (const [response, entry] of held) {
        if (response.writableLength === 0) forget(response);
        else if (response.writableEnded && now - entry.since >= limits.time) cutOff(response, entry);
      }
    },
    get size() {
      return held.size;
    },
    get bytes() {
      return total;
    },
  };
}
