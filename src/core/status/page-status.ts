// Status with what the page shows beside it: group, cure and heartbeat of each server, and all troubles.
import type { DaemonStatus, ServerStatus } from '../model/status.ts';
import { type Heartbeats, lettersOf } from './heartbeat.ts';
import { alertsAbout, cureFor, groupOf, type Trouble, type TroubleGroup } from './troubles.ts';

export interface PageServer extends ServerStatus {
  readonly group: TroubleGroup;
  /** What a person can do; null where nobody has to do anything. */
  readonly cure: string | null;
  /** 72 letters, each for five minutes, the oldest first. */
  readonly beats: string;
}

export interface PageStatus {
  readonly daemon: DaemonStatus;
  /** In the order of the config. */
  readonly servers: readonly PageServer[];
  /** The worst first. */
  readonly troubles: readonly Trouble[];
}

/** Numbers of a headline. */
export interface Verdict {
  readonly needsYou: number;
  readonly handled: number;
  readonly healthy: number;
  readonly off: number;
}

export function pageServer(
  server: ServerStatus,
  { daemon, beats, now }: { readonly daemon: DaemonStatus; readonly beats: Heartbeats; readonly now: number },
): PageServer {
  return {
    ...server,
    group: groupOf(server, alertsAbout(daemon, server.name), now),
    cure: cureFor(server, now),
    beats: lettersOf(beats.get(server.name), now),
  };
}
