// The first deed of a new daemon: to end what an earlier one could not.
import type { ProcessRecord } from '../supervisor/process-registry.ts';
import { reapLeftovers } from '../supervisor/reap.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/log.ts';

/** A process table that cannot be read leaves them alone: nothing is signalled on a guess. */
export async function reapEarlier(
  records: readonly ProcessRecord[],
  { bus, clock, log }: { bus: Bus; clock: Clock; log: Logger },
): Promise<void> {
  try {
    for (const { server, pid, command } of await reapLeftovers(records, clock)) {
      bus.publish({ kind: 'reaped', server, pid, why: command ?? 'left by an earlier daemon' });
    }
  } catch (err) {
    log.error({ err }, 'Cannot look for what an earlier daemon left');
  }
}
