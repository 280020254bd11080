// Reader of a client's entry for one server: how to start or reach it, checked for types.
import { isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';

type Texts = Readonly<Record<string, string>>;

/** As the client writes it: references are not resolved yet. */
export interface EntryLaunch {
  /** Program and arguments; empty when there is only a url. */
  readonly argv: readonly string[];
  readonly url: string | null;
  /** `stdio`, `http`, `sse` or any other word; null when it is left out. */
  readonly type: string | null;
  readonly env: Texts;
  readonly headers: Texts;
  readonly envFile: string | null;
  readonly cwd: string | null;
  readonly enabled: boolean;
  /** Milliseconds that the client allows for the start; null when it is left out. */
  readonly startTimeout: number | null;
  /** Variables that are passed on from the client's environment. */
  readonly envNames: readonly string[];
  /** Headers by the variables that hold their values. */
  readonly headersFromEnv: Texts;
  /** The variable that holds the token of `Authorization: Bearer`. */
  readonly bearerFromEnv: string | null;
  readonly signsIn: boolean;
  /** What was read differently from how it is written. */
  readonly notes: readonly string[];
}

/** @returns a reason when the entry cannot be understood */
export function readEntry(written: DocumentValue): EntryLaunch | string {
  if (!isDocumentMap(written)) return 'it is not a map of settings';
  if (typeof written['refused'] === 'string') return written['refused'];
  const reading = new EntryReader(written);
  const argv = argvOf(reading);
  const launch: EntryLaunch = {
    argv,
    url:
      reading.text('url') ?? reading.text('baseUrl') ?? reading.text('serverUrl') ?? reading.text('httpUrl'),
    type: reading.text('type'),
    env: reading.map('env'),
    headers: reading.map('headers'),
    envFile: reading.text('envFile'),
    cwd: reading.text('cwd'),
    enabled: !isSwitchedOff(written),
    startTimeout:
      millisecondsOf(written['startSeconds'], 1000) ?? millisecondsOf(written['startup_timeout_ms'], 1),
    envNames: namesIn(written['envNames']),
    headersFromEnv: reading.map('headersFromEnv'),
    bearerFromEnv: reading.text('bearerFromEnv'),
    signsIn: ['oauth', 'auth', 'headersHelper', 'authProviderType'].some((key) => isSaid(written[key])),
    notes: reading.notes,
  };
  if (reading.faults.length > 0) return reading.faults.join(', ');
  return argv.length > 0 || launch.url !== null ? launch : missing(written);
}

/** Clients have four words for the same switch; one that says off is enough. */
function isSwitchedOff(written: DocumentMap): boolean {
  return (
    isTrue(written['disabled']) || ['enabled', 'isActive', 'active'].some((key) => isFalse(written[key]))
  );
}

function isTrue(value: DocumentValue | undefined): boolean {
  return value === true || value === 'true';
}

function isFalse(value: DocumentValue | undefined): boolean {
  return value === false || value === 'false';
}

function missing(written: DocumentMap): string {
  return written['source'] === 'extension' || isDocumentMap(written['settings'])
    ? 'the client brings it as an extension of its own, and names no program'
    : 'it names neither a program nor a url';
}

function argvOf(reading: EntryReader): string[] {
  const program = reading.program();
  const args = reading.list('args');
  const [only = ''] = program;
  // Some clients accept a whole command line; a path may hold spaces.
  const isLine =
    program.length === 1 && args.length === 0 && /^[^\s/\\]+\s/.test(only) && !/['"`$\\]/.test(only);
  if (!isLine) return program.length === 0 ? [] : [...program, ...args];
  reading.notes.push('its command was one line and is now a list');
  return only.trim().split(/\s+/);
}

/** Reads keys, and collects what is wrong so that all of it can be reported at once. */
class EntryReader {
  readonly faults: string[] = [];
  readonly notes: string[] = [];
  readonly #written: DocumentMap;

  constructor(written: DocumentMap) {
    this.#written = written;
  }

  program(): string[] {
    const { command } = this.#written;
    if (isDocumentList(command)) return this.list('command');
    const text = this.text('command');
    return text === null ? [] : [text];
  }

  text(key: string): string | null {
    const value = this.#written[key] ?? null;
    if (value === null || typeof value === 'string') return value === '' ? null : value;
    return this.#fault(`its ${key} must be text`, null);
  }

  list(key: string): string[] {
    const value = this.#written[key] ?? [];
    if (!isDocumentList(value)) return this.#fault(`its ${key} must be a list of texts`, []);
    return value.map((item) => this.#plain(item, key));
  }

  map(key: string): Record<string, string> {
    const value = this.#written[key] ?? {};
    if (!isDocumentMap(value)) return this.#fault(`its ${key} must be a map of texts`, {});
    const entries = Object.entries(value).filter(([, item]) => item !== null);
    return Object.fromEntries(entries.map(([name, item]) => [name, this.#plain(item, `${key}.${name}`)]));
  }

  /** A number or true is what was typed without quotes. */
  #plain(item: DocumentValue, key: string): string {
    if (typeof item === 'string') return item;
    if (typeof item !== 'number' && typeof item !== 'boolean')
      return this.#fault(`its ${key} must hold nothing but texts`, '');
    this.notes.push(`${key} is written without quotes there, taken as text`);
    return String(item);
  }

  #fault<T>(reason: string, instead: T): T {
    if (!this.faults.includes(reason)) this.faults.push(reason);
    return instead;
  }
}

function millisecondsOf(value: DocumentValue | undefined, unit: number): number | null {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? Math.round(value * unit) : null;
}

/** `NAME` or `{name: NAME}`. */
function namesIn(value: DocumentValue | undefined): string[] {
  const items = isDocumentList(value) ? value : [];
  return items
    .map((item) => (isDocumentMap(item) ? item['name'] : item))
    .filter((name): name is string => typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name));
}

function isSaid(value: DocumentValue | undefined): boolean {
  return value !== undefined && value !== null && value !== false;
}
