// Generation of each server: a number in the MAC of its session ids, which grows when its name comes to mean another program.
import { isObject, parseJson } from '../core/base/guards.ts';
import { readFileOrNull } from '../system/files/read-file.ts';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';

export interface Generations {
  /**
   * Returns the generation of a server that is there from now on.
   *
   * @param program what the server is, without its version: another one begins a new generation
   */
  of(name: string, program: string): number;
  /** Notes that a server was removed: a later one of that name does not take its sessions. */
  retire(name: string): void;
}

interface Entry {
  readonly generation: number;
  /** Null once it was removed. */
  readonly program: string | null;
}

/**
 * Opens the file with one entry a name.
 *
 * @param onFault called with what kept the file from being written; numbers then hold for this daemon only
 */
export function openGenerations(path: string, onFault: (error: unknown) => void): Generations {
  const entries = new Map<string, Entry>(entriesOf(parseJson(readFileOrNull(path) ?? '')));

  function set(name: string, entry: Entry): void {
    entries.set(name, entry);
    try {
      writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(entries))}\n`);
    } catch (error) {
      onFault(error);
    }
  }

  return {
    of(name, program) {
      const known = entries.get(name);
      if (known?.program === program) return known.generation;
      const generation = (known?.generation ?? 0) + 1;
      set(name, { generation, program });
      return generation;
    },
    retire(name) {
      const known = entries.get(name);
      if (known !== undefined && known.program !== null) set(name, { ...known, program: null });
    },
  };
}

function entriesOf(saved: unknown): [string, Entry][] {
  if (!isObject(saved)) return [];
  return Object.entries(saved).flatMap(([name, entry]): [string, Entry][] => {
    if (!isObject(entry) || typeof entry['generation'] !== 'number') return [];
    const { generation, program } = entry;
    return [[name, { generation, program: typeof program === 'string' ? program : null }]];
  });
}
