// What outlives the daemon: the operator's wishes and the counters.
import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { isObject, messageOf } from '../core/unknown.ts';
import { writeFileAtomic } from '../system/files.ts';

/** Content of `run/state.json`. `counters` and `servers` belong to others: here they are only kept. */
export interface SavedState {
  readonly version: 1;
  /** Only what an operator asked for and the config does not say. */
  readonly wishes: Readonly<Record<string, 'up' | 'down'>>;
  readonly servers: Readonly<Record<string, unknown>>;
  readonly counters: unknown;
}

export interface StateFile {
  readonly initial: SavedState;
  /** Told when the file could not be read, and what was used instead. */
  readonly recovered: string | null;
  save(state: Omit<SavedState, 'version'>, options?: { durable?: boolean }): void;
}

const NOTHING: SavedState = { version: 1, wishes: {}, servers: {}, counters: null };

/**
 * Opens `path`, or its backup when it is damaged; a damaged file is put aside, never overwritten.
 *
 * `save` throws the system's error when the disk refuses; what was saved before is then still there.
 */
export function openStateFile(path: string): StateFile {
  const backup = `${path}.bak`;
  const first = read(path);
  const chosen = first.state === null ? read(backup) : first;
  if (first.damage !== null) renameSync(path, `${path}.damaged`);
  return {
    initial: chosen.state ?? NOTHING,
    recovered:
      first.damage === null
        ? null
        : `${first.damage}; ${chosen.state === null ? 'counters start at 0' : 'its backup is used'}`,
    save(state, { durable = false } = {}) {
      writeFileAtomic(path, `${JSON.stringify({ version: 1, ...state })}\n`, { durable });
      // The backup follows only what is certainly on the disk.
      if (durable) copyFileSync(path, backup);
    },
  };
}

function read(path: string): { state: SavedState | null; damage: string | null } {
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
  return Object.values(value['wishes']).every((wish) => wish === 'up' || wish === 'down');
}
