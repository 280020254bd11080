// Proportional memory of each server's process tree, as of its last reading: read near a limit, otherwise rarely.
import { messageOf } from '../core/base/guards.ts';
import { processKey, type ProcessTree } from '../core/lifecycle/process-tree.ts';
import type { ReadProportional } from '../system/process/process-memory.ts';
import type { Clock } from '../system/time/clock.ts';
import { createExclusiveTimeout } from './exclusive-timeout.ts';

export interface ProportionalMemory {
  /** Reads the trees for which it is due, one process after the other. Never rejects. */
  refresh(trees: readonly SizedTree[]): Promise<void>;
  /** Returns the last reading of the server's tree; null where there is none, or it is out of date. */
  latest(server: string): ProportionalReading | null;
  forget(server: string): void;
}

export interface SizedTree {
  readonly tree: ProcessTree;
  /** Resident bytes of the whole tree, as of now. */
  readonly residentBytes: number;
}

export interface ProportionalReading {
  /** Counts the readings of all servers. */
  readonly number: number;
  /** Bytes, by `processKey()`. */
  readonly bytes: ReadonlyMap<string, number>;
  /** Keys of processes that the system does not let us read. */
  readonly unreadable: ReadonlySet<string>;
}

export interface ProportionalMemoryOptions {
  readonly clock: Clock;
  /** Null where the system does not tell. */
  readonly read: ReadProportional | null;
  /** Returns the lowest memory limit of a server, bytes; null without one. */
  readonly limitOf: (server: string) => number | null;
  /** Returns the CPU time of this process so far, ms. */
  readonly cpuTime: () => number;
  readonly onCollected: (took: number, error: string | null) => void;
}

/**
 * Share of the limit from which each sample reads: below it neither a limit nor the alert at 90 % of it can apply. What
 * counts is the most that the tree can use by now: what it used at the last reading, and all that became resident since.
 */
const NEAR = 0.8;

/** Ms from one reading to the next, far from the limit: when resident memory is much the same, and when it has changed or exceeds the limit. */
const RARE = 5 * 60_000;
const CHANGED = 60_000;

/** Share by which resident memory must differ from that of the last reading. */
const DIFFERENCE = 0.2;

/** Times its resident memory then that a tree must have now for the reading to say nothing any more: it was taken while it loaded. */
const OUTGROWN = 2;

/** Pause after a reading, in times of the CPU time that it took: it never costs more than half a percent of one core. */
const PAUSE = 200;

/** What is older is not shown any more, and counts for no limit. */
const MAX_AGE = 3 * RARE;

/** Ms; a process whose memory map is locked by a hung disk does not answer at all. */
const TIMEOUT = 5000;

interface TreeReading extends ProportionalReading {
  readonly at: number;
  /** CPU time, ms; on a busy machine a reading takes far longer than it costs. */
  readonly cost: number;
  readonly root: number;
  readonly residentBytes: number;
  /** Null when a part of it is unknown. */
  readonly proportionalBytes: number | null;
}

export function createProportionalMemory(options: ProportionalMemoryOptions): ProportionalMemory {
  const { clock, read, limitOf, onCollected } = options;
  const readings = new Map<string, TreeReading>();
  const timeout = createExclusiveTimeout(clock, TIMEOUT);
  let number = 0;

  async function readTree(readOne: ReadProportional, { tree, residentBytes }: SizedTree): Promise<void> {
    const at = clock.monotonic();
    const before = options.cpuTime();
    const found = await timeout.run((signal) => readMembers(tree, readOne, signal));
    number += 1;
    const cost = options.cpuTime() - before;
    const proportionalBytes = sumOf(found);
    readings.set(tree.server, {
      ...found,
      proportionalBytes,
      number,
      at,
      cost,
      root: tree.root,
      residentBytes,
    });
  }

  async function readAll(readOne: ReadProportional, due: readonly SizedTree[]): Promise<void> {
    const startedAt = clock.monotonic();
    let error: string | null = null;
    try {
      for (const one of due) await readTree(readOne, one);
    } catch (reason) {
      error = messageOf(reason).split('\n', 1)[0] ?? '';
    }
    onCollected(clock.monotonic() - startedAt, error);
  }

  return {
    async refresh(trees) {
      if (read === null) return;
      const now = clock.monotonic();
      const due = trees.filter(({ tree, residentBytes }) => {
        if (tree.members.length === 0) return false;
        const past = readings.get(tree.server) ?? null;
        return isDue(past, { now, root: tree.root, residentBytes, limit: limitOf(tree.server) });
      });
      if (due.length > 0) await readAll(read, due);
    },
    latest(server) {
      const reading = readings.get(server);
      return reading !== undefined && clock.monotonic() - reading.at < MAX_AGE ? reading : null;
    },
    forget(server) {
      readings.delete(server);
    },
  };
}

interface TreeNow {
  readonly now: number;
  readonly root: number;
  readonly residentBytes: number;
  readonly limit: number | null;
}

function isDue(past: TreeReading | null, { now, root, residentBytes, limit }: TreeNow): boolean {
  if (past === null || past.root !== root) return true;
  const age = now - past.at;
  if (age < past.cost * PAUSE) return false;
  const near = limit === null ? Infinity : limit * NEAR;
  if (mostPossible(past, residentBytes) > near || residentBytes > OUTGROWN * past.residentBytes) return true;
  const hasChanged = Math.abs(residentBytes - past.residentBytes) > past.residentBytes * DIFFERENCE;
  return age >= (hasChanged || residentBytes > near ? CHANGED : RARE);
}

function mostPossible(past: TreeReading, residentBytes: number): number {
  const { proportionalBytes } = past;
  if (proportionalBytes === null) return residentBytes;
  const growth = Math.max(0, residentBytes - past.residentBytes);
  return Math.min(residentBytes, proportionalBytes + growth);
}

function sumOf({ bytes, unreadable }: Pick<ProportionalReading, 'bytes' | 'unreadable'>): number | null {
  return unreadable.size > 0 ? null : [...bytes.values()].reduce((sum, own) => sum + own, 0);
}

async function readMembers(
  { members }: ProcessTree,
  read: ReadProportional,
  signal: AbortSignal,
): Promise<Pick<ProportionalReading, 'bytes' | 'unreadable'>> {
  const bytes = new Map<string, number>();
  const unreadable = new Set<string>();
  for (const row of members) {
    signal.throwIfAborted();
    const outcome = await read(row.pid);
    if (outcome === 'unreadable') unreadable.add(processKey(row));
    else if (outcome !== 'gone') bytes.set(processKey(row), outcome);
  }
  return { bytes, unreadable };
}
