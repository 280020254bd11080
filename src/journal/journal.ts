// Journal of events: one JSON line each in the order they happened, kept across restarts, without secrets.
import { type EventHandlers, handleEvent, type WatchdogEvent } from '../core/model/events.ts';
import type { HealthVerdict } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { type Redactor, stripUrlSecrets } from '../core/base/text.ts';
import { isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { openRotatingFile } from '../system/files/rotating-file.ts';
import { readLastLines } from '../system/files/tail.ts';

/** Part of a server configuration that the journal records: nothing that can hold a secret (args, environment, headers, query). */
interface ConfiguredServer {
  readonly source: 'package' | 'command' | 'url';
  /** Package or program that is run; null for a server that is only probed. */
  readonly program: string | null;
  readonly version: string | null;
  readonly transport: ServerSpec['transport'];
  /** Without user, password, query and fragment; null when there is none. */
  readonly url: string | null;
}

type EventWithSpec = Extract<WatchdogEvent, { readonly spec: ServerSpec }>;

/** An event as the journal records it: as published, except that a server specification is summarised. */
export type JournalEntry =
  | Exclude<WatchdogEvent, EventWithSpec>
  | {
      readonly at: number;
      readonly kind: EventWithSpec['kind'];
      readonly server: string;
      readonly configured: ConfiguredServer;
    };

export interface JournalOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly maxSize?: number;
  readonly keep?: number;
  /** Called with the error when writing fails, with null when it works again. */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface Journal {
  /** Records an event; subscribe it to the bus. */
  readonly record: (event: WatchdogEvent) => void;
  /** Entries lost to write failures since the start. */
  readonly dropped: number;
  flushSync(): void;
  close(): Promise<void>;
}

const DEFAULT_MAX_SIZE = 10 * 1024 * 1024;
const DEFAULT_KEEP = 5;

/** ms between two entries about one flood of output, which would otherwise push everything else out of the journal. */
const FLOOD_ENTRY_INTERVAL = 600_000;

/** Opens the journal at `path` for appending, rotated: by default 10 MiB and five older files. */
export function openJournal({ path, clock, redactor, maxSize, keep, onTrouble }: JournalOptions): Journal {
  const isRecorded = createFilter();
  const file = openRotatingFile({
    path,
    maxSize: maxSize ?? DEFAULT_MAX_SIZE,
    keep: keep ?? DEFAULT_KEEP,
    clock,
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  return {
    record(event) {
      if (isRecorded(event)) file.write(`${JSON.stringify(redactor.scrubValue(toEntry(event)))}\n`);
    },
    get dropped() {
      return file.dropped;
    },
    flushSync: () => file.flushSync(),
    close: () => file.close(),
  };
}

/**
 * Reads the last `limit` events, oldest first. Skips lines that are no events, such as half a line after a power cut.
 *
 * @throws the system's error when the journal is there and cannot be read
 */
export async function readJournal(path: string, { limit }: { limit: number }): Promise<JournalEntry[]> {
  const lines = await readLastLines(path, limit);
  return lines.map(parseJournalLine).filter((entry) => entry !== null);
}

/** Last values by server, so that only changes are recorded. */
interface Seen {
  readonly healths: Map<string, string>;
  readonly floods: Map<string, number>;
  readonly updates: Map<string, string>;
}

/** Selects the events worth a line: no routine, no repeated health, not each second of one flood. */
function createFilter(): (event: WatchdogEvent) => boolean {
  const seen: Seen = { healths: new Map(), floods: new Map(), updates: new Map() };
  return (event) => handleEvent(IS_RECORDED, event, seen);
}

const always = (): true => true;
/** Events of every tick or probe that report no change; the metrics record those. */
const never = (): false => false;

const IS_RECORDED: EventHandlers<boolean, [Seen]> = {
  'server-added': always,
  'server-changed': always,
  'server-removed': ({ server }, seen) => {
    for (const known of Object.values(seen)) known.delete(server);
    return true;
  },
  transition: always,
  spawned: always,
  exited: always,
  restarted: always,
  'start-failed': always,
  waiting: always,
  'install-progress': never,
  installed: always,
  'using-installed': always,
  handshake: always,
  probed: ({ result }) => result.outcome !== 'passed',
  health: ({ server, health }, { healths }) => isChange(healths, server, healthKey(health)),
  condition: always,
  sampled: never,
  exchanged: never,
  'client-refused': never,
  'tools-changed': always,
  limit: always,
  'log-dropped': ({ server, at }, { floods }) =>
    isChange(floods, server, Math.floor(at / FLOOD_ENTRY_INTERVAL)),
  reaped: always,
  // npm reports progress each second; only a new phase is recorded.
  'update-moved': ({ server, progress }, { updates }) =>
    isChange(updates, server, `${progress.phase} ${progress.to}`),
  'update-checked': always,
  'update-settled': ({ server }, { updates }) => {
    updates.delete(server);
    return true;
  },
  collected: never,
  ticked: never,
  gap: always,
  brake: always,
  'config-loaded': always,
  listening: always,
  gateway: always,
  // Tried again every few seconds.
  'state-persist-failed': ({ isNew }) => isNew,
  'state-persisted': always,
  orphans: never,
  'orphan-reaped': always,
  job: always,
  scraped: never,
  evaluated: never,
  recorded: never,
  alert: always,
  delivery: always,
  engine: never,
  acted: always,
  notified: always,
};

function isChange<Value>(known: Map<string, Value>, server: string, value: Value): boolean {
  const hasChanged = known.get(server) !== value;
  known.set(server, value);
  return hasChanged;
}

function healthKey({ up, suspect, unauthorized, wrongHost }: HealthVerdict): string {
  return `${up} ${suspect} ${unauthorized} ${wrongHost ?? false}`;
}

function toEntry(event: WatchdogEvent): JournalEntry {
  if (event.kind !== 'server-added' && event.kind !== 'server-changed') return event;
  const { at, kind, server, spec } = event;
  return { at, kind, server, configured: summarise(spec) };
}

function summarise({ source, transport, url }: ServerSpec): ConfiguredServer {
  return {
    source: source.kind,
    program: programOf(source),
    version: source.kind === 'package' ? source.version : null,
    transport,
    url: url === null ? null : stripUrlSecrets(url),
  };
}

function programOf(source: ServerSpec['source']): string | null {
  switch (source.kind) {
    case 'package':
      return source.package;
    case 'command':
      return source.command[0];
    case 'url':
      return null;
    default:
      return source satisfies never;
  }
}

/** Reads one line; null for what is no event, such as half a line after a power cut. */
export function parseJournalLine(line: string): JournalEntry | null {
  const value = parseJson(line);
  return isEntry(value) ? value : null;
}

// The journal is our own file: kind and time are checked, the rest is trusted.
function isEntry(value: unknown): value is JournalEntry {
  return isObject(value) && typeof value['at'] === 'number' && typeof value['kind'] === 'string';
}
