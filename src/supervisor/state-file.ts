// State file: what outlives the daemon, the operator's desired states and the counters above all.
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, messageOf } from '../core/base/guards.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';

/** Content of `run/state.json`. `counters` and `servers` belong to others: here they are only kept. */
export interface SavedState {
  readonly version: 1;
  /** Only what an operator asked for and the config does not say. */
  readonly wishes: Readonly<Record<string, 'up' | 'down'>>;
  readonly servers: Readonly<Record<string, unknown>>;
  readonly counters: unknown;
  /** Another one with each saving, by which newer counters beside the file are known; missing in files of earlier releases. */
  readonly stamp?: string;
  /** When the jobs of the schedule ran, by name; missing in files of earlier releases. */
  readonly jobs?: Readonly<Record<string, unknown>>;
  /** Notifications that were sent; missing in files of earlier releases. */
  readonly alerts?: unknown;
  /** Alerts as the rules left them; missing in files of earlier releases. */
  readonly evaluation?: unknown;
  /** Who delivered alerts; missing in files of earlier releases. */
  readonly delivery?: unknown;
  /** Silences that were made on the page; missing in files of earlier releases. */
  readonly silences?: unknown;
  /** What is remembered of updates, by server; missing in files of earlier releases. */
  readonly updates?: unknown;
}

export interface StateFile {
  readonly initial: SavedState;
  /** Why the file could not be read, and what was used instead; null when it was read. */
  readonly recovered: string | null;
  save(state: Omit<SavedState, 'version'>, options?: { durable?: boolean }): void;
}

const NOTHING: SavedState = { version: 1, wishes: {}, servers: {}, counters: null };

/**
 * Opens `path`, or when it is damaged or gone the best copy of it; a damaged file is put aside, never overwritten.
 *
 * `save` throws the system's error when the disk refuses; what was saved before is then still there.
 *
 * @param olderCopies paths to try after the backup beside it, asked only when both are of no use
 */
export function openStateFile(path: string, olderCopies: () => readonly string[] = () => []): StateFile {
  const backup = `${path}.bak`;
  const first = read(path);
  // Without a trace of an earlier file there is nothing to rescue: this home is new, or somebody wants it to be.
  const isLost = first.state === null && (first.damage !== null || existsSync(backup));
  const chosen = isLost ? rescue(backup, olderCopies) : { state: first.state, from: null };
  if (first.damage !== null) putAside(path);
  return {
    initial: chosen.state ?? NOTHING,
    recovered: describeRescue(path, first, chosen),
    save(state, { durable = false } = {}) {
      const text = `${JSON.stringify({ version: 1, ...state })}\n`;
      makeRunFolder(dirname(path));
      writeFileAtomic(path, text, { durable });
      // The backup follows only a file that is certainly on the disk: one that is written without waiting for the disk may
      // be empty after a power cut.
      if (durable) writeFileAtomic(backup, text);
    },
  };
}

/** A daemon that started while the disk took no writes may have none; a home that is gone is not made here. */
function makeRunFolder(folder: string): void {
  if (!existsSync(folder) && existsSync(dirname(folder))) mkdirSync(folder, { mode: 0o700 });
}

interface ReadState {
  readonly state: SavedState | null;
  readonly damage: string | null;
}

interface Rescue {
  readonly state: SavedState | null;
  /** Text for people; null when nothing had to be rescued. */
  readonly from: string | null;
}

function rescue(backup: string, olderCopies: () => readonly string[]): Rescue {
  const beside = read(backup).state;
  if (beside !== null) return { state: beside, from: 'its backup is used' };
  for (const copy of olderCopies()) {
    const { state } = read(copy);
    if (state !== null) return { state, from: `${copy} is used` };
  }
  return { state: null, from: null };
}

function describeRescue(path: string, { damage }: ReadState, { state, from }: Rescue): string | null {
  if (damage === null) return from === null ? null : `${path} is missing; ${from}`;
  return `${damage}; ${state === null ? 'counters start at 0' : from}`;
}

/** Renames the damaged file. Where that is refused, the next save replaces it: nothing of it could be used anyway. */
function putAside(path: string): void {
  try {
    renameSync(path, `${path}.damaged`);
  } catch {
    // The damage was reported already.
  }
}

function read(path: string): ReadState {
  if (!existsSync(path)) return { state: null, damage: null };
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isSavedState(value)
      ? { state: value, damage: null }
      : { state: null, damage: `${path} is not a state file of this version` };
  } catch (error) {
    return {
      state: null,
      damage: `${path} cannot be read: ${messageOf(error)}`,
    };
  }
}

function isSavedState(value: unknown): value is SavedState {
  if (!isObject(value) || value['version'] !== 1 || !isObject(value['servers']) || !isObject(value['wishes']))
    return false;
  if (value['jobs'] !== undefined && !isObject(value['jobs'])) return false;
  return Object.values(value['wishes']).every((wish) => wish === 'up' || wish === 'down');
}
