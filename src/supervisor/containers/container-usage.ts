// Usage of running containers, read from their engines in the background: never more than one reading at a time.
import type { Clock } from '../../system/time/clock.ts';
import { findContainers, measureContainers } from './container-engine.ts';
import { type ContainerRecord, readContainerId } from './container-records.ts';

/** Sums over the containers of one server. */
export interface ContainerUsage {
  readonly residentBytes: number;
  readonly cpuCores: number;
  /** Cumulative since the daemon first saw the server, seconds; between two readings the later one counts. */
  readonly cpuSeconds: number;
  readonly processes: number;
}

export interface ContainerUsages {
  /** Takes a container in; returns what lets it go. */
  add(server: string, record: ContainerRecord): () => void;
  /** Returns the latest; a new reading is begun when it is old. */
  of(server: string): ContainerUsage | null;
}

interface Measured {
  readonly server: string;
  readonly record: ContainerRecord;
  reading: {
    readonly at: number;
    readonly cores: number;
    readonly bytes: number;
    readonly processes: number;
  } | null;
}

/** Ms between two readings: each starts a client, and takes the engine one to two seconds. */
const EVERY = 10_000;

async function idOf(record: ContainerRecord): Promise<string | null> {
  const written = readContainerId(record.cidfile);
  if (written !== null || record.cidfile !== null) return written;
  const found = await findContainers(record).catch(() => []);
  return typeof found === 'string' ? null : (found[0] ?? null);
}

export function createContainerUsage({ clock }: { readonly clock: Clock }): ContainerUsages {
  const running = new Set<Measured>();
  /** By server: what its containers used so far, those that are gone included. */
  const seconds = new Map<string, number>();
  let readAt = -Infinity;
  let isReading = false;

  async function read(): Promise<void> {
    isReading = true;
    readAt = clock.monotonic();
    const engines = new Map<string, Measured[]>();
    for (const each of running) {
      const engine = JSON.stringify([each.record.client, each.record.env]);
      engines.set(engine, [...(engines.get(engine) ?? []), each]);
    }
    const counts = await Promise.all([...engines.values()].map(readEngine));
    // The client writes the id down some time after its start: the next sample looks again.
    if (counts.every((count) => count === 0)) readAt = -Infinity;
    isReading = false;
  }

  async function readEngine(measured: readonly Measured[]): Promise<number> {
    const named = await Promise.all(measured.map(async (each) => ({ each, id: await idOf(each.record) })));
    const known = named.flatMap(({ each, id }) => (id === null ? [] : [{ each, id }]));
    const [first] = known;
    if (first === undefined) return 0;
    const readings = await measureContainers(
      first.each.record,
      known.map(({ id }) => id),
    ).catch(() => null);
    const at = clock.monotonic();
    for (const { each, id } of known) {
      const found = readings?.find((reading) => id.startsWith(reading.id) || reading.id.startsWith(id));
      if (found === undefined) {
        each.reading = null;
        continue;
      }
      const used = each.reading === null ? 0 : (found.cores * (at - each.reading.at)) / 1000;
      seconds.set(each.server, (seconds.get(each.server) ?? 0) + used);
      each.reading = { at, cores: found.cores, bytes: found.bytes, processes: found.processes };
    }
    return known.length;
  }

  return {
    add(server, record) {
      const measured: Measured = { server, record, reading: null };
      running.add(measured);
      return () => void running.delete(measured);
    },
    of(server) {
      if (running.size > 0 && !isReading && clock.monotonic() - readAt >= EVERY) void read();
      const readings = [...running].flatMap((each) => (each.server === server ? (each.reading ?? []) : []));
      if (readings.length === 0) return null;
      const sum = (part: 'cores' | 'bytes' | 'processes'): number =>
        readings.reduce((total, reading) => total + reading[part], 0);
      return {
        residentBytes: sum('bytes'),
        cpuCores: sum('cores'),
        cpuSeconds: seconds.get(server) ?? 0,
        processes: sum('processes'),
      };
    },
  };
}
