// Sampler of resource usage: reads the machine's process table once a tick, for the trees of all servers.
import {
  type DetachedProcess,
  buildProcessTrees,
  type LivingProcesses,
  mergeByServer,
  processKey,
  type ProcessRow,
  type ProcessTree,
  treeKey,
  type TreeRoot,
} from '../core/lifecycle/process-tree.ts';
import type { TreeUsage } from '../core/model/observations.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import {
  ownCpuTime,
  type ReadFootprints,
  readFootprints,
  type ReadProportional,
  readProportional,
} from '../system/process/process-memory.ts';
import {
  openFdsOf,
  readProcessTable,
  tableParts as systemTableParts,
} from '../system/process/process-table.ts';
import { createUsageReader, type ProcessUsage, type ReadUsage } from '../system/process/process-usage.ts';
import { createExclusiveTimeout } from './exclusive-timeout.ts';
import { createDetachedProcesses, type DetachedProcesses } from './detached-processes.ts';
import { createFootprints, type Footprints } from './footprints.ts';
import { createProportionalMemory, type ProportionalMemory, type SizedTree } from './proportional-memory.ts';
import { createSampleSchedule } from './sample-schedule.ts';
import { createSparingTable, type TableParts, type TableReading } from './sparing-table.ts';
import { createTreeAccounts, type TreeAccounts, usageOf } from './tree-accounts.ts';
import { addUsage, type UsageElsewhere } from './usage-elsewhere.ts';

export interface SamplerOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  /** Lists the processes that are running now; of several of one server, the main one first. */
  readonly roots: () => readonly TreeRoot[];
  /** Ms between two samples. */
  readonly interval: number;
  /** Called once for each process that left its server's group. */
  readonly onDetached?: (server: string, pid: number, pgid: number) => void;
  readonly readTable?: (signal: AbortSignal) => Promise<readonly ProcessRow[]>;
  /** The parts of another table; of the system's when both are left out. Null to read `readTable` as a whole each time. */
  readonly tableParts?: TableParts | null;
  /** Reads the processes of a server that is over a limit once more. */
  readonly readAgain?: ReadUsage;
  /** Null where the system does not tell; that of this system when it is left out. */
  readonly footprints?: ReadFootprints | null;
  /** The same for proportional memory. */
  readonly proportional?: ReadProportional | null;
  /** Returns what runs for a server outside of this machine's process table, in containers; null where nothing does. */
  readonly containers?: (server: string) => UsageElsewhere | null;
  /** Returns the lowest memory limit of a server, bytes; null without one. */
  readonly memoryLimit?: (server: string) => number | null;
  /** Returns the CPU time of this process so far, ms. */
  readonly cpuTime?: () => number;
}

export interface Sampler {
  start(): void;
  /** Nothing is published afterwards, not even by a sample that is under way. */
  stop(): void;
  /** Ms between two samples, as of now. */
  readonly interval: number;
  /** Changes the interval, counted from now. */
  changeInterval(interval: number): void;
  /** Schedules one extra sample after a spawn, so that status has something to show; further calls change nothing. */
  sampleSoon(): void;
  /** Takes a sample at once; one that is under way is awaited instead. Never rejects. */
  sampleNow(): Promise<void>;
  /**
   * Lists processes of the server that a signal to its group does not reach, as of the last sample.
   *
   * @param side see `TreeRoot`
   */
  detachedOf(server: string, side?: number): readonly DetachedProcess[];
}

/** Delay of the extra sample, ms: a server has loaded its code by then, and hardly anybody has asked for its status yet. */
const SOON = 2000;

/** A table that has not been read by then is not read at all: macOS' ps can hang on a dead network volume. */
const TIMEOUT = 10_000;

/** How much longer than a tick, ms, pidusage remembers a process, so that it never forgets one that we still ask for. */
const KEEP_EXTRA = 5000;

