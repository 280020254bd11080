import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseRollup, readProportional } from '../../../src/system/process/process-memory.ts';
import { readProcess } from '../../../src/system/process/process-table.ts';

const ROLLUP = `55f0a0a00000-7ffc4b1fe000 ---p 00000000 00:00 0                          [rollup]
Rss:              190464 kB
Pss:              143301 kB
Pss_Dirty:        101000 kB
Shared_Clean:      47000 kB
SwapPss:               0 kB
`;

describe('parseRollup()', () => {
  it('takes the sum, not one of its parts', () => {
    expect(parseRollup(ROLLUP)).toBe(143_301 * 1024);
    expect(parseRollup('')).toBeNull();
  });
});

describe.runIf(process.platform === 'linux')('readProportional()', () => {
  it('is at most what is resident', async () => {
    const bytes = await readProportional!(process.pid);
    expect(bytes).toBeGreaterThan(1024 ** 2);
    expect(bytes).toBeLessThanOrEqual((readProcess(process.pid)?.residentBytes ?? 0) * 1.2);
  });

  it('tells a process that is gone from one that cannot be read', async () => {
    const child = spawn('true');
    const { pid = 0 } = child;
    await once(child, 'exit');
    expect(await readProportional!(pid)).toBe('gone');
    // A kernel thread has no memory map at all; for others than root even its file is closed.
    if (process.getuid?.() !== 0) expect(await readProportional!(1)).toBe('unreadable');
  });
});
