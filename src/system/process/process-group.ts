// Signals to whole process groups, and the check that a group is empty.
import { codeOf } from '../../core/base/guards.ts';

/** Result of a signal. `gone`: there was no process to take it. */
export type SignalOutcome = 'sent' | 'gone';

/**
 * Sends `signal` to every process of the group `pgid`; 0 only checks whether there is one.
 *
 * ESRCH means an empty group. EPERM is macOS' answer for a group of zombies only (XNU's killpg1 skips them), so it means
 * "gone" as well: all members are our own descendants, which we may signal.
 */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): SignalOutcome {
  // 0 and 1 would address our own group or every process of the user.
  if (!Number.isInteger(pgid) || pgid <= 1)
    throw new RangeError(`Cannot signal group ${pgid}: not a group of ours`);
  return sendSignal(-pgid, signal);
}

/** Sends `signal` to one process. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): SignalOutcome {
  if (!Number.isInteger(pid) || pid <= 1)
    throw new RangeError(`Cannot signal process ${pid}: not a process of ours`);
  return sendSignal(pid, signal);
}

/** Sends SIGTERM, then SIGCONT: a stopped process would never handle the first. */
export function terminateGroup(pgid: number): SignalOutcome {
  const outcome = signalGroup(pgid, 'SIGTERM');
  if (outcome === 'sent') signalGroup(pgid, 'SIGCONT');
  return outcome;
}

function sendSignal(target: number, signal: NodeJS.Signals | 0): SignalOutcome {
  try {
    process.kill(target, signal);
    return 'sent';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ESRCH' || code === 'EPERM') return 'gone';
    throw error;
  }
}
