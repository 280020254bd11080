// What is remembered of each server's versions, and told to whoever shows it: each change is written down and published.
import type { ServerSpec, Source } from '../core/model/server-spec.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';
import { afterOutcome, rejudge } from '../core/update/update-memory.ts';
import { newRecord, type SavedProgress, type UpdateRecord } from '../core/update/update-record.ts';
import type { UpdateOutcome } from '../core/update/update-state.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdateRecords } from './records.ts';

/** A server that is an npm package: the only kind that has versions. */
export type PackageSpec = ServerSpec & { readonly source: Extract<Source, { kind: 'package' }> };

export function isPackage(spec: ServerSpec): spec is PackageSpec {
  return spec.source.kind === 'package';
}

/** The same package, and the same wish for a version of it. */
export function isSameWish(one: PackageSpec, other: PackageSpec): boolean {
  return one.source.package === other.source.package && one.source.version === other.source.version;
}

export interface UpdateStore {
  record(spec: PackageSpec): UpdateRecord;
  /** False when the disk refused. */
  setProgress(spec: PackageSpec, progress: SavedProgress | null): boolean;
  /** What is remembered without an update having ended: a pin, a version forgiven. */
  setMemory(spec: PackageSpec, memory: UpdateMemory): void;
  /** What the registry said just now. */
  setOutlook(spec: PackageSpec, outlook: UpdateCheck): void;
  /** How an update has ended. */
  settle(spec: PackageSpec, outcome: UpdateOutcome): void;
  /** A version runs that came by another way: the config, or a stand-in. */
  setRunning(spec: PackageSpec, version: string): void;
  /** All that is remembered, for those who have not heard of the server yet. `isNews`: an update of it has just ended. */
  tell(spec: PackageSpec, isNews: boolean): void;
}

export interface UpdateStoreParts {
  readonly records: UpdateRecords;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
}

export function openUpdateStore({ records, bus, clock }: UpdateStoreParts): UpdateStore {
  const record = ({ name, source }: PackageSpec): UpdateRecord => records.of(name, source.package);

  function write(spec: PackageSpec, change: Partial<UpdateRecord>): boolean {
    return records.set(spec.name, { ...record(spec), ...change });
  }

  function publishMemory(server: string, memory: UpdateMemory, isNews: boolean): void {
    bus.publish({ kind: 'update-settled', server, memory, isNews });
  }

  function publishOutlook(server: string, { outlook, checkedAt }: UpdateRecord): void {
    if (outlook === null) return;
    const looked = checkedAt === null ? {} : { lookedAt: checkedAt };
    bus.publish({ kind: 'update-checked', server, outlook, ...looked });
  }

  /** It was about a package that is not there any more: told, and forgotten. */
  function abandon({ name, source }: PackageSpec, { memory }: UpdateRecord, outcome: UpdateOutcome): void {
    const told = afterOutcome(memory, outcome, clock.now());
    records.set(name, newRecord(source.package));
    publishMemory(name, told, true);
  }

  return {
    record,
    setProgress: (spec, progress) => write(spec, { progress }),
    setMemory(spec, memory) {
      if (memory === record(spec).memory) return;
      write(spec, { memory });
      publishMemory(spec.name, memory, false);
    },
    setOutlook(spec, outlook) {
      const checkedAt = outlook.error === null ? clock.now() : record(spec).checkedAt;
      write(spec, { outlook, checkedAt });
      bus.publish({ kind: 'update-checked', server: spec.name, outlook });
    },
    settle(spec, outcome) {
      const known = records.get(spec.name);
      if (known !== undefined && known.package !== spec.source.package) return abandon(spec, known, outcome);
      const before = record(spec);
      const memory = afterOutcome(before.memory, outcome, clock.now());
      const { runs, plan } = outcome;
      const isKnown = before.outlook !== null && runs !== null;
      const outlook = isKnown ? rejudge(before.outlook, plan[runs], memory) : before.outlook;
      const after = { ...before, memory, outlook, progress: null };
      records.set(spec.name, after);
      publishMemory(spec.name, memory, true);
      publishOutlook(spec.name, after);
    },
    setRunning(spec, version) {
      const before = record(spec);
      if (before.outlook === null || before.outlook.running === version) return;
      const outlook = rejudge(before.outlook, version, before.memory);
      write(spec, { outlook });
      publishOutlook(spec.name, { ...before, outlook });
    },
    tell(spec, isNews) {
      const known = record(spec);
      publishMemory(spec.name, known.memory, isNews);
      publishOutlook(spec.name, known);
    },
  };
}
