import { describe, expect, test } from 'vitest';
import { macosSample } from '../../fakes/macos-samples.ts';
import { playProgram } from '../../fakes/played-program.ts';
import { parseTop, readFootprints } from '../../../src/system/process/memory-footprint-darwin.ts';

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
    ]);
  });

  test('reads what was recorded', () => {
    expect(parseTop(macosSample('top-arm64.txt'))).toEqual(
      new Map([
        [4713, 12 * 2 ** 20],
        [4711, 859 * 2 ** 20],
        [512, 1314 * 2 ** 20],
        [600, 10 * 2 ** 30],
        [1, 14 * 2 ** 20],
        [0, 88 * 2 ** 10],
      ]),
    );
    expect([...parseTop(macosSample('top-intel-signs.txt')).keys()]).toEqual([38_091, 25_164, 900, 0]);
  });

  test('does not take 0B for a footprint: top may not look into that process', () => {
    expect(parseTop(macosSample('top-arm64.txt')).has(4712)).toBe(false);
  });

  test.each(['top-arm64.txt', 'top-intel-signs.txt'])('is not misled by a changed %s', (name) => {
    const text = macosSample(name);
    const all = parseTop(text);
    const at = text.indexOf('PID ');
    const [heading = '', ...rows] = text.slice(at).trimEnd().split('\n');
    const head = text.slice(0, at);
    expect(parseTop([head, heading, ...rows.toReversed()].join('\n'))).toEqual(all);
    expect(parseTop(head + rows.join('\n')).size).toBe(0);
    expect(parseTop([head, `${heading} CMPRS`, ...rows.map((row) => `${row} 12M`)].join('\n')).size).toBe(0);
    expect(parseTop([head, 'COMMAND PID MEM', ...rows.map((row) => `node ${row}`)].join('\n')).size).toBe(0);
    expect(parseTop(text.replaceAll(/(\d)([MG])/gu, '$1,5$2')).size).toBe(all.size);
    for (let end = at; end < text.length; end += 1)
      for (const [pid, bytes] of parseTop(text.slice(0, end)).entries())
        if (pid !== lastPid(text.slice(0, end))) expect(bytes).toBe(all.get(pid));
  });

  test('takes the last of several samples', () => {
    expect(parseTop(`${TOP}\nPID MEM\n1 2M\n`)).toEqual(new Map([[1, 2 * 2 ** 20]]));
  });

  test.each(['', 'PID COMMAND\n1 launchd\n', '1 2M\n', 'PID MEM\n'])('finds nothing in %j', (text) => {
    expect(parseTop(text).size).toBe(0);
  });
});

/** The process of the last line, which may be cut off within a number. */
function lastPid(text: string): number {
  return Number.parseInt(text.trimEnd().split('\n').at(-1) ?? '', 10);
}

describe('readFootprints()', () => {
  test('asks top once, without the statistics of libraries', async () => {
    const { asked } = playProgram('top', { stdout: TOP });
    expect((await readFootprints()).get(20193)).toBe(13 * 2 ** 30);
    expect(asked()).toEqual(['C -l 1 -F -stats pid,mem']);
  });

  test('fails when top prints no table, or ends with an error', async () => {
    playProgram('top', { stdout: 'top: unknown option\n' });
    await expect(readFootprints()).rejects.toThrow('top printed no table of processes');
    playProgram('top', { status: 1, stderr: 'Operation not permitted\n' });
    await expect(readFootprints()).rejects.toThrow('Operation not permitted');
  });
});
