// A home with files of any age in it: shared by the tests of housekeeping.
import { lutimesSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CleanupContext } from '../../src/housekeeping/cleanup-context.ts';
import type { Paths } from '../../src/system/files/paths.ts';
import { tempHome } from './temp-home.ts';

export const DAY = 86_400_000;
const NOW = Date.now();

export interface UntidyHome {
  readonly paths: Paths;
  /** A file of `bytes`, last written `age` ms ago. */
  file(path: string, options?: { age?: number; bytes?: number }): void;
  /** A version of a server with a package in it, installed `age` ms ago. */
  version(server: string, version: string, age?: number): void;
  current(server: string, version: string): void;
  /** Makes a folder or link `age` ms old, once everything in it is there. */
  date(path: string, age: number): void;
  facts(changes?: Partial<CleanupContext>): CleanupContext;
  /** Every file and link below the home, relative to it. */
  files(): string[];
}

export function untidyHome(paths = tempHome()): UntidyHome {
  const at = (path: string): string => join(paths.home, path);
  const date = (path: string, age: number): void =>
    lutimesSync(at(path), new Date(NOW - age), new Date(NOW - age));
  const file: UntidyHome['file'] = (path, { age = 0, bytes = 10 } = {}) => {
    mkdirSync(dirname(at(path)), { recursive: true, mode: 0o700 });
    writeFileSync(at(path), Buffer.alloc(bytes, 'x'));
    date(path, age);
  };
  return {
    paths,
    file,
    date,
    version(server, version, age = 0) {
      file(`servers/${server}/versions/${version}/node_modules/p/index.js`, { bytes: 1000 });
      date(`servers/${server}/versions/${version}`, age);
      date(`servers/${server}/versions`, age);
      date(`servers/${server}`, age);
    },
    current(server, version) {
      symlinkSync(join('versions', version), at(`servers/${server}/current`));
    },
    facts: (changes = {}) => ({
      paths,
      now: NOW,
      servers: new Map(),
      backupsKept: 14,
      running: new Set(),
      inUse: () => Promise.resolve(new Set<string>()),
      keep: () => () => false,
      ...changes,
    }),
    files: () =>
      readdirSync(paths.home, { recursive: true, withFileTypes: true, encoding: 'utf8' })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(paths.home.length + 1))
        .sort(),
  };
}
