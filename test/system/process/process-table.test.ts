import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  commandOf,
  findByEnvironment,
  openFdsOf,
  readProcess,
  readProcessTable,
} from '../../../src/system/process/process-table.ts';
import * as darwin from '../../../src/system/process/process-table-darwin.ts';
import { openStatReader, parseStat } from '../../../src/system/process/process-table-linux.ts';
import { createUsageReader } from '../../../src/system/process/process-usage.ts';
import { startGroup } from '../../fakes/processes.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const isLinux = process.platform === 'linux';
function start(script: string, env: Record<string, string> = {}): number {
  return startGroup(['/bin/sh', '-c', script], env).pid;
}

describe.runIf(isLinux)('a reader of processes that are followed', () => {
  /** Pids whose files this process has open, but for what others in it have. */
  function openPids(): number[] {
    return readdirSync('/proc/self/fd')
      .flatMap((fd) => {
        try {
          return Number(/^\/proc\/(\d+)\/stat$/u.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? []);
        } catch {
          return [];
        }
      })
      .filter((pid) => !foreign.includes(pid))
      .sort((a, b) => a - b);
  }

  let foreign: readonly number[] = [];

  function opened(most?: number) {
    foreign = [];
    foreign = openPids();
    const reader = openStatReader(most);
    onTestFinished(() => reader.keepOnly(new Set()));
    return reader;
  }

  it('reads each time what is now, from one descriptor', async () => {
    const reader = opened();
    const pid = start('sleep 0.2 & wait; exec sleep 60');
    const first = reader.read(pid);
    expect(first).toMatchObject({ pid, ppid: process.pid, state: 'alive' });
    for (let count = 0; count < 20; count += 1) reader.read(pid);
    expect(openPids()).toEqual([pid]);
    process.kill(pid, 'SIGSTOP');
    await waitFor(() => reader.read(pid)?.isStopped === true);
    expect(reader.read(pid)).toEqual(readProcess(pid));
    expect(reader.read(pid)?.startToken).toBe(first?.startToken);
    reader.keepOnly(new Set());
    expect(openPids()).toEqual([]);
  });

  it('knows nothing of a process that has ended, and keeps nothing of it', async () => {
    const reader = opened();
    const pid = start('sleep 60');
    expect(reader.read(pid)?.state).toBe('alive');
    process.kill(pid, 'SIGKILL');
    await waitFor(() => reader.read(pid) === null);
    expect([reader.read(pid), openPids()]).toEqual([null, []]);
  });

  it('keeps nothing of servers that come and go, and no more than its share of many', async () => {
    const reader = opened(3);
    for (let round = 0; round < 4; round += 1) {
      const pids = Array.from({ length: 5 }, () => start('sleep 60'));
      for (const pid of pids) expect(reader.read(pid)).toMatchObject({ pid });
      reader.keepOnly(new Set(pids));
      expect(openPids()).toEqual(pids.slice(0, 3).toSorted((a, b) => a - b));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      reader.keepOnly(new Set());
      expect(openPids()).toEqual([]);
    }
  });

  const LAST_PID = '/proc/sys/kernel/ns_last_pid';

  it.runIf(process.getuid?.() === 0)(
    'reads another process that was given the same pid',
    async ({ skip }) => {
      const reader = opened();
      const pid = start('sleep 60');
      const first = reader.read(pid);
      // Its number is free once nobody is in its group any more.
      process.kill(-pid, 'SIGKILL');
      await waitFor(async () =>
        (await readProcessTable()).every((row) => row.pid !== pid && row.pgid !== pid),
      );
      // Whoever starts a process in between takes it.
      for (let attempt = 0; attempt < 50; attempt += 1) {
        try {
          writeFileSync(LAST_PID, String(pid - 1));
        } catch {
          break;
        }
        const again = start('sleep 60');
        if (again !== pid) continue;
        const second = reader.read(pid);
        expect(second).toEqual(readProcess(pid));
        expect(second?.startToken).not.toBe(first?.startToken);
        return;
      }
      skip('no pid can be given twice here');
    },
  );
});

