// Update store: the record of each server's versions, saved before what follows from it is done, and published on change.
import { isDeepStrictEqual } from 'node:util';

import type { SameVersion } from '../core/model/package.ts';
import type { PackageSpec } from '../core/model/server-spec.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import { afterOutcome, rejudge } from '../core/update/update-memory.ts';
import {
  newRecord,
  readRecords,
  type SavedProgress,
  type UpdateRecord,
} from '../core/update/update-record.ts';
import type { UpdateOutcome } from '../core/update/update-state.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';

/** Tells whether both are the same package, installed in the same way, with the same wish for a version. */
export function isSameWish({ source: one }: PackageSpec, { source: other }: PackageSpec): boolean {
  return (
    one.package === other.package &&
    one.version === other.version &&
    isDeepStrictEqual(one.python, other.python)
  );
}

export interface UpdateStorage {
  /** As saved by whatever release. */
  readonly saved: unknown;
  /** On disk when it returns true. */
  readonly save: (records: Readonly<Record<string, UpdateRecord>>) => boolean;
  /** Called for each server whose record is invalid. */
  readonly onDropped: (server: string) => void;
}

export interface UpdateRecords {
  /** Names of all that have a record, configured or not. */
  servers(): readonly string[];
  /** The record of this package; that of another one under this name does not count. */
  of(server: string, packageId: string): UpdateRecord;
  get(server: string): UpdateRecord | undefined;
  /** Saves a record; false when the disk refused, in which case it is kept in memory all the same. */
  set(server: string, record: UpdateRecord): boolean;
}

export function openUpdateRecords({ saved, save, onDropped }: UpdateStorage): UpdateRecords {
  const { records: read, dropped } = readRecords(saved);
  const records = new Map(read);
  for (const server of new Set(dropped)) onDropped(server);
  return {
    servers: () => [...records.keys()],
    get: (server) => records.get(server),
    of(server, packageId) {
      const record = records.get(server);
      return record?.package === packageId ? record : newRecord(packageId);
    },
    set(server, record) {
      const isUnchanged = JSON.stringify(records.get(server)) === JSON.stringify(record);
      records.set(server, record);
      return isUnchanged || save(Object.fromEntries(records));
    },
  };
}

export interface UpdateStore {
  record(spec: PackageSpec): UpdateRecord;
  /** Saves how far an update is; false when the disk refused. */
  setProgress(spec: PackageSpec, progress: SavedProgress | null): boolean;
  /** Saves and publishes what changed without an update having ended: a pin, a bad version cleared. */
  setMemory(spec: PackageSpec, memory: UpdateMemory): void;
  /** Saves and publishes a fresh check. */
  setCheck(spec: PackageSpec, check: UpdateCheck): void;
  /** Saves and publishes how an update has ended. */
  settle(spec: PackageSpec, outcome: UpdateOutcome): void;
  /** Takes note of a version that runs without an update: by the config, or as a fallback. */
  setRunning(spec: PackageSpec, version: string): void;
  /** Publishes the whole record, for subscribers that do not know the server yet. `isNews`: an update has just ended. */
  publish(spec: PackageSpec, isNews: boolean): void;
}

export interface UpdateStoreParts {
  readonly records: UpdateRecords;
  readonly ports: Pick<UpdatePorts, 'versionsOf'>;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
}

export function openUpdateStore({ records, ports, bus, clock }: UpdateStoreParts): UpdateStore {
  const record = ({ name, source }: PackageSpec): UpdateRecord => records.of(name, source.package);
  const sameIn = ({ source }: PackageSpec): SameVersion => ports.versionsOf(source.manager).isSame;

  function write(spec: PackageSpec, change: Partial<UpdateRecord>): boolean {
    return records.set(spec.name, { ...record(spec), ...change });
  }

  function publishMemory(server: string, memory: UpdateMemory, isNews: boolean): void {
    bus.publish({ kind: 'update-settled', server, memory, isNews });
  }

  function publishCheck(server: string, { outlook, checkedAt }: UpdateRecord): void {
    if (outlook === null) return;
    const looked = checkedAt === null ? {} : { lookedAt: checkedAt };
    bus.publish({ kind: 'update-checked', server, outlook, ...looked });
  }

  /** Publishes the outcome for a package that the server no longer has, and forgets it. */
  function abandon(spec: PackageSpec, { memory }: UpdateRecord, outcome: UpdateOutcome): void {
    const published = afterOutcome(memory, outcome, { at: clock.now(), isSame: sameIn(spec) });
    records.set(spec.name, newRecord(spec.source.package));
    publishMemory(spec.name, published, true);
  }

  return {
    record,
    setProgress: (spec, progress) => write(spec, { progress }),
    setMemory(spec, memory) {
      if (memory === record(spec).memory) return;
      write(spec, { memory });
      publishMemory(spec.name, memory, false);
    },
    setCheck(spec, outlook) {
      const checkedAt = outlook.error === null ? clock.now() : record(spec).checkedAt;
      write(spec, { outlook, checkedAt });
      bus.publish({ kind: 'update-checked', server: spec.name, outlook });
    },
    settle(spec, outcome) {
      const known = records.get(spec.name);
      if (known !== undefined && known.package !== spec.source.package) return abandon(spec, known, outcome);
      const before = record(spec);
      const isSame = sameIn(spec);
      const memory = afterOutcome(before.memory, outcome, { at: clock.now(), isSame });
      const { runs, plan } = outcome;
      const isKnown = before.outlook !== null && runs !== null;
      const outlook = isKnown ? rejudge(before.outlook, plan[runs], { memory, isSame }) : before.outlook;
      const after = { ...before, memory, outlook, progress: null };
      records.set(spec.name, after);
      publishMemory(spec.name, memory, true);
      publishCheck(spec.name, after);
    },
    setRunning(spec, version) {
      const before = record(spec);
      // As spelled: people are shown what runs.
      if (before.outlook === null || before.outlook.running === version) return;
      const outlook = rejudge(before.outlook, version, { memory: before.memory, isSame: sameIn(spec) });
      write(spec, { outlook });
      publishCheck(spec.name, { ...before, outlook });
    },
    publish(spec, isNews) {
      const known = record(spec);
      publishMemory(spec.name, known.memory, isNews);
      publishCheck(spec.name, known);
    },
  };
}
