// Which web config is in force: its files are looked at again as people ask, and a broken one changes nothing.
import { statSync } from 'node:fs';
import { codeOf, messageOf } from '../core/base/guards.ts';
import { missingProtection, type WebConfig } from '../core/model/web-config.ts';
import type { Clock } from '../system/time/clock.ts';

/** What reading came to; `files` are those that may mend it when they change. */
export type WebConfigResult =
  | { readonly config: WebConfig }
  | { readonly error: unknown; readonly files: readonly string[] };

export interface WebConfigOptions {
  readonly read: () => Promise<WebConfigResult>;
  readonly clock: Clock;
  /** Others than programs of this machine can reach us: TLS and users must stay. */
  readonly isOpen: boolean;
  /** Told once of each change of the files that cannot be used. */
  readonly onFault: (error: unknown) => void;
  readonly onChange: (config: WebConfig) => void;
}

export interface WebConfigWatcher {
  readonly current: WebConfig;
  /** Resolves with what is in force now; files that changed are read before that. Never rejects. */
  refresh(): Promise<WebConfig>;
  /** Told after each change; the returned function ends that. */
  onChange(listener: (config: WebConfig) => void): () => void;
}

/** Files are looked at no more often than this, ms. */
const PAUSE = 1000;

/** @throws what `read` found wrong */
export async function watchWebConfig(options: WebConfigOptions): Promise<WebConfigWatcher> {
  const first = await options.read();
  if ('error' in first) throw first.error;
  const listeners = new Set([options.onChange]);
  const watched = watchFiles(first.config.files, options.clock);
  let current = first.config;
  let told: string | null = null;
  let underWay: Promise<void> | null = null;

  async function readAgain(): Promise<void> {
    const reading = await options.read();
    const { files, error } = judge(reading, current, options.isOpen);
    watched.follow(files);
    if (error !== null) return tell(error);
    told = null;
    if (!('config' in reading) || isSame(reading.config, current)) return;
    current = reading.config;
    for (const listener of listeners) listener(current);
  }

  function tell(error: unknown): void {
    if (messageOf(error) !== told) options.onFault(error);
    told = messageOf(error);
  }

  return {
    get current() {
      return current;
    },
    async refresh() {
      if (underWay === null && watched.haveChanged())
        underWay = readAgain()
          .catch(tell)
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
  /** Since the last look; false when that was a moment ago. */
  haveChanged(): boolean;
  /** Others from now on. Which ones they are is a part of what is compared, so they are read once more. */
  follow(files: readonly string[]): void;
}

function watchFiles(first: readonly string[], clock: Clock): Watched {
  let files = first;
  let seen = fingerprintOf(files);
  let lookedAt = clock.monotonic();
  return {
    haveChanged() {
      if (clock.monotonic() - lookedAt < PAUSE) return false;
      lookedAt = clock.monotonic();
      const before = seen;
      // Taken before anything is read: what is written meanwhile is seen by the next look.
      seen = fingerprintOf(files);
      return seen !== before;
    },
    follow(next) {
      files = next;
    },
  };
}

/** Why what was read cannot be used, null when it can; and which files may change that. */
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

/** Why `next` cannot take the place of `current` while connections are open; null when it can. */
function refusalOf(next: WebConfig, current: WebConfig, isOpen: boolean): Error | null {
  const missing = isOpen ? missingProtection(next) : null;
  if (missing !== null) return new Error(`without ${missing} nobody in the network may be let in`);
  if ((next.tls === null) !== (current.tls === null))
    return new Error('tls_server_config was added or removed, which counts from the next start');
  if (asksForCertificate(next) !== asksForCertificate(current))
    return new Error('client_auth_type begins or ends to ask, which counts from the next start');
  return null;
}

/** Whether clients are asked for a certificate at all. */
function asksForCertificate({ tls }: Pick<WebConfig, 'tls'>): boolean {
  return tls !== null && tls.clientAuth !== 'NoClientCert';
}

function fingerprintOf(files: readonly string[]): string {
  return files.map(markOf).join('\n');
}

/** What cannot be looked at, in a folder that was closed or in a circle of links, is for the reading to tell. */
function markOf(file: string): string {
  try {
    const { ino, size, mtimeMs, mode, uid } = statSync(file);
    // A file that others may write is refused, so that its mode is news too.
    return [file, ino, size, mtimeMs, mode, uid].join(' ');
  } catch (error) {
    return `${file} ${codeOf(error)}`;
  }
}