describe('readProcessTable()', () => {
  it('shows this process as the system knows it', async () => {
    const own = (await readProcessTable()).find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({ ppid: process.ppid, state: 'alive' });
    expect(own!.residentBytes! / process.memoryUsage.rss()).toBeCloseTo(1, 0);
    expect(own!.cpuSeconds!).toBeGreaterThan(0);
    expect(own!.startToken).not.toBe('');
  });

  it('shows a child in its own group', async () => {
    const pid = start('sleep 60 & wait');
    const rows = await waitFor(async () => {
      const members = (await readProcessTable()).filter(({ pgid }) => pgid === pid);
      return members.length === 2 ? members : null;
    });
    expect(rows.find((row) => row.ppid === pid)).toMatchObject({ state: 'alive', pgid: pid });
    expect(readProcess(pid)).toMatchObject({ pid, ppid: process.pid });
  });

  it('tells a zombie from the living', async () => {
    // The parent turns into a sleep that never waits for its child.
    const pid = start('true & exec sleep 60');
    const zombie = await waitFor(async () =>
      (await readProcessTable()).find((row) => row.ppid === pid && row.state === 'zombie'),
    );
    expect(zombie.state).toBe('zombie');
    expect(readProcess(pid)).toMatchObject({ state: 'alive' });
  });

  it('ends with the reason of its signal', async () => {
    await expect(readProcessTable(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('knows nothing of a pid that nobody has', () => {
    const pid = Number(execFileSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    expect(readProcess(pid)).toBeNull();
  });
});

describe('parseStat()', () => {
  const rest =
    'S 1 42 42 0 -1 4194560 9 0 0 0 250 50 7 8 20 0 3 0 123456 1000000 500 18446744073709551615 1 1';

  it.each(['node', 'a b', 'evil) R 1 1 (', '((', ') (', ''])('is not fooled by the name "%s"', (name) => {
    expect(parseStat(`77 (${name}) ${rest}`)).toMatchObject({
      pid: 77,
      ppid: 1,
      pgid: 42,
      state: 'alive',
      startToken: '123456',
      threads: 3,
    });
  });

  it('adds user and system time of the process alone', () => {
    expect(parseStat(`77 (x) ${rest}`)!.cpuSeconds).toBe(3);
  });

  it.each(['T', 't'])('tells a stopped process: %s', (state) => {
    expect(parseStat(`77 (x) ${rest.replace('S', state)}`)).toMatchObject({
      state: 'alive',
      isStopped: true,
    });
    expect(parseStat(`77 (x) ${rest}`)).not.toHaveProperty('isStopped');
  });

  it('refuses what is no such line', () => {
    expect(parseStat('')).toBeNull();
    expect(parseStat('77 (x) S 1')).toBeNull();
  });
});

// Recorded in the form of BSD's ps: aligned columns, minutes above 59, hundredths, a day of one digit.
const MAC_SAMPLE = `
    1     0     1 Ss    21312  12:34.56 Mon Nov  2 08:01:02 2026
  431     1   431 S+    68120   0:00.42 Sun Nov 22 09:13:35 2026
  432   431   431 R    104448 127:01.05 Sun Nov 22 09:13:36 2026
  433   431   431 Z         0   0:00.00 Sun Nov 22 09:13:37 2026
  434     1   434 Us     1024 1-02:03:04.50 Sun Nov 22 09:13:38 2026
ps: something went wrong
`;

describe("the reading of macOS' ps", () => {
  it('understands a table as the manual shows it', () => {
    const rows = darwin.parseTable(MAC_SAMPLE);
    expect(rows.map(({ pid }) => pid)).toEqual([1, 431, 432, 433, 434]);
    expect(rows[0]).toEqual({
      pid: 1,
      ppid: 0,
      pgid: 1,
      state: 'alive',
      startToken: 'Mon Nov 2 08:01:02 2026',
      residentBytes: 21312 * 1024,
      cpuSeconds: 754.56,
      threads: null,
    });
    expect(rows.map(({ state }) => state)).toEqual(['alive', 'alive', 'alive', 'zombie', 'alive']);
    expect(rows.map(({ cpuSeconds }) => cpuSeconds)).toEqual([754.56, 0.42, 7621.05, 0, 93_784.5]);
  });

  it.each([
    ['0:00', 0],
    ['01:02', 62],
    ['1:02:03', 3723],
    ['2-00:00:01', 172_801],
    ['-', null],
    ['12', null],
  ])('reads the time %s', (text, seconds) => {
    expect(darwin.parseCpuTime(text)).toBe(seconds);
  });

  it('sees the same processes through a real ps as the system tells', async () => {
    const pid = start('exec sleep 60');
    await waitFor(() => darwin.readRow(pid));
    const rows = await darwin.readTable();
    const own = rows.find((row) => row.pid === pid);
    expect(own).toMatchObject({ ppid: process.pid, pgid: pid, state: 'alive' });
    expect(darwin.readRow(pid)!.startToken).toBe(own!.startToken);
    expect(Number.isNaN(Date.parse(`${own!.startToken} UTC`))).toBe(false);
    expect(await darwin.readCommand(pid)).toBe('sleep 60');
    expect(await darwin.readCommand(2 ** 22 + 1)).toBeNull();
  });
});

describe('commandOf()', () => {
  it('shows the arguments, made safe to print', async () => {
    const child = startGroup([process.execPath, '-e', 'setTimeout(() => {}, 60_000)', '\u001B[31mred\u0007']);
    const command = await waitFor(
      async () => (await commandOf(child.pid))?.includes('red') && commandOf(child.pid),
    );
    expect(command).toContain(String.raw`red\x07`);
    expect(command).not.toContain('\u001B');
  });

  it('masks secrets, also those that hold a space', async () => {
    const wait = 'setTimeout(() => {}, 60_000)';
    const child = startGroup([
      process.execPath,
      '-e',
      wait,
      'x',
      '--token',
      'hush hush',
      'https://me:hush@host/',
    ]);
    const command = await waitFor(
      async () => (await commandOf(child.pid))?.includes('token') && commandOf(child.pid),
    );
    expect(command).toMatch(/ x --token \[secret\] https:\/\/\[secret\]@host\/$/);
  });

  it('knows nothing of a pid that nobody has', async () => {
    expect(await commandOf(2 ** 22 + 1)).toBeNull();
  });
});

describe.runIf(isLinux)('what only Linux tells', () => {
  it('counts open files', async () => {
    const few = start('exec 3<&- ; exec sleep 60');
    const more = start('exec 3</dev/null 4</dev/null 5</dev/null; exec sleep 60');
    // While a program is being loaded it has a file more for a moment.
    await waitFor(() => (openFdsOf(more) ?? 0) - (openFdsOf(few) ?? 0) === 3, { what: 'three files more' });
    expect(openFdsOf(2 ** 22 + 1)).toBeNull();
  });

  it('finds by its environment what left the group after its parent died', async () => {
    const marker = `run-${process.pid}-${performance.now()}`;
    const script = `(setsid sleep 60 >/dev/null 2>&1 &) ; exit 0`;
    const pid = start(script, { MCP_WATCHDOG_TEST_MARKER: marker });
    await waitFor(() => readProcess(pid) === null);
    const [escaped, ...others] = await waitFor(async () => {
      const found = await findByEnvironment('MCP_WATCHDOG_TEST_MARKER', marker);
      // It is there for a moment before it leaves.
      return found.some((one) => readProcess(one)?.pgid !== pid) ? found : null;
    });
    onTestFinished(() => void process.kill(escaped!, 'SIGKILL'));
    expect(others).toEqual([]);
    expect(await findByEnvironment('MCP_WATCHDOG_TEST_MARKER', marker.slice(0, -1))).toEqual([]);
    expect(await findByEnvironment('WATCHDOG_TEST_MARKER', marker)).toEqual([]);
  });

  it('agrees with pidusage about time and memory', async () => {
    const pid = start('i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; kill -STOP $$; sleep 60');
    await waitFor(() => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T '));
    const usage = await createUsageReader(5000)([pid]);
    const row = readProcess(pid)!;
    expect(row.cpuSeconds!).toBeGreaterThan(0);
    expect(usage.get(pid)).toEqual({ cpuSeconds: row.cpuSeconds, residentBytes: row.residentBytes });
  });
});

describe('createUsageReader()', () => {
  it('leaves out who is gone, alone or among others, seen before or not', async () => {
    const read = createUsageReader(5000);
    const pid = start('exec sleep 60');
    expect(new Set((await read([pid, process.pid])).keys())).toEqual(new Set([pid, process.pid]));
    process.kill(pid, 'SIGKILL');
    await waitFor(() => readProcess(pid) === null);
    expect([...(await read([pid, process.pid])).keys()]).toEqual([process.pid]);
    expect((await read([pid])).size).toBe(0);
    expect((await read([2 ** 22 + 1])).size).toBe(0);
    expect((await read([])).size).toBe(0);
  });
});
