// A file system as the planner of the service asks for it, from a few tables.
import type { Machine } from '../../src/service/shared/machine.ts';

export interface MachineFacts {
  /** Executables that are a node, with its version; null is one that does not run. */
  readonly nodes?: Readonly<Record<string, string | null>>;
  readonly programs?: readonly string[];
  readonly files?: readonly string[];
  /** With what is in them. */
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly links?: Readonly<Record<string, string>>;
}

export function machineOf({
  nodes = {},
  programs = [],
  files = [],
  folders = {},
  links = {},
}: MachineFacts = {}): Machine {
  const isExecutable = (path: string): boolean => path in nodes || programs.includes(path);
  return {
    isExecutable,
    isFile: (path) => isExecutable(path) || files.includes(path),
    isFolder: (path) => path in folders,
    isWritable: () => true,
    realpath: (path) => links[path] ?? path,
    list: (folder) => folders[folder] ?? [],
    nodeVersion: (path) => nodes[path] ?? null,
  };
}
