// Registry of all live processes, on disk and at the guardian, for whoever cleans up after this daemon has died.
import type { DetachedProcess } from '../core/lifecycle/process-tree.ts';
import { isObject, parseJson } from '../core/base/guards.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import type { Guardian } from '../system/process/guardian.ts';
import { readBootId } from '../system/process/process-identity.ts';
import { identityAt } from '../system/files/rotation.ts';
import type { Leader } from './leftover-processes.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/** One line of `run/processes.json`. */
export interface ProcessRecord extends Leader {
  readonly strays: readonly DetachedProcess[];
}

export interface ProcessRegistry {
  add(leader: Leader): void;
  addDetached(leader: Leader, detached: DetachedProcess): void;
  removeDetached(leader: Leader, detached: DetachedProcess): void;
  remove(leader: Leader): void;
  /** Writes the file again when the disk refused it, or somebody removed or replaced it. */
  refresh(): void;
}

/** Keeps `path` and the guardian in step with what is alive. A disk that refuses goes to `onFault`, not thrown. */
export function createProcessRegistry(
  path: string,
  { guardian, onFault }: { guardian: Guardian; onFault: (error: unknown) => void },
): ProcessRegistry {
  const records = new Map<number, ProcessRecord>();
  const file = createRecordFile(path, onFault);
  const save = (): void => file.write([...records.values()]);

  save();
  return {
    add(leader) {
      // The guardian first: it is the one that acts while nobody else can.
      guardian.hold(leader.pgid);
      records.set(leader.pid, { ...leader, strays: [] });
      save();
    },
    addDetached(leader, detached) {
      const record = records.get(leader.pid);
      if (record === undefined) return;
      // Only a leader's number names a group of which all members are ours.
      if (detached.pgid === detached.pid) guardian.hold(detached.pgid);
      records.set(leader.pid, { ...record, strays: [...record.strays, detached] });
      save();
    },
    removeDetached(leader, { pid, startToken, pgid }) {
      const record = records.get(leader.pid);
      if (record === undefined) return;
      const strays = record.strays.filter((other) => other.pid !== pid || other.startToken !== startToken);
      // As long as one of its members is alive, the number of a group is nobody else's.
      if (strays.every((other) => other.pgid !== pgid)) guardian.drop(pgid);
      records.set(leader.pid, { ...record, strays });
      save();
    },
    remove(leader) {
      const record = records.get(leader.pid);
      if (record === undefined) return;
      guardian.drop(leader.pgid);
      for (const { pgid } of record.strays) guardian.drop(pgid);
      records.delete(leader.pid);
      save();
    },
    refresh() {
      if (!file.isIntact()) save();
    },
  };
}

interface RecordFile {
  write(processes: readonly ProcessRecord[]): void;
  /** False when the last write was refused, or the file is no longer the one that was written. */
  isIntact(): boolean;
}

function createRecordFile(path: string, onFault: (error: unknown) => void): RecordFile {
  let written: string | null = null;
  let isRefused = false;
  return {
    write(processes) {
      try {
        const file = { version: 1, bootId: readBootId(), processes };
        // Not fsynced: it matters after our death, and after a power cut nothing of it is alive.
        writeFileAtomic(path, `${JSON.stringify(file)}\n`, { durable: false });
        written = identityAt(path);
        isRefused = false;
      } catch (error) {
        written = null;
        // Reported once: it is tried again with each change and each tick.
        if (!isRefused) onFault(error);
        isRefused = true;
      }
    },
    isIntact: () => written !== null && identityAt(path) === written,
  };
}

/** Reads what an earlier daemon recorded: nothing when the file is missing, unreadable or of another boot. */
export function readProcessRecords(path: string): readonly ProcessRecord[] {
  const { records, boot } = readEarlierRecords(path);
  return boot === 'this' ? records : [];
}

export interface EarlierRecords {
  readonly records: readonly ProcessRecord[];
  /** `unknown`: the system does not name its boot, so that a pid may be anybody's. */
  readonly boot: 'this' | 'other' | 'unknown';
  /** False when the file is gone or damaged: there may have been more. */
  readonly isWhole: boolean;
}

/** Reads what an earlier daemon recorded, and how far it can be trusted. */
export function readEarlierRecords(path: string): EarlierRecords {
  const file = parseJson(readFileOrNull(path) ?? '');
  if (!isObject(file) || !Array.isArray(file['processes']))
    return { records: [], boot: 'this', isWhole: false };
  const records = file['processes'].filter(isProcessRecord);
  return { records, boot: bootOf(file['bootId']), isWhole: records.length === file['processes'].length };
}

function bootOf(written: unknown): EarlierRecords['boot'] {
  const current = readBootId();
  if (current === null || typeof written !== 'string') return 'unknown';
  return written === current ? 'this' : 'other';
}

function isProcessRecord(value: unknown): value is ProcessRecord {
  if (!isObject(value)) return false;
  const { server, pid, pgid, startToken, marker, strays } = value;
  const isNamed = typeof server === 'string' && typeof startToken === 'string' && typeof marker === 'string';
  return isNamed && isPid(pid) && isPid(pgid) && Array.isArray(strays) && strays.every(isEscapee);
}

function isEscapee(value: unknown): value is DetachedProcess {
  return (
    isObject(value) && isPid(value['pid']) && isPid(value['pgid']) && typeof value['startToken'] === 'string'
  );
}

/** 0 and 1 would address our own group and every process there is. */
function isPid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 1;
}
