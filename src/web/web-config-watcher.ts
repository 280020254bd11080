// Current web config: its files are checked again as requests come in, and a broken one changes nothing.
import { statSync } from 'node:fs';
import { codeOf, messageOf } from '../core/base/guards.ts';
import { missingProtection, type WebConfig } from '../core/model/web-config.ts';
import type { Clock } from '../system/time/clock.ts';

/** Result of reading; `files` are those whose change may fix an error. */
export type WebConfigResult =
  | { readonly config: WebConfig }
  | { readonly error: unknown; readonly files: readonly string[] };

export interface WebConfigOptions {
  readonly read: () => Promise<WebConfigResult>;
  readonly clock: Clock;
  /** The network can reach the listener: TLS and users must stay. */
  readonly isOpen: boolean;
  /** Called once for each change of the files that cannot be used. */
  readonly onFault: (error: unknown) => void;
  readonly onChange: (config: WebConfig) => void;
}

export interface WebConfigWatcher {
  readonly current: WebConfig;
  /** Resolves with the current config, after files that changed were read. Never rejects. */
  refresh(): Promise<WebConfig>;
  /** Calls the listener after each change; the returned function ends that. */
  onChange(listener: (config: WebConfig) => void): () => void;
}

/** Ms between two checks of the files. */
const CHECK_INTERVAL = 1000;

/** Reads the web config and keeps it current. @throws what `read` found wrong */
export async function watchWebConfig(options: WebConfigOptions): Promise<WebConfigWatcher> {
  const first = await options.read();
  if ('error' in first) throw first.error;
  const listeners = new Set([options.onChange]);
  const watched = watchFiles(first.config.files, options.clock);
  let current = first.config;
  let reported: string | null = null;
  let underWay: Promise<void> | null = null;

  async function readAgain(): Promise<void> {
    const reading = await options.read();
    const { files, error } = judge(reading, current, options.isOpen);
    watched.follow(files);
    if (error !== null) return report(error);
    reported = null;
    if (!('config' in reading) || isSame(reading.config, current)) return;
    current = reading.config;
    for (const listener of listeners) listener(current);
  }

  function report(error: unknown): void {
    if (messageOf(error) !== reported) options.onFault(error);
    reported = messageOf(error);
  }

  return {
    get current() {
      return current;
    },
    async refresh() {
      if (underWay === null && watched.haveChanged())
        underWay = readAgain()
          .catch(report)
          .finally(() => (underWay = null));
      await underWay;
      return current;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface Watched {
  /** Compares with the last check; false when that was a moment ago. */
  haveChanged(): boolean;
  /** Watches other files from now on. Their names are part of what is compared, so they are read once more. */
  follow(files: readonly string[]): void;
}

function watchFiles(first: readonly string[], clock: Clock): Watched {
  let files = first;
  let seen = fingerprintOf(files);
  let lookedAt = clock.monotonic();
  return {
    haveChanged() {
      if (clock.monotonic() - lookedAt < CHECK_INTERVAL) return false;
      lookedAt = clock.monotonic();
      const before = seen;
      // Taken before anything is read: what is written meanwhile is seen by the next check.
      seen = fingerprintOf(files);
      return seen !== before;
    },
    follow(next) {
      files = next;
    },
  };
}

/** Decides why the result of reading cannot be used, null when it can, and which files may change that. */
function judge(
  reading: WebConfigResult,
  current: WebConfig,
  isOpen: boolean,
): { readonly files: readonly string[]; readonly error: unknown } {
  if ('error' in reading)
    return { error: reading.error, files: [...new Set([...current.files, ...reading.files])] };
  return { error: refusalOf(reading.config, current, isOpen), files: reading.config.files };
}

function isSame(one: WebConfig, other: WebConfig): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Finds why `next` cannot replace `current` while the listener runs; null when it can. */
function refusalOf(next: WebConfig, current: WebConfig, isOpen: boolean): Error | null {
  const missing = isOpen ? missingProtection(next) : null;
  if (missing !== null) return new Error(`without ${missing} nobody in the network may be let in`);
  if ((next.tls === null) !== (current.tls === null))
    return new Error('tls_server_config was added or removed, which counts from the next start');
  if (asksForCertificate(next) !== asksForCertificate(current))
    return new Error('client_auth_type begins or ends to ask, which counts from the next start');
  return null;
}

/** Tells whether clients are asked for a certificate at all. */
function asksForCertificate({ tls }: Pick<WebConfig, 'tls'>): boolean {
  return tls !== null && tls.clientAuth !== 'NoClientCert';
}

function fingerprintOf(files: readonly string[]): string {
  return files.map(markOf).join('\n');
}

/** Identifies a version of a file. One that cannot be inspected, in a closed folder or a circle of links, fails when it is read. */
function markOf(file: string): string {
  try {
    const { ino, size, mtimeMs, mode, uid } = statSync(file);
    // A file that others may write is refused, so its mode counts too.
    return [file, ino, size, mtimeMs, mode, uid].join(' ');
  } catch (error) {
    return `${file} ${codeOf(error)}`;
  }
}
