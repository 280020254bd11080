// Watch of files and whole folders: reports what changed once nothing has changed any more for a moment; and the wait for a
// path to appear.
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../time/clock.ts';
import { watchFolder } from './watch-folder.ts';

export interface PathWatchOptions {
  readonly clock: Clock;
  /** Absolute. A folder means every file below it, see `isIgnored`; a path that does not exist yet is awaited. */
  readonly paths: readonly string[];
  /** Called with the files that were added, removed or written since the last call, sorted. */
  readonly onChange: (changed: readonly string[]) => void;
  /** Called once when there are more files than are watched. */
  readonly onTooMany: (limit: number) => void;
}

/** Ms without a change after which changes are reported: a build and an editor write in several steps. */
const QUIET = 500;
/** Ms after which they are reported all the same. */
const LONGEST_WAIT = 10_000;
/** Ms between two looks at all files, for where the system reports no change: network disks, too many watches. */
const POLL = 5000;
/** Pause after such a look, in times of what it took: it never costs more than half a percent of one core. */
const PAUSE = 200;
/** Files and folders that are watched; more than that is a folder that nobody meant. */
const MOST_FILES = 5000;
const MOST_FOLDERS = 500;

export interface PathWatch {
  /** Resolves once it is known what the files are like now: what is written before then may not count as a change. */
  readonly begun: Promise<void>;
  stop(): void;
}

/** Starts watching at once. */
export function watchPaths(options: PathWatchOptions): PathWatch {
  const { clock } = options;
  const watchers = new Map<string, { readonly identity: string; readonly release: () => void }>();
  let before: ReadonlyMap<string, string> | null = null;
  let isStopped = false;
  let wasTooMany = false;
  let firstNotice: number | null = null;
  let cancelQuiet = (): void => {};
  let cancelPoll = (): void => {};

  function notice(): void {
    if (isStopped) return;
    const now = clock.monotonic();
    firstNotice ??= now;
    cancelQuiet();
    cancelQuiet = clock.after(
      Math.max(0, Math.min(QUIET, firstNotice + LONGEST_WAIT - now)),
      () => void report(),
    );
  }

  async function report(): Promise<void> {
    firstNotice = null;
    const found = await look();
    if (isStopped) return;
    const changed = differences(before, found);
    before = found;
    if (changed.length > 0) options.onChange(changed);
  }

  async function look(): Promise<ReadonlyMap<string, string>> {
    const { files, folders, isCut } = await scan(options.paths);
    if (isStopped) return files;
    follow(folders);
    if (isCut && !wasTooMany) options.onTooMany(MOST_FILES);
    wasTooMany = isCut;
    return files;
  }

  function follow(folders: Folders): void {
    for (const [folder, { identity, release }] of watchers) {
      if (folders.get(folder)?.identity === identity) continue;
      watchers.delete(folder);
      release();
    }
    for (const [folder, { identity, names }] of folders) {
      if (watchers.has(folder)) continue;
      const isMeant = (name: string): boolean => (names === null ? !isIgnored(name) : names.has(name));
      const release = watchFolder(folder, (name) => {
        if (name === null || isMeant(name)) notice();
      });
      watchers.set(folder, { identity, release });
    }
  }

  async function poll(): Promise<void> {
    const startedAt = clock.monotonic();
    const found = await look();
    if (isStopped) return;
    if (before === null) before = found;
    else if (differences(before, found).length > 0) notice();
    const took = clock.monotonic() - startedAt;
    cancelPoll = clock.after(Math.max(POLL, took * PAUSE), () => void poll());
  }

  return {
    begun: poll(),
    stop() {
      isStopped = true;
      cancelQuiet();
      cancelPoll();
      for (const { release } of watchers.values()) release();
      watchers.clear();
    },
  };
}

/**
 * Tells whether an entry below a watched folder is left out: installed packages, caches, folders and files that editors and
 * version control keep for themselves. A path that the config names is never left out.
 */
export function isIgnored(name: string): boolean {
  if (name === 'node_modules' || name === '__pycache__' || name === '.DS_Store') return true;
  return /^\.(?:git|hg|svn|venv|idea|vscode|cache)$|^\.#|^#.*#$|~$|\.sw[a-z]$|\.py[co]$/.test(name);
}

/** Folders to watch, by path. */
type Folders = ReadonlyMap<string, WatchedFolder>;

interface WatchedFolder {
  /** Differs when a build has removed the folder and made it again: the old watch hears nothing more. */
  readonly identity: string;
  /** The names that matter in it; null for all. */
  readonly names: ReadonlySet<string> | null;
}

interface Scan {
  /** What a file was like, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly folders: Folders;
  /** Whether there is more than was looked at. */
  readonly isCut: boolean;
}

async function scan(paths: readonly string[]): Promise<Scan> {
  const files = new Map<string, string>();
  const folders = new Map<string, Set<string> | null>();
  const pending: string[] = [];
  const watchName = (path: string): void => {
    const folder = dirname(path);
    const names = folders.get(folder);
    if (names !== null) folders.set(folder, (names ?? new Set()).add(basename(path)));
  };
  for (const path of paths) {
    const print = await printOf(path);
    if (print === 'folder') pending.push(path);
    else if (print !== null) files.set(path, print);
    // Its parent shows that it is replaced or created; behind a link, the target's parent that it is written.
    watchName(path);
    const target = await realpath(path).catch(() => path);
    if (target !== path) watchName(target);
  }
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (folders.size >= MOST_FOLDERS || files.size >= MOST_FILES)
      return { files, folders: await identified(folders), isCut: true };
    folders.set(folder, null);
    pending.push(...(await readFolder(folder, files)));
  }
  return { files, folders: await identified(folders), isCut: false };
}

async function identified(folders: ReadonlyMap<string, ReadonlySet<string> | null>): Promise<Folders> {
  const entries = [...folders].map(async ([folder, names]) => {
    const identity = await stat(folder).then(
      ({ ino, birthtimeMs }) => `${ino} ${birthtimeMs}`,
      () => 'missing',
    );
    return [folder, { identity, names }] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Adds the files of the folder, and returns the folders in it. A link to a folder is not followed: it may lead back. */
async function readFolder(folder: string, files: Map<string, string>): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inside: string[] = [];
  for (const entry of entries) {
    if (isIgnored(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) inside.push(path);
    else if (files.size < MOST_FILES) {
      const print = await printOf(path);
      if (print !== null && print !== 'folder') files.set(path, print);
    }
  }
  return inside;
}

/** Null for what is missing, or neither a file nor a folder. */
async function printOf(path: string): Promise<string | null> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return 'folder';
    return stats.isFile() ? [stats.ino, stats.size, stats.mtimeMs].join(' ') : null;
  } catch {
    return null;
  }
}

function differences(
  before: ReadonlyMap<string, string> | null,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  if (before === null) return [];
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Ms between two questions whether a path is there. */
const ASK_EVERY = 1000;

/**
 * Calls `onThere` once `path` exists, by asking: no watch sees that a volume was mounted. One question at a time, so that a
 * network drive that hangs takes one thread, not all.
 *
 * @returns ends the wait
 */
export function awaitPath(path: string, clock: Clock, onThere: () => void): () => void {
  let isOver = false;
  let cancel = clock.after(ASK_EVERY, () => void ask());

  async function ask(): Promise<void> {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isOver) return;
    if (isThere) return onThere();
    cancel = clock.after(ASK_EVERY, () => void ask());
  }

  return () => {
    isOver = true;
    cancel();
  };
}