/**
 * Publishes `sampled` for each server that runs, then `collected`. A sample that fails or hangs publishes `collected`
 * with its error and nothing else: whoever shows values must drop the old ones then. Subscribes to the bus while it
 * runs: a spawn calls for a sample soon, a removed server is forgotten.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { clock, bus } = options;
  let { interval } = options;
  const detached = createDetachedProcesses(options.onDetached ?? (() => {}));
  const accounts = createTreeAccounts();
  const footprints = openFootprints(options, () => isStopped);
  const proportional = openProportional(options, () => isStopped);
  const state = { detached, accounts, footprints, proportional };
  const measurement = createMeasurement(options, state);
  const schedule = createSampleSchedule(clock, { interval, shortly: SOON, work: sample });
  let isStopped = false;
  let unsubscribe = (): void => {};

  async function sample(): Promise<void> {
    const startedAt = clock.monotonic();
    const outcome = await measurement.take().catch(firstLine);
    if (isStopped) return measurement.release();
    const took = clock.monotonic() - startedAt;
    const error = typeof outcome === 'string' ? outcome : null;
    if (typeof outcome !== 'string') publishCurrent(options, outcome);
    bus.publish({ kind: 'collected', collector: 'process_table', took, error });
  }

  return {
    start() {
      isStopped = false;
      schedule.start();
      unsubscribe = bus.subscribe((event) => {
        if (event.kind === 'spawned') schedule.soon();
        if (event.kind !== 'server-removed') return;
        accounts.forget(event.server);
        proportional.forget(event.server);
      });
    },
    stop() {
      isStopped = true;
      schedule.stop();
      measurement.release();
      unsubscribe();
    },
    get interval() {
      return interval;
    },
    changeInterval(changed) {
      interval = changed;
      schedule.changeInterval(changed);
    },
    sampleSoon: () => schedule.soon(),
    sampleNow: () => schedule.now(),
    detachedOf: (server, side) =>
      detached.all.get(treeKey(side === undefined ? { server } : { server, side })) ?? [],
  };
}

function openFootprints({ clock, bus, footprints }: SamplerOptions, isStopped: () => boolean): Footprints {
  return createFootprints({
    clock,
    read: footprints === undefined ? readFootprints : footprints,
    onCollected(took, error) {
      if (!isStopped()) bus.publish({ kind: 'collected', collector: 'footprint', took, error });
    },
  });
}

function openProportional(options: SamplerOptions, isStopped: () => boolean): ProportionalMemory {
  const { clock, bus, proportional, memoryLimit = () => null, cpuTime = ownCpuTime } = options;
  return createProportionalMemory({
    clock,
    read: proportional === undefined ? readProportional : proportional,
    limitOf: memoryLimit,
    cpuTime,
    onCollected(took, error) {
      if (!isStopped()) bus.publish({ kind: 'collected', collector: 'proportional_memory', took, error });
    },
  });
}

/** One tree and what it used. */
interface MeasuredTree {
  readonly tree: ProcessTree;
  readonly usage: TreeUsage;
}

interface SamplerState {
  readonly detached: DetachedProcesses;
  readonly accounts: TreeAccounts;
  readonly footprints: Footprints;
  readonly proportional: ProportionalMemory;
}

interface Measurement {
  take(): Promise<readonly MeasuredTree[]>;
  /** Closes what is kept open for the next one. */
  release(): void;
}

function createMeasurement(
  options: SamplerOptions,
  { detached, accounts, footprints, proportional }: SamplerState,
): Measurement {
  const { clock, memoryLimit = () => null } = options;
  const reader = createTreeReader(options, detached);
  const readAgain = options.readAgain ?? createUsageReader(options.interval + KEEP_EXTRA);
  const deadline = createExclusiveTimeout(clock, TIMEOUT);

  async function take(): Promise<readonly MeasuredTree[]> {
    const roots = options.roots();
    if (roots.length === 0) {
      reader.release();
      return [];
    }
    const { rows, find, trees: found } = await deadline.run((signal) => reader.read(roots, signal));
    const alive = livingKeys(find);
    detached.update(found, alive);
    const trees = mergeByServer(found);
    // Slow: not while every server is between two runs.
    if (trees.some(({ members }) => members.length > 0)) footprints.refresh(rows);
    // Before the limits are judged: a server that has given its memory back since, or a number that only one reader has, must not end it.
    const suspects = trees.filter(
      (tree) => sizeOf(tree, NOTHING).residentBytes > (memoryLimit(tree.server) ?? Infinity),
    );
    const usage =
      suspects.length === 0 ? NOTHING : await deadline.run(() => readAgain(suspects.flatMap(pidsOf)));
    // So must shared pages.
    await proportional.refresh(trees.map((tree) => sizeOf(tree, usage)));
    const readings = {
      at: clock.monotonic(),
      alive,
      usage,
      openFds: openFdsOf,
      footprints: footprints.latest(),
      proportional: (server: string) => proportional.latest(server),
    };
    return trees
      .filter((tree) => tree.members.length > 0)
      .map((tree) => ({
        tree,
        usage: addUsage(accounts.book(tree, readings), options.containers?.(tree.server) ?? null),
      }));
  }

  return { take, release: () => reader.release() };
}

