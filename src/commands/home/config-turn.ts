// Turn of one command among those that edit the config of a home: each edits what the one before it wrote.
import { join } from 'node:path';
import { acquireLock, type LockAttempt } from '../../control/lock.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';
import { pause } from '../../system/time/pause.ts';

/** An edit takes some 100 ms, ms. */
const RETRY_DELAY = 20;
/** Then it goes on without a turn: whoever holds it hangs, and the file is compared before it is replaced anyway, ms. */
const PATIENCE = 15_000;

/**
 * Runs `edit` while no other command edits this config. Without it, two that read the same text would both be told that
 * they had written theirs, and one of them would be lost.
 */
export async function inTurn<T>(paths: Pick<Paths, 'run'>, edit: () => T): Promise<T> {
  const turn = await waitForTurn(join(paths.run, 'config-edits'));
  try {
    return edit();
  } finally {
    if (turn?.held === true) turn.release();
  }
}

async function waitForTurn(folder: string): Promise<LockAttempt | null> {
  const since = systemClock.monotonic();
  while (systemClock.monotonic() - since < PATIENCE) {
    const attempt = tryTurn(folder);
    if (attempt?.held !== false) return attempt;
    await pause(systemClock, RETRY_DELAY);
  }
  return null;
}

/** Null where no lock can be made: what is wrong with the home is told by the edit itself. */
function tryTurn(folder: string): LockAttempt | null {
  try {
    return acquireLock(folder);
  } catch {
    return null;
  }
}
