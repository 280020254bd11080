// Working folder of a server on this machine: whether a program can start in it.
import { accessSync, constants, statSync } from 'node:fs';
import { messageOf } from '../../core/base/guards.ts';

/** Why a program cannot start in a folder, and the cure, as the rest of a sentence each. */
export interface FolderFault {
  readonly why: string;
  readonly cure: string;
  /** `absent` and `barred`: it may come by itself, as a volume does that is mounted late. */
  readonly kind: 'absent' | 'barred' | 'no folder';
}

/** Finds what is wrong with the folder that the server `name` starts in; null when it can start there. */
export function folderFault(name: string, folder: string): FolderFault | null {
  const key = `servers.${name}.cwd`;
  try {
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats === undefined) {
      const cure = `create it, mount its volume, or set ${key}`;
      return { kind: 'absent', why: `its folder ${folder} does not exist`, cure };
    }
    if (!stats.isDirectory())
      return {
        kind: 'no folder',
        why: `its folder ${folder} is not a folder`,
        cure: `set ${key} to a folder`,
      };
    accessSync(folder, constants.X_OK);
    return null;
  } catch (error) {
    // A network drive that has lost its server, for instance.
    const why = `its folder ${folder} cannot be reached: ${messageOf(error)}`;
    return {
      kind: 'barred',
      why,
      cure: `see whether its volume is mounted and yours to enter, or set ${key}`,
    };
  }
}

/** `s: its folder /x does not exist; create it, mount its volume, or set servers.s.cwd`; null when it can start in it. */
export function folderWarning(name: string, folder: string): string | null {
  const fault = folderFault(name, folder);
  return fault === null ? null : `${name}: ${fault.why}; ${fault.cure}`;
}