interface ReadTrees extends Pick<TableReading, 'rows' | 'find'> {
  readonly trees: readonly ProcessTree[];
}

interface TreeReader {
  read(roots: readonly TreeRoot[], signal: AbortSignal): Promise<ReadTrees>;
  /** Closes what is kept open for the next reading. */
  release(): void;
}

/** Reads the trees; of processes outside of them, where the system has a way to, only what is new. */
function createTreeReader(
  { clock, readTable, tableParts = readTable === undefined ? systemTableParts : null }: SamplerOptions,
  detached: DetachedProcesses,
): TreeReader {
  const build = (
    { rows, find }: Pick<TableReading, 'rows' | 'find'>,
    roots: readonly TreeRoot[],
  ): ReadTrees => ({ rows, find, trees: buildProcessTrees(rows, roots, detached.all) });
  if (tableParts === null) {
    const readAll = readTable ?? readProcessTable;
    return {
      async read(roots, signal) {
        const rows = await readAll(signal);
        const byPid = new Map(rows.map((row) => [row.pid, row]));
        return build({ rows, find: (pid) => byPid.get(pid) ?? null }, roots);
      },
      release: () => undefined,
    };
  }
  const table = createSparingTable(tableParts, clock);
  let followed: ReadonlySet<number> = new Set();
  return {
    async read(roots, signal) {
      let found: ReadTrees;
      let isFresh: TableReading['isFresh'];
      // Again where a process that was nobody's has become one of a server's: as a spare that takes over.
      do {
        const reading = await table.read(followed, signal);
        isFresh = reading.isFresh;
        found = build(reading, roots);
        followed = new Set([...found.trees.flatMap(pidsOf), ...roots.map(({ pid }) => pid)]);
      } while (!found.trees.every(({ members }) => members.every((row) => isFresh(row))));
      return found;
    },
    release: () => table.release(),
  };
}

/** Makes the set of the keys of all processes without a text for each of them: only those of servers are asked for. */
function livingKeys(find: TableReading['find']): LivingProcesses {
  return {
    has(key) {
      const row = find(Number.parseInt(key, 10));
      return row !== null && processKey(row) === key;
    },
  };
}

const NOTHING: ReadonlyMap<number, ProcessUsage> = new Map();

function pidsOf({ members }: ProcessTree): number[] {
  return members.map(({ pid }) => pid);
}

function sizeOf(tree: ProcessTree, usage: ReadonlyMap<number, ProcessUsage>): SizedTree {
  const sizes = tree.members.map((row) => usageOf(row, usage).residentBytes);
  return { tree, residentBytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Publishes the usage of servers that still run: one may have ended while its numbers were read. */
function publishCurrent({ bus, roots }: SamplerOptions, measured: readonly MeasuredTree[]): void {
  const running = new Set(roots().map(({ server, pid }) => `${pid} ${server}`));
  for (const { tree, usage } of measured) {
    if (running.has(`${tree.root} ${tree.server}`))
      bus.publish({ kind: 'sampled', server: tree.server, usage });
  }
}

function firstLine(reason: unknown): string {
  const text = messageOf(reason);
  return text.split('\n', 1)[0] ?? text;
}
