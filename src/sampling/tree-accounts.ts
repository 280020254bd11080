// CPU, memory and descriptor accounts of each server's process tree, from one sample to the next.
import { addCpu, type CpuAccount, emptyCpuAccount } from '../core/lifecycle/cpu-account.ts';
import type { TreeUsage } from '../core/model/observations.ts';
import {
  type LivingProcesses,
  processKey,
  type ProcessRow,
  type ProcessTree,
} from '../core/lifecycle/process-tree.ts';
import type { ProcessUsage } from '../system/process/process-usage.ts';
import type { FootprintReading } from './footprints.ts';
import type { ProportionalReading } from './proportional-memory.ts';

/** Numbers that one sample read, beside the trees. */
interface SampleReadings {
  /** Awake monotonic ms of the sample. */
  readonly at: number;
  /** Keys of all processes of the machine, see `processKey()`. */
  readonly alive: LivingProcesses;
  /** What was read a second time, by pid. */
  readonly usage: ReadonlyMap<number, ProcessUsage>;
  /** Null where the system does not tell. */
  readonly openFds: (pid: number) => number | null;
  /** The latest, which may be from an earlier sample; null where there is none. */
  readonly footprints: FootprintReading | null;
  /** The latest of the tree's server, in the same way. */
  readonly proportional: (server: string) => ProportionalReading | null;
}

export interface TreeAccounts {
  /** Books one sample of one tree and returns its sums. */
  book(tree: ProcessTree, readings: SampleReadings): TreeUsage;
  /** Lets the next sample of a server of this name begin at zero. */
  forget(server: string): void;
}

interface TreeAccount {
  readonly account: CpuAccount;
  readonly root: number;
  readonly at: number;
  /** Number of the footprint reading that was booked last. */
  readonly footprintReading: number | null;
  /** The same for proportional memory. */
  readonly proportionalReading: number | null;
}

export function createTreeAccounts(): TreeAccounts {
  const entries = new Map<string, TreeAccount>();

  return {
    book(tree, readings) {
      const before = entries.get(tree.server);
      const used = tree.members.map((row) => ({ key: processKey(row), ...usageOf(row, readings.usage) }));
      const account = addCpu(before?.account ?? emptyCpuAccount, used, readings.alive);
      const { footprints } = readings;
      const proportional = readings.proportional(tree.server);
      const entry = {
        account,
        root: tree.root,
        at: readings.at,
        footprintReading: footprints?.number ?? null,
        proportionalReading: proportional?.number ?? null,
      };
      entries.set(tree.server, entry);
      return {
        cpuSeconds: account.total,
        cpuCores: coresBetween(before, entry),
        residentBytes: residentSum(used),
        ...footprintOf(used, footprints, before?.footprintReading ?? null),
        ...proportionalOf(used, proportional, before?.proportionalReading ?? null),
        processes: tree.members.length,
        threads: sumKnown(tree.members.map((row) => row.threads)),
        openFds: sumKnown(tree.members.map((row) => readings.openFds(row.pid))),
      };
    },
    forget(server) {
      entries.delete(server);
    },
  };
}

interface UsedMemory {
  readonly key: string;
  readonly residentBytes: number;
}

function residentSum(used: readonly UsedMemory[]): number {
  return used.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
}

/** Sums footprints; a process that was started since the last reading counts with its resident memory. */
function footprintOf(
  used: readonly UsedMemory[],
  reading: FootprintReading | null,
  booked: number | null,
): Pick<TreeUsage, 'footprintBytes' | 'footprintIsNew'> {
  if (reading === null || !used.some(({ key }) => reading.bytes.has(key))) return { footprintBytes: null };
  return {
    footprintBytes: used.reduce(
      (sum, { key, residentBytes }) => sum + (reading.bytes.get(key) ?? residentBytes),
      0,
    ),
    footprintIsNew: reading.number !== booked,
  };
}

/**
 * Sums proportional memory; a process that was started since the last reading, or cannot be read, counts with its
 * resident memory.
 */
function proportionalOf(
  used: readonly UsedMemory[],
  reading: ProportionalReading | null,
  booked: number | null,
): Pick<TreeUsage, 'proportionalBytes' | 'proportionalIsNew' | 'unreadableProcesses'> {
  if (reading === null) return { proportionalBytes: null };
  const unreadable = used.filter(({ key }) => reading.unreadable.has(key)).length;
  const gap = unreadable === 0 ? {} : { unreadableProcesses: unreadable };
  if (!used.some(({ key }) => reading.bytes.has(key))) return { proportionalBytes: null, ...gap };
  const sum = used.reduce(
    (total, { key, residentBytes }) => total + (reading.bytes.get(key) ?? residentBytes),
    0,
  );
  return {
    // A reading from before the tree shrank must not exceed what is resident now.
    proportionalBytes: Math.min(sum, residentSum(used)),
    proportionalIsNew: reading.number !== booked,
    ...gap,
  };
}

/** Takes the second reading of a process where there is one, else the row of the table; 0 for what that does not tell. */
export function usageOf(row: ProcessRow, usage: ReadonlyMap<number, ProcessUsage>): ProcessUsage {
  return usage.get(row.pid) ?? { cpuSeconds: row.cpuSeconds ?? 0, residentBytes: row.residentBytes ?? 0 };
}

/** Averages the cores used; null for the first sample of a process, before which the server was not there. */
function coresBetween(before: TreeAccount | undefined, { account, root, at }: TreeAccount): number | null {
  if (before === undefined || before.root !== root || at <= before.at) return null;
  return ((account.total - before.account.total) * 1000) / (at - before.at);
}

function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
