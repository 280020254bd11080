// What is remembered of updates, server by server, and written down before what follows from it is done.
import { newRecord, readRecords, type UpdateRecord } from '../core/update/update-record.ts';

export interface UpdateRecords {
  /** Names of all that are remembered, configured or not. */
  servers(): readonly string[];
  /** Of this package; what is remembered of another one under this name means nothing. */
  of(server: string, packageName: string): UpdateRecord;
  get(server: string): UpdateRecord | undefined;
  /** False when the disk refused; it is remembered all the same. */
  set(server: string, record: UpdateRecord): boolean;
}

export interface UpdateStorage {
  /** As saved by whatever release. */
  readonly saved: unknown;
  /** On the disk when it returns true. */
  readonly save: (records: Readonly<Record<string, UpdateRecord>>) => boolean;
  /** Told of each server whose record makes no sense. */
  readonly onDropped: (server: string) => void;
}

export function openUpdateRecords({ saved, save, onDropped }: UpdateStorage): UpdateRecords {
  const { records: read, dropped } = readRecords(saved);
  const records = new Map(read);
  for (const server of new Set(dropped)) onDropped(server);
  return {
    servers: () => [...records.keys()],
    get: (server) => records.get(server),
    of(server, packageName) {
      const record = records.get(server);
      return record?.package === packageName ? record : newRecord(packageName);
    },
    set(server, record) {
      const isSame = JSON.stringify(records.get(server)) === JSON.stringify(record);
      records.set(server, record);
      return isSame || save(Object.fromEntries(records));
    },
  };
}
