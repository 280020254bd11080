// Memory that the system charges to each process, where that is more than what is resident.
import * as darwin from './memory-footprint-darwin.ts';

/** Bytes by pid, of all processes of the machine. */
export type ReadFootprints = (signal?: AbortSignal) => Promise<ReadonlyMap<number, number>>;

/** Null on Linux, where resident memory is not compressed behind our back. */
export const readFootprints: ReadFootprints | null =
  process.platform === 'darwin' ? darwin.readFootprints : null;
