// State file form of a server's counters and last events, with a checked reader.
import { RESTART_REASONS, type RestartReason } from '../model/vocabulary.ts';
import { NO_HISTORY, type ServerHistory, type ServerStatus } from '../model/status.ts';
import { isObject } from '../base/guards.ts';

/** Picks the part of a server's status that outlives the daemon. */
export function historyToSave({
  restarts,
  startFailures,
  lastRestart,
  lastExit,
}: ServerStatus): ServerHistory {
  return { restarts, startFailures, lastRestart, lastExit };
}

/** @param saved JSON of any age and shape; implausible parts start from zero */
export function readServerHistory(saved: unknown): ServerHistory {
  if (!isObject(saved)) return NO_HISTORY;
  return {
    restarts: readRestarts(saved['restarts']),
    startFailures: readCount(saved['startFailures']),
    lastRestart: readLastRestart(saved['lastRestart']),
    lastExit: readLastExit(saved['lastExit']),
  };
}

function readRestarts(saved: unknown): Readonly<Record<RestartReason, number>> {
  const restarts = { ...NO_HISTORY.restarts };
  if (isObject(saved)) for (const reason of RESTART_REASONS) restarts[reason] = readCount(saved[reason]);
  return restarts;
}

function readLastRestart(saved: unknown): ServerHistory['lastRestart'] {
  if (!isObject(saved)) return null;
  const { at, reason, detail } = saved;
  const known = RESTART_REASONS.find((one) => one === reason);
  return known === undefined || !isTime(at)
    ? null
    : { at, reason: known, detail: typeof detail === 'string' ? detail : null };
}

function readLastExit(saved: unknown): ServerHistory['lastExit'] {
  if (!isObject(saved) || !isTime(saved['at'])) return null;
  const { at, code, signal } = saved;
  return {
    at,
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  };
}

function readCount(saved: unknown): number {
  return typeof saved === 'number' && Number.isSafeInteger(saved) && saved >= 0 ? saved : 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
