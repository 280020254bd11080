// Lists of a server as they were last read, on disk: they answer for it while nobody uses it and it does not run.
import { dirname } from 'node:path';
import { isObject, parseJson } from '../../core/base/guards.ts';
import type { JsonObject } from '../../core/base/json-rpc.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';

export interface KnownLists {
  /** Keeps these results, by method; those of other methods stay. */
  add(results: Readonly<Record<string, JsonObject>>): void;
  /** Results by method; empty where nothing is known, or another program was started under this name. */
  read(): Readonly<Record<string, JsonObject>>;
}

export interface KnownListsOptions {
  /** Hash of all that decides what the server lists. */
  readonly program: string;
  /** Removes secrets from what a server lists before it is kept. */
  readonly scrub: (results: Readonly<Record<string, JsonObject>>) => Readonly<Record<string, JsonObject>>;
  readonly onFault: (error: unknown) => void;
}

/** Characters of a file; a server that lists more is started to be asked. */
const MAX_SIZE = 4 * 1024 ** 2;

/** Not in memory while the server runs. */
export function createKnownLists(path: string, { program, scrub, onFault }: KnownListsOptions): KnownLists {
  function read(): Record<string, JsonObject> {
    const text = readFileOrNull(path) ?? '';
    const saved = text.length > MAX_SIZE ? null : parseJson(text);
    if (!isObject(saved) || saved['program'] !== program || !isObject(saved['results'])) return {};
    return Object.fromEntries(
      Object.entries(saved['results']).flatMap(([method, result]) =>
        isObject(result) ? [[method, result]] : [],
      ),
    );
  }

  return {
    read,
    add(results) {
      const text = `${JSON.stringify({ program, results: { ...read(), ...scrub(results) } })}\n`;
      if (text.length > MAX_SIZE) return;
      try {
        makeFolder(dirname(path));
        writeFileAtomic(path, text, { mode: 0o600, durable: false });
      } catch (error) {
        onFault(error);
      }
    },
  };
}
