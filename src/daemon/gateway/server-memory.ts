// Memory of the gateway on disk: introductions, hashes of lists, facts of tools, and what sessions have asked for.
import { createHash } from 'node:crypto';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { LISTS, type Introduction, type KeptSession, type ListName } from '../../core/gateway/model.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { ToolFacts } from './tool-rules.ts';

/** What is remembered of one server. */
export interface ServerMemory {
  /** Whether its lists have been read, by this daemon or an earlier one. */
  readonly isKnown: boolean;
  readonly introduction: Introduction | null;
  readonly hashes: Readonly<Partial<Record<ListName, string>>>;
  readonly tools: readonly ToolFacts[];
  setIntroduction(introduction: Introduction): void;
  /** @param tools null when they were not read */
  setLists(hashes: Readonly<Partial<Record<ListName, string>>>, tools: readonly ToolFacts[] | null): void;
  kept(session: string): KeptSession | null;
  keep(session: string, kept: KeptSession): void;
  drop(session: string): void;
}

export interface GatewayMemory {
  /** @param program another one than before begins anew */
  of(server: string, program: string): ServerMemory;
  forget(server: string): void;
  /** Writes what has changed. */
  save(): void;
}

interface Entry {
  readonly program: string;
  introduction: Introduction | null;
  hashes: Partial<Record<ListName, string>>;
  tools: readonly ToolFacts[];
  /** By hash of the session's id, the one changed last at the end. */
  readonly sessions: Record<string, KeptSession>;
}

/** Sessions of one server whose subscriptions are kept. */
const MAX_SESSIONS = 200;
/** Changes within this time are written together, ms. */
const SAVE_DELAY = 250;

export interface GatewayMemoryParts {
  readonly path: string;
  readonly clock: Clock;
  /** Removes secrets from what a server says of itself before it is kept. */
  readonly scrub: (introduction: Introduction) => Introduction;
  readonly onFault: (error: unknown) => void;
}

export function openGatewayMemory({ path, clock, scrub, onFault }: GatewayMemoryParts): GatewayMemory {
  const entries = readEntries(path);
  let cancel: (() => void) | null = null;

  function save(): void {
    if (cancel === null) return;
    cancel();
    cancel = null;
    try {
      writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(entries))}\n`, { durable: false });
    } catch (error) {
      onFault(error);
    }
  }

  function touch(): void {
    cancel ??= clock.after(SAVE_DELAY, save);
  }

  return {
    of(server, program) {
      const known = entries.get(server);
      const entry: Entry =
        known?.program === program
          ? known
          : { program, introduction: null, hashes: {}, tools: [], sessions: {} };
      entries.set(server, entry);
      return memoryOf(entry, { touch, scrub });
    },
    forget(server) {
      if (entries.delete(server)) touch();
    },
    save,
  };
}

function memoryOf(
  entry: Entry,
  { touch, scrub }: Pick<GatewayMemoryParts, 'scrub'> & { readonly touch: () => void },
): ServerMemory {
  return {
    get isKnown() {
      return Object.keys(entry.hashes).length > 0;
    },
    get introduction() {
      return entry.introduction;
    },
    get hashes() {
      return entry.hashes;
    },
    get tools() {
      return entry.tools;
    },
    setIntroduction(said) {
      const introduction = scrub(said);
      if (JSON.stringify(introduction) === JSON.stringify(entry.introduction)) return;
      entry.introduction = introduction;
      touch();
    },
    setLists(hashes, tools) {
      if (LISTS.every((list) => (hashes[list] ?? entry.hashes[list]) === entry.hashes[list])) return;
      entry.hashes = { ...entry.hashes, ...hashes };
      entry.tools = tools ?? entry.tools;
      touch();
    },
    kept: (session) => entry.sessions[hashOf(session)] ?? null,
    keep(session, kept) {
      const hash = hashOf(session);
      delete entry.sessions[hash];
      if (kept.level !== null || kept.uris.length > 0) entry.sessions[hash] = kept;
      const [oldest, ...others] = Object.keys(entry.sessions);
      if (oldest !== undefined && others.length >= MAX_SESSIONS) delete entry.sessions[oldest];
      touch();
    },
    drop(session) {
      const hash = hashOf(session);
      if (!(hash in entry.sessions)) return;
      delete entry.sessions[hash];
      touch();
    },
  };
}

/** The same memory for a session that never comes back: what it asks for is not kept. */
export function withoutSessions(memory: ServerMemory): ServerMemory {
  return {
    get isKnown() {
      return memory.isKnown;
    },
    get introduction() {
      return memory.introduction;
    },
    get hashes() {
      return memory.hashes;
    },
    get tools() {
      return memory.tools;
    },
    setIntroduction: (introduction) => memory.setIntroduction(introduction),
    setLists: (hashes, tools) => memory.setLists(hashes, tools),
    kept: () => null,
    keep: () => undefined,
    drop: () => undefined,
  };
}

function hashOf(session: string): string {
  return createHash('sha256').update(session).digest('base64url').slice(0, 22);
}

function readEntries(path: string): Map<string, Entry> {
  const saved = parseJson(readFileOrNull(path) ?? '');
  if (!isObject(saved)) return new Map();
  return new Map(
    Object.entries(saved).flatMap(([server, entry]): [string, Entry][] => {
      if (!isEntry(entry)) return [];
      return [[server, entry]];
    }),
  );
}

/** Our own file, which only we write: its form is checked, not each value. */
function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { program, introduction, hashes, tools, sessions } = value;
  return (
    typeof program === 'string' &&
    (introduction === null || isObject(introduction)) &&
    isObject(hashes) &&
    Array.isArray(tools) &&
    isObject(sessions)
  );
}
