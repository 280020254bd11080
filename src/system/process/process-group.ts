// Signals to whole process groups, and the check that a group is empty.
import { codeOf } from '../../core/base/guards.ts';

/** What a signal to a group met. `gone`: nothing was there to take it. */
export type SignalOutcome = 'sent' | 'gone';

/**
 * Sends `signal` to every process of the group `pgid`; 0 only asks whether anything is there.
 *
 * ESRCH is an empty group. EPERM is macOS' answer for a group of which only zombies are left
 * (XNU's killpg1 skips them), so it is "gone" as well: all members are our own descendants and ours to signal.
 */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): SignalOutcome {
  // Guards the two values that would address our own group or every process of the user.
  if (!Number.isInteger(pgid) || pgid <= 1)
    throw new RangeError(`Cannot signal group ${pgid}: not a group of ours`);
  return signalled(-pgid, signal);
}

/** The same for one process. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): SignalOutcome {
  if (!Number.isInteger(pid) || pid <= 1)
    throw new RangeError(`Cannot signal process ${pid}: not a process of ours`);
  return signalled(pid, signal);
}

/** SIGTERM, and SIGCONT behind it: a stopped process would never see the first. */
export function terminateGroup(pgid: number): SignalOutcome {
  const outcome = signalGroup(pgid, 'SIGTERM');
  if (outcome === 'sent') signalGroup(pgid, 'SIGCONT');
  return outcome;
}

function signalled(target: number, signal: NodeJS.Signals | 0): SignalOutcome {
  try {
    process.kill(target, signal);
    return 'sent';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ESRCH' || code === 'EPERM') return 'gone';
    throw error;
  }
}
