// What happened, in order, one JSON line per event, kept over restarts and never holding a secret.
import type { WatchdogEvent } from '../core/model/events.ts';
import type { HealthVerdict } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { type Redactor, stripUrlSecrets } from '../core/base/text.ts';
import { isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { openRotatingFile } from '../system/files/rotating-file.ts';
import { readLastLines } from '../system/files/tail.ts';

/** What the journal tells of a configuration: nothing that could hold a secret (args, environment, headers, query). */
interface ConfiguredServer {
  readonly source: 'package' | 'command' | 'url';
  /** The package, or the program that is run; null for a server that is only watched. */
  readonly program: string | null;
  readonly version: string | null;
  readonly transport: ServerSpec['transport'];
  /** Without user, password, query and fragment; null when there is none. */
  readonly url: string | null;
}

type Told = Extract<WatchdogEvent, { readonly spec: ServerSpec }>;

/** An event as the journal holds it: as it was published, except that a specification is only summed up. */
export type JournalEntry =
  | Exclude<WatchdogEvent, Told>
  | {
      readonly at: number;
      readonly kind: Told['kind'];
      readonly server: string;
      readonly configured: ConfiguredServer;
    };

export interface JournalOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly maxSize?: number;
  readonly keep?: number;
  /** The disk refuses (the error), or works again (null). */
  readonly onTrouble?: (error: Error | null) => void;
}

export interface Journal {
  /** A subscriber of the bus. */
  readonly record: (event: WatchdogEvent) => void;
  /** Entries that the disk did not take, ever. */
  readonly dropped: number;
  flushSync(): void;
  close(): Promise<void>;
}

const DEFAULT_MAX_SIZE = 10 * 1024 * 1024;
const DEFAULT_KEEP = 5;

/** Where metrics are the record: these come each tick or each probe and say that nothing happened. */
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

/** A flood lasts: one line each so often, or it would push all else out of the journal. */
const FLOOD_TOLD_EVERY = 600_000;

/** Appends to `path`, rotated: 10 MiB and five older files unless said otherwise. */
export function openJournal({ path, clock, redactor, maxSize, keep, onTrouble }: JournalOptions): Journal {
  const isNews = createFilter();
  const file = openRotatingFile({
    path,
    maxSize: maxSize ?? DEFAULT_MAX_SIZE,
    keep: keep ?? DEFAULT_KEEP,
    clock,
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  return {
    record(event) {
      if (isNews(event)) file.write(`${JSON.stringify(redactor.scrubValue(toEntry(event)))}\n`);
    },
    get dropped() {
      return file.dropped;
    },
    flushSync: () => file.flushSync(),
    close: () => file.close(),
  };
}

/**
 * The last `limit` events, oldest first. Lines that are no events (half a line after a power cut) are passed over.
 *
 * @throws the system's error when the journal is there and cannot be read
 */
export async function readJournal(path: string, { limit }: { limit: number }): Promise<JournalEntry[]> {
  const lines = await readLastLines(path, limit);
  return lines.map(parse).filter((entry) => entry !== null);
}

/** True for what is worth a line: not routine, not the verdict already written, not each second of one flood. */
function createFilter(): (event: WatchdogEvent) => boolean {
  const verdicts = new Map<string, string>();
  const floods = new Map<string, number>();
  const updates = new Map<string, string>();
  return (event) => {
    switch (event.kind) {
      case 'server-removed':
        verdicts.delete(event.server);
        floods.delete(event.server);
        updates.delete(event.server);
        return true;
      case 'probed':
        return event.result.outcome !== 'passed';
      case 'health':
        return isChange(verdicts, event.server, gist(event.health));
      // What npm says each second is no news.
      case 'update-moved':
        return isChange(updates, event.server, `${event.progress.phase} ${event.progress.to}`);
      case 'update-settled':
        updates.delete(event.server);
        return true;
      case 'log-dropped':
        return isChange(floods, event.server, Math.floor(event.at / FLOOD_TOLD_EVERY));
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

function gist({ up, suspect, unauthorized }: HealthVerdict): string {
  return `${up} ${suspect} ${unauthorized}`;
}

function toEntry(event: WatchdogEvent): JournalEntry {
  if (event.kind !== 'server-added' && event.kind !== 'server-changed') return event;
  const { at, kind, server, spec } = event;
  return { at, kind, server, configured: sumUp(spec) };
}

function sumUp({ source, transport, url }: ServerSpec): ConfiguredServer {
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

// The journal is our own file: its kind and time are looked at, the rest is trusted.
function isEntry(value: unknown): value is JournalEntry {
  return isObject(value) && typeof value['at'] === 'number' && typeof value['kind'] === 'string';
}
