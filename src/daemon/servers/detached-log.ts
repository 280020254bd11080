// Log of processes that left their server's process group: the first of each server, then a count.
import type { Logger } from '../../system/files/log.ts';

/** Creates the listener. A server that starts such a process with each call would fill the log: after the first, only 10, 100, 1000 … are told. */
export function createDetachedLog(
  log: Pick<Logger, 'warn'>,
): (server: string, pid: number, pgid: number) => void {
  const counts = new Map<string, number>();
  return (server, pid, pgid) => {
    const count = (counts.get(server) ?? 0) + 1;
    counts.set(server, count);
    if (count === 1) log.warn({ server, pid, pgid }, 'A process left its group');
    else if (/^10+$/u.test(String(count))) log.warn({ server, count }, 'Processes keep leaving their group');
  };
}
