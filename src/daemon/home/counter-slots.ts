// Counters between two savings of the state file: two small files that are overwritten in turns, so that one of them is always whole.
import { closeSync, fchmodSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { isObject, parseJson } from '../../core/base/guards.ts';

export interface CounterSlots {
  /** The newest counters that belong to the state with this stamp; null for none. */
  read(stamp: string): unknown;
  /**
   * Keeps counters until a state with another stamp is saved. No file is made or renamed for it, which takes 0.03 ms instead of one
   * to eight; like the state, it survives the end of this process at once, and an end of power once the system has written it.
   *
   * @throws the system's error
   */
  write(stamp: string, counters: unknown): void;
}

interface Slot {
  readonly stamp: string;
  readonly number: number;
  readonly counters: unknown;
}

/** Where the slots of a state file are. */
export function counterSlotPaths(state: string): readonly [string, string] {
  return [`${state}.counters-0`, `${state}.counters-1`];
}

export function openCounterSlots(state: string): CounterSlots {
  const paths = counterSlotPaths(state);
  const found = paths.map(readSlot);
  // The next one goes to the file of the older.
  let next = Math.max(0, ...found.map((slot) => (slot === null ? 0 : slot.number + 1)));
  return {
    read(stamp) {
      const own = found.filter((slot) => slot?.stamp === stamp);
      return own.toSorted((a, b) => (b?.number ?? 0) - (a?.number ?? 0))[0]?.counters ?? null;
    },
    write(stamp, counters) {
      const slot: Slot = { stamp, number: next, counters };
      overwrite(paths[next % 2 === 0 ? 0 : 1], JSON.stringify(slot));
      next += 1;
    },
  };
}

/** What stood there may have been longer: the first line says how much of the rest counts, and what its checksum is. */
function overwrite(path: string, body: string): void {
  const bytes = Buffer.from(body);
  const descriptor = openForWriting(path);
  try {
    // Not writeSync: on a full disk it writes a part and reports success.
    writeFileSync(descriptor, Buffer.concat([Buffer.from(`${bytes.length} ${crc32(bytes)}\n`), bytes]));
  } finally {
    closeSync(descriptor);
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch {
    const descriptor = openSync(path, 'w', 0o600);
    fchmodSync(descriptor, 0o600);
    return descriptor;
  }
}

function readSlot(path: string): Slot | null {
  try {
    const content = readFileSync(path);
    const start = content.indexOf('\n') + 1;
    const [length, checksum] = content.subarray(0, start).toString().split(' ').map(Number);
    const body = content.subarray(start, start + (length ?? 0));
    if (body.length !== length || crc32(body) !== checksum) return null;
    const slot = parseJson(body.toString());
    if (!isObject(slot) || typeof slot['stamp'] !== 'string' || typeof slot['number'] !== 'number')
      return null;
    return { stamp: slot['stamp'], number: slot['number'], counters: slot['counters'] };
  } catch {
    // There is none: the counters are those of the state file.
    return null;
  }
}
