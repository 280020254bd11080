// Watch on the config files: triggers a reload once a file has changed and then stayed the same for a moment.
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { watchFolder } from '../../system/files/watch-folder.ts';
import type { Clock } from '../../system/time/clock.ts';
import { untilTick } from '../../system/time/tick.ts';
import { statFingerprint } from './fingerprint.ts';

export interface ConfigWatchOptions {
  readonly clock: Clock;
  /** Absolute paths, asked for at each check. */
  readonly files: () => readonly string[];
  /** Whether their content differs from what was last applied or refused. */
  readonly hasChanged: () => Promise<boolean>;
  /** @returns false when they were refused, which is reported only if `isFinal` */
  readonly take: (isFinal: boolean) => Promise<boolean>;
  readonly onFault: (error: unknown) => void;
}

export interface ConfigWatch {
  stop(): void;
}

/** Ms without a change after which a file is read: an editor writes in several steps. */
const QUIET = 300;
/** Ms for which a file must stay the same before it is reported as invalid: it may be written in two halves. */
const STABLE = 2000;
/** Ms between two stats, for where the system reports no change: network disks, links, a folder that was replaced. */
const POLL_INTERVAL = 15_000;

/** Starts watching at once. At most one read is under way; changes meanwhile lead to one more. */
export function startConfigWatch(options: ConfigWatchOptions): ConfigWatch {
  const { clock, files, onFault } = options;
  let isStopped = false;
  let isWorking = false;
  let hasMore = false;
  let cancelQuiet = (): void => {};
  let cancelPause = (): void => {};
  const folders = createFolderWatch(notice);

  function notice(): void {
    if (isStopped) return;
    hasMore = true;
    if (isWorking) return;
    cancelQuiet();
    cancelQuiet = clock.after(QUIET, () => void work().catch(onFault));
  }

  async function work(): Promise<void> {
    isWorking = true;
    try {
      hasMore = false;
      await readQuietly();
      // What was read may name other files than before.
      await folders.follow(files());
    } finally {
      isWorking = false;
      if (hasMore) notice();
    }
  }

  async function readQuietly(): Promise<void> {
    if (!(await options.hasChanged()) || isStopped) return;
    if (await options.take(false)) return;
    await new Promise<void>((resolve) => {
      cancelPause = clock.after(STABLE, resolve);
    });
    if (!hasMore && !isStopped) await options.take(true);
  }

  // Something may have been saved before the watch began.
  void folders.follow(files()).then(notice).catch(onFault);
  const stopPolling = pollFiles({ clock, files, onFault, onChange: notice });
  return {
    stop() {
      isStopped = true;
      for (const cancel of [cancelQuiet, cancelPause, stopPolling]) cancel();
      folders.stop();
    },
  };
}

type PollOptions = Pick<ConfigWatchOptions, 'clock' | 'files' | 'onFault'> & {
  readonly onChange: () => void;
};

/** Polls by stat, each time after the one before: a disk that hangs is asked once. The returned function ends it. */
function pollFiles({ clock, files, onFault, onChange }: PollOptions): () => void {
  let isStopped = false;
  let last: string | null = null;
  let cancel = (): void => {};

  async function poll(): Promise<void> {
    const seen = await statFingerprint(files()).catch((error: unknown) => onFault(error));
    if (isStopped) return;
    if (last !== null && seen !== undefined && seen !== last) onChange();
    last = seen ?? last;
    cancel = clock.after(untilTick(clock, POLL_INTERVAL), () => void poll());
  }

  void poll();
  return () => {
    isStopped = true;
    cancel();
  };
}

interface FolderWatch {
  /** Watches the folders of these files and of their link targets, in place of all others. */
  follow(files: readonly string[]): Promise<void>;
  stop(): void;
}

/** Watches folders, not files: an editor that saves by renaming would leave us watching the old file. */
function createFolderWatch(onChange: () => void): FolderWatch {
  let release = (): void => {};
  let isStopped = false;
  return {
    async follow(files) {
      const places = await Promise.all(
        files.map(async (path) => [path, await realpath(path).catch(() => path)]),
      );
      if (isStopped) return;
      const releaseOld = release;
      const paths = places.flat();
      const names = new Set(paths.map((path) => basename(path)));
      const releases = [...new Set(paths.map((path) => dirname(path)))].map((folder) =>
        watchFolder(folder, (name) => {
          if (name === null || names.has(name)) onChange();
        }),
      );
      release = () => releases.forEach((each) => each());
      // Last: closing a watcher loses the changes that were still on their way to it.
      releaseOld();
    },
    stop() {
      isStopped = true;
      release();
    },
  };
}
