// Refresh of a server's lists after its notices: one reading at a time, and fewer the more often it says that they changed.
import type { ListName } from '../../core/gateway/model.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';

interface ListRefreshParts {
  readonly clock: Pick<Clock, 'after'>;
  /** Ends it with the process. */
  readonly signal: AbortSignal;
  /** Reads these lists, as they are now. */
  readonly read: (lists: readonly ListName[]) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Ms after a first reading in which notices are collected. It doubles with each reading, up to the longest. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5_000;

/**
 * Returns what takes each notice. The first is followed at once; those that come while a list is read, or in the pause after it,
 * are followed by one reading together. After a pause without a notice it begins again with the shortest.
 */
export function createListRefresh({
  clock,
  signal,
  read,
  onFault,
}: ListRefreshParts): (list: ListName) => void {
  const changed = new Set<ListName>();
  let isRunning = false;

  async function run(): Promise<void> {
    for (let delay = FIRST_PAUSE; changed.size > 0 && !signal.aborted; delay = longer(delay)) {
      const lists = [...changed];
      changed.clear();
      await read(lists).catch(onFault);
      await pause(clock, delay, signal);
    }
    isRunning = false;
  }

  return (list) => {
    changed.add(list);
    if (isRunning) return;
    isRunning = true;
    void run();
  };
}

function longer(delay: number): number {
  return Math.min(2 * delay, LONGEST_PAUSE);
}
