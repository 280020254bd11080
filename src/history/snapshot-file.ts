// Snapshot file of the history: written atomically, bounded when read, dropped when damaged.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { codeOf, messageOf } from '../core/base/guards.ts';
import { replaceFile, writeFileAtomic } from '../system/files/write-file-atomic.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import type { HistoryStore, StoreDump } from './store/history-store.ts';

export interface SnapshotFile {
  /** Content of the file; null when there is none, or a text that says why it is useless: it is removed then. */
  read(mostBytes: number): StoreDump | string | null;
  /** Writes without blocking. @throws the system's error */
  write(store: HistoryStore): Promise<void>;
  /** Writes before it returns. @throws the system's error */
  writeNow(store: HistoryStore): void;
  remove(): void;
}

/** Bytes of labels and directory, beside what the store counts. */
const SPARE = 4 * 1024 * 1024;

export function createSnapshotFile(path: string): SnapshotFile {
  const remove = (): void => rmSync(path, { force: true });

  function readBytes(mostBytes: number): Buffer | string | null {
    try {
      const { size } = statSync(path);
      if (size > mostBytes + SPARE) return `it has ${size} bytes, more than the history may take`;
      return readFileSync(path);
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? null : messageOf(error);
    }
  }

  return {
    read(mostBytes) {
      const bytes = readBytes(mostBytes);
      if (bytes === null) return null;
      const content = typeof bytes === 'string' ? bytes : decodeSnapshot(bytes);
      if (typeof content === 'string') remove();
      return content;
    },
    write: (store) => replaceFile(path, encodeSnapshot(store.dump())),
    writeNow: (store) => writeFileAtomic(path, encodeSnapshot(store.dump())),
    remove,
  };
}
