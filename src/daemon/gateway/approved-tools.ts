// Tool definitions as they were first seen or approved, on disk, and the comparison with those of now.
import { join } from 'node:path';
import { isObject, parseJson } from '../../core/base/guards.ts';
import {
  addFirstSeen,
  approveAll,
  compareDefinitions,
  readDefinitions,
  type ShownChange,
  type ToolChange,
  type ToolDefinitions,
} from '../../core/gateway/tool-definitions.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';

export interface ToolApprovals {
  /**
   * Compares what a server says now with what is approved. A first look approves, and so does a version that we
   * installed: then the changes are told as `ours`.
   */
  look(
    server: string,
    seen: SeenTools,
  ): { readonly changes: readonly ToolChange[]; readonly ours: readonly ToolChange[] };
  /** What `approve` would approve; empty when nothing has changed since the last look. */
  show(server: string): readonly ShownChange[];
  /** Approves what was last seen, and returns how much that is. */
  approve(server: string): number;
  forget(server: string): void;
}

export interface SeenTools {
  /** Command and package: another program begins anew. */
  readonly program: string;
  /** Version of the package that we installed; null for what we did not install. */
  readonly version: string | null;
  readonly definitions: ToolDefinitions;
}

interface Approved {
  readonly program: string;
  readonly version: string | null;
  readonly definitions: ToolDefinitions;
}

/** Not kept in memory: it is needed when lists are read, which is seldom, and may be large. */
export function createToolApprovals(folder: string): ToolApprovals {
  const lastSeen = new Map<string, SeenTools>();
  const pathOf = (server: string): string => join(folder, `${server}.json`);

  function read(server: string): Approved | null {
    const saved = parseJson(readFileOrNull(pathOf(server)) ?? '');
    if (!isObject(saved)) return null;
    const { program, version, definitions } = saved;
    const known = readDefinitions(definitions);
    if (typeof program !== 'string' || known === null) return null;
    return { program, version: typeof version === 'string' ? version : null, definitions: known };
  }

  function save(server: string, approved: Approved): void {
    makeFolder(folder);
    writeFileAtomic(pathOf(server), `${JSON.stringify(approved)}\n`, { mode: 0o600 });
  }

  return {
    look(server, seen) {
      const { program, version, definitions } = seen;
      const approved = read(server);
      if (approved === null || approved.program !== program) {
        lastSeen.delete(server);
        save(server, seen);
        return { changes: [], ours: [] };
      }
      const changes = compareDefinitions(approved.definitions, definitions);
      const isOurUpdate = version !== null && version !== approved.version;
      if (isOurUpdate) {
        lastSeen.delete(server);
        save(server, { program, version, definitions: approveAll(approved.definitions, definitions) });
        return { changes: [], ours: changes };
      }
      const grown = addFirstSeen(approved.definitions, definitions);
      const isGrown = Object.keys(grown.tools).length !== Object.keys(approved.definitions.tools).length;
      if (isGrown) save(server, { ...approved, definitions: grown });
      if (changes.length === 0) lastSeen.delete(server);
      else lastSeen.set(server, seen);
      return { changes, ours: [] };
    },
    show(server) {
      const seen = lastSeen.get(server);
      const approved = read(server);
      if (seen === undefined || approved === null) return [];
      return compareDefinitions(approved.definitions, seen.definitions).flatMap(
        ({ tool, parts }): ShownChange[] => {
          if (tool === null)
            return [
              {
                tool,
                part: 'instructions',
                before: approved.definitions.instructions,
                after: seen.definitions.instructions,
              },
            ];
          const before = approved.definitions.tools[tool];
          const after = seen.definitions.tools[tool];
          return parts.map((part) => ({
            tool,
            part,
            before: before?.[part] ?? null,
            after: after?.[part] ?? null,
          }));
        },
      );
    },
    approve(server) {
      const seen = lastSeen.get(server);
      const approved = read(server);
      if (seen === undefined || approved === null) return 0;
      const count = compareDefinitions(approved.definitions, seen.definitions).length;
      save(server, { ...seen, definitions: approveAll(approved.definitions, seen.definitions) });
      lastSeen.delete(server);
      return count;
    },
    forget(server) {
      lastSeen.delete(server);
    },
  };
}
