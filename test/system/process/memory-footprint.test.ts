import { describe, expect, test } from 'vitest';
import { parseTop } from '../../../src/system/process/memory-footprint-darwin.ts';

/** As the manual of top(1) and what people paste of it have it. */
const TOP = `Processes: 612 total, 3 running, 609 sleeping, 3021 threads
2026/11/22 12:00:00
Load Avg: 2.10, 2.40, 2.55
CPU usage: 4.16% user, 8.33% sys, 87.50% idle
SharedLibs: 512M resident, 101M data, 48M linkedit.
MemRegions: 0 total, 0B resident, 240M private, 1220M shared.
PhysMem: 15G used (2048M wired, 4301M compressor), 134M unused.
VM: 241T vsize, 4915M framework vsize, 0(0) swapins, 0(0) swapouts.
Networks: packets: 4410422/4318M in, 1926430/452M out.
Disks: 9103223/124G read, 5102212/98G written.

PID    MEM
20193  13G
4711   66M+
4712*  9999M-
815    2784K
16     4096B
7      1.5G
8      0B
garbage line
99     N/A
`;

describe('parseTop()', () => {
  test('reads the table, whatever the unit and the sign', () => {
    expect([...parseTop(TOP)]).toEqual([
      [20193, 13 * 2 ** 30],
      [4711, 66 * 2 ** 20],
      [4712, 9999 * 2 ** 20],
      [815, 2784 * 2 ** 10],
      [16, 4096],
      [7, 1.5 * 2 ** 30],
      [8, 0],
    ]);
  });

  test('takes the last of several samples', () => {
    expect(parseTop(`${TOP}\nPID MEM\n1 2M\n`)).toEqual(new Map([[1, 2 * 2 ** 20]]));
  });

  test.each(['', 'PID COMMAND\n1 launchd\n', '1 2M\n', 'PID MEM\n'])('finds nothing in %j', (text) => {
    expect(parseTop(text).size).toBe(0);
  });
});
