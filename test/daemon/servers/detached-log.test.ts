// Log of detached processes: not a line for each of hundreds.
import { expect, it } from 'vitest';
import { createDetachedLog } from '../../../src/daemon/servers/detached-log.ts';

it('tells the first process of each server, and then how many there were', () => {
  const lines: unknown[][] = [];
  const report = createDetachedLog({ warn: (...told: unknown[]) => void lines.push(told) });
  for (let pid = 1; pid <= 649; pid += 1) report('browser', pid, pid);
  report('files', 7, 8);
  expect(lines).toEqual([
    [{ server: 'browser', pid: 1, pgid: 1 }, 'A process left its group'],
    [{ server: 'browser', count: 10 }, 'Processes keep leaving their group'],
    [{ server: 'browser', count: 100 }, 'Processes keep leaving their group'],
    [{ server: 'files', pid: 7, pgid: 8 }, 'A process left its group'],
  ]);
});
