// Status as the page's API sends it: numbered, in a form for everybody and one for who is signed in, and as what changed.
import type { DaemonStatus, ServerStatus } from '../../core/model/status.ts';
import { BEAT_SPAN, lettersOf } from '../../core/status/heartbeat.ts';
import { type PageServer, pageServer, type PageStatus, type Verdict } from '../../core/status/page-status.ts';
import { publicForm } from '../../core/status/public-status.ts';
import {
  alertsAbout,
  countTroubles,
  cureFor,
  groupOf,
  type Trouble,
  troublesOf,
} from '../../core/status/troubles.ts';
import type { PageSource } from './page-source.ts';

/** Whole status of the API. */
interface NumberedStatus extends PageStatus {
  readonly boot: string;
  /** Grows with every change. */
  readonly seq: number;
  /** Ms since the epoch. */
  readonly now: number;
}

/** What changed after a number; parts that did not are left out. */
interface StatusChanges {
  readonly seq: number;
  readonly now: number;
  readonly daemon?: DaemonStatus;
  readonly servers: readonly PageServer[];
  /** Names of all servers in the order of the config; sent when that has changed. */
  readonly order?: readonly string[];
  readonly troubles?: readonly Trouble[];
}

export interface StatusFeed {
  /** @param isSignedIn the words of servers and places on the disk are included */
  whole(isSignedIn: boolean): NumberedStatus;
  /** Null when nothing has changed after `seq`; everything when the number is not of this run. */
  changesAfter(seq: number, isSignedIn: boolean): StatusChanges | null;
  verdict(): Verdict;
}

/** A part of the status with the number of its last change. */
interface Part<Value> {
  readonly seq: number;
  /** What it was made from, to see whether it has changed. */
  readonly key: string;
  readonly full: Value;
  /** Made when first asked for. */
  open: Value | null;
}

interface ServerPart extends Part<PageServer> {
  readonly source: ServerStatus;
}

export function createStatusFeed(source: PageSource): StatusFeed {
  const { boot, clock } = source;
  let seq = 0;
  let servers: ReadonlyMap<string, ServerPart> = new Map();
  let order: Part<readonly string[]> = { seq: 0, key: '', full: [], open: null };
  let troubles: Part<readonly Trouble[]> = { seq: 0, key: '[]', full: [], open: null };
  let daemon: Part<DaemonStatus> | null = null;

  function refresh(): number {
    const now = clock.now();
    const status = source.status();
    const next = seq + 1;
    const found = new Map(status.servers.map((server) => [server.name, refreshed(server, now, next)]));
    const names = status.servers.map(({ name }) => name);
    order = part(order, names, names.join('\n'), next);
    const wrong = troublesOf(status, now);
    troubles = part(troubles, wrong, JSON.stringify(wrong), next);
    daemon = part(daemon, status.daemon, daemonKey(status.daemon), next);
    servers = found;
    if ([...found.values(), order, troubles, daemon].some((one) => one.seq === next)) seq = next;
    return now;
  }

  function refreshed(server: ServerStatus, now: number, next: number): ServerPart {
    const known = servers.get(server.name);
    const { daemon: about } = source.status();
    const beats = source.beats();
    const key = [
      groupOf(server, alertsAbout(about, server.name), now),
      cureFor(server, now),
      lettersOf(beats.get(server.name), now),
    ].join('\n');
    if (known !== undefined && known.source === server && known.key === key) return known;
    return {
      seq: next,
      key,
      source: server,
      full: pageServer(server, { daemon: about, beats, now }),
      open: null,
    };
  }

  function shown<Value>(one: Part<Value>, isSignedIn: boolean): Value {
    return isSignedIn ? one.full : (one.open ??= publicForm(one.full, source.hide));
  }

  return {
    whole(isSignedIn) {
      const now = refresh();
      return {
        boot,
        seq,
        now,
        daemon: { ...shown(daemon ?? emptyPart(source), isSignedIn), ...freshTimes(source.status().daemon) },
        servers: [...servers.values()].map((one) => shown(one, isSignedIn)),
        troubles: shown(troubles, isSignedIn),
      };
    },
    changesAfter(after, isSignedIn) {
      const now = refresh();
      if (after === seq) return null;
      const from = after > seq ? 0 : after;
      const changed = [...servers.values()].filter((one) => one.seq > from);
      return {
        seq,
        now,
        ...(daemon !== null && daemon.seq > from ? { daemon: shown(daemon, isSignedIn) } : {}),
        servers: changed.map((one) => shown(one, isSignedIn)),
        ...(order.seq > from ? { order: order.full } : {}),
        ...(troubles.seq > from ? { troubles: shown(troubles, isSignedIn) } : {}),
      };
    },
    verdict() {
      const { needs_you: needsYou, handled, healthy, off } = countTroubles(source.status(), clock.now());
      return { needsYou, handled, healthy, off };
    },
  };
}

function part<Value>(before: Part<Value> | null, full: Value, key: string, next: number): Part<Value> {
  return before?.key === key ? before : { seq: next, key, full, open: null };
}

function emptyPart(source: PageSource): Part<DaemonStatus> {
  return { seq: 0, key: '', full: source.status().daemon, open: null };
}

/** Times that advance with each tick and scrape are no change. */
function daemonKey(daemon: DaemonStatus): string {
  return JSON.stringify({ ...daemon, lastTickAt: null, lastScrapeAt: null });
}

function freshTimes({
  lastTickAt,
  lastScrapeAt,
}: DaemonStatus): Pick<DaemonStatus, 'lastTickAt' | 'lastScrapeAt'> {
  return { lastTickAt, lastScrapeAt };
}

/** Ms until the letters of all heartbeats move on by one. */
export function untilNextBeat(now: number): number {
  return BEAT_SPAN - (now % BEAT_SPAN);
}
