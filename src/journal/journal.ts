// Journal of events: one JSON line each in the order they happened, kept across restarts, without secrets.
import type { WatchdogEvent } from '../core/model/events.ts';
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

/** Events of every tick or probe that report no change; the metrics record those. */
const ROUTINE: ReadonlySet<WatchdogEvent['kind']> = new Set([
  'sampled',
  'ticked',
  'collected',
  'install-progress',
  'scraped',
  'evaluated',
  'engine',
  'orphans',
]);

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
  return lines.map(parse).filter((entry) => entry !== null);
}

/** Selects the events worth a line: no routine, no repeated health, not each second of one flood. */
function createFilter(): (event: WatchdogEvent) => boolean {
  const healths = new Map<string, string>();
  const floods = new Map<string, number>();
  const updates = new Map<string, string>();
  return (event) => {
    switch (event.kind) {
      case 'server-removed':
        healths.delete(event.server);
        floods.delete(event.server);
        updates.delete(event.server);
        return true;
      case 'probed':
        return event.result.outcome !== 'passed';
      case 'health':
        return isChange(healths, event.server, healthKey(event.health));
      // npm reports progress each second; only a new phase is recorded.
      case 'update-moved':
        return isChange(updates, event.server, `${event.progress.phase} ${event.progress.to}`);
      case 'update-settled':
        updates.delete(event.server);
        return true;
      case 'log-dropped':
        return isChange(floods, event.server, Math.floor(event.at / FLOOD_ENTRY_INTERVAL));
      default:
        return !ROUTINE.has(event.kind);
    }
  };
}

function isChange<Value>(known: Map<string, Value>, server: string, value: Value): boolean {
  const hasChanged = known.get(server) !== value;
  known.set(server, value);
  return hasChanged;
}

function healthKey({ up, suspect, unauthorized }: HealthVerdict): string {
  return `${up} ${suspect} ${unauthorized}`;
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

function parse(line: string): JournalEntry | null {
  const value = parseJson(line);
  return isEntry(value) ? value : null;
}

// The journal is our own file: kind and time are checked, the rest is trusted.
function isEntry(value: unknown): value is JournalEntry {
  return isObject(value) && typeof value['at'] === 'number' && typeof value['kind'] === 'string';
}
