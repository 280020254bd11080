// Capture of server output: whole lines, limited lines, limited rate, and a responsive daemon during a flood.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { captureOutput } from '../../src/logs/capture-output.ts';
import type { CaptureOptions } from '../../src/logs/capture-output.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { FakeClock } from '../fakes/clock.ts';
import { waitFor } from '../fakes/wait-for.ts';

interface Captured {
  readonly lines: string[];
  readonly cut: number[];
  readonly dropped: { lines: number; bytes: number };
  readonly reports: number[];
  stop(): void;
}

function capture(stream: Readable, options: Partial<CaptureOptions> = {}): Captured {
  const captured = {
    lines: [] as string[],
    cut: [] as number[],
    dropped: { lines: 0, bytes: 0 },
    reports: [] as number[],
  };
  const stop = captureOutput(stream, {
    clock: systemClock,
    onLine(line, dropped) {
      captured.lines.push(line);
      if (dropped > 0) captured.cut.push(dropped);
    },
    onDropped(lines, bytes) {
      captured.dropped.lines += lines;
      captured.dropped.bytes += bytes;
      captured.reports.push(lines);
    },
    ...options,
  });
  return { ...captured, stop };
}

/** A stream under virtual time, with a budget of 10,000 bytes at once and 1,000 a second. */
function flooded(options: Partial<CaptureOptions> = {}): {
  stream: PassThrough;
  clock: FakeClock;
  captured: Captured;
} {
  const stream = new PassThrough();
  const clock = new FakeClock();
  return {
    stream,
    clock,
    captured: capture(stream, { clock, burst: 10_000, maxBytesPerSecond: 1000, ...options }),
  };
}

const pushed = (stream: PassThrough): Promise<void> =>
  new Promise((resolve) => stream.write('', () => setImmediate(resolve)));
const row = (text: string): string => `${text.padEnd(99, '.')}\n`;

describe('captureOutput()', () => {
  it('gives each line, the last one without a newline too, and stops at the end', async () => {
    const stream = new PassThrough();
    const { lines } = capture(stream);
    stream.end('a\nb\r\n\nlast words');
    await waitFor(() => lines.length === 4);
    expect(lines).toEqual(['a', 'b', '', 'last words']);
  });

  it('survives invalid UTF-8 and a broken pipe', async () => {
    const stream = new PassThrough();
    const { lines } = capture(stream);
    stream.write(Buffer.from([0xff, 0xfe, 0x0a, 0x61]));
    await pushed(stream);
    stream.destroy(new Error('EPIPE'));
    await waitFor(() => lines.length === 2);
    expect(lines).toEqual(['\uFFFD\uFFFD', 'a']);
  });

  it('drops whole lines over its budget, counts each, and tells before it goes on', async () => {
    const { stream, clock, captured } = flooded();
    const order: string[] = [];
    for (let count = 0; count < 1000; count += 1) stream.write(row(`row ${count} `));
    await pushed(stream);
    order.push(...captured.lines);
    expect(order.length).toBeGreaterThan(20);
    expect(order.length).toBeLessThan(100);
    for (const [index, line] of order.entries()) expect(line).toMatch(new RegExp(`^row ${index} \\.+$`, 'u'));
    await clock.advance(20_000);
    stream.write('after\n');
    await pushed(stream);
    expect(captured.lines.at(-1)).toBe('after');
    expect(captured.dropped).toEqual({ lines: 1000 - order.length, bytes: (1000 - order.length) * 100 });
  });

  it('loses no line that comes after a flood, and goes on at the start of a line after half of one', async () => {
    const { stream, clock, captured } = flooded();
    stream.write(`${'x'.repeat(50)}\n`.repeat(1000) + 'half of a li');
    await pushed(stream);
    const kept = captured.lines.length;
    await clock.advance(20_000);
    stream.write('ne\nwhole\n');
    await pushed(stream);
    expect(captured.lines.slice(kept)).toEqual(['whole']);
    expect(captured.dropped.lines + captured.lines.length).toBe(1002);
  });

  it('tells of a lasting flood each second', async () => {
    const { stream, clock, captured } = flooded({ maxBytesPerSecond: 1 });
    for (let second = 0; second < 5; second += 1) {
      for (let count = 0; count < 200; count += 1) stream.write(row(''));
      await pushed(stream);
      await clock.advance(1000);
    }
    expect(captured.reports).toHaveLength(5);
    expect(captured.dropped.lines + captured.lines.length).toBe(1000);
  });

  it('shows the last words of a server that died flooding', async () => {
    const { stream, captured } = flooded();
    for (let count = 0; count < 1000; count += 1) stream.write(row(`row ${count} `));
    stream.end('Error: out of memory\n');
    await waitFor(() => captured.lines.at(-1) === 'Error: out of memory');
    expect(captured.lines.at(-2)).toMatch(/^row 999 /u);
    expect(captured.dropped.lines + captured.lines.length).toBe(1001);
  });

  it('bounds tiny lines as it bounds long ones', async () => {
    const { stream, captured } = flooded();
    stream.write('\n'.repeat(500_000));
    await pushed(stream);
    stream.end();
    await waitFor(() => captured.dropped.lines > 0);
    expect(captured.lines.length).toBeLessThan(10_000);
    expect(captured.lines.length + captured.dropped.lines).toBe(500_000);
  });

  it('finishes a line that began within the budget, bounded', async () => {
    const { stream, captured } = flooded({ maxLineBytes: 1000 });
    for (let count = 0; count < 100; count += 1) stream.write('y'.repeat(1000));
    stream.write('\nnext\n');
    await pushed(stream);
    stream.end();
    await waitFor(() => captured.lines.includes('next'));
    expect(captured.lines[0]).toBe('y'.repeat(1000));
    expect(captured.cut).toEqual([99_000]);
  });

  it('goes on reading into nothing after it was stopped, and leaves no alarm', async () => {
    const { stream, clock, captured } = flooded();
    stream.write(row('').repeat(1000));
    await pushed(stream);
    captured.stop();
    const told = captured.lines.length;
    for (let count = 0; count < 100; count += 1) stream.write('z'.repeat(10_000));
    await waitFor(() => stream.readableLength === 0);
    expect(captured.lines).toHaveLength(told);
    expect(clock.pending).toBe(0);
  });
});

describe('captureOutput() of a real process', () => {
  let child: ChildProcess | null = null;
  afterEach(() => child?.kill('SIGKILL'));

  function run(script: string): Readable {
    child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    if (child.stderr === null) throw new Error('No stderr');
    return child.stderr;
  }

  it('never blocks the server, and reads a line of 100 MB as one bounded line', async () => {
    const captured = capture(
      run(
        "const x = Buffer.alloc(1e6, 'x'); for (let i = 0; i < 100; i++) require('fs').writeSync(2, x); console.error('\\nnext')",
      ),
    );
    await waitFor(() => captured.lines.length === 2);
    expect(captured.lines[0]).toBe('x'.repeat(16 * 1024));
    expect(captured.cut).toEqual([100e6 - 16 * 1024]);
    expect(captured.lines[1]).toBe('next');
  });

  it.each([
    ['of a single character', 1],
    ['of a hundred characters', 99],
    ['of five thousand characters', 5000],
  ])('stays small and awake in a flood of 100 MB/s in lines %s', async (_name, length) => {
    const folder = mkdtempSync(join(tmpdir(), 'watchdog-flood-'));
    try {
      const reader = fileURLToPath(new URL('../fixtures/flooded-reader.mjs', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [
        reader,
        join(folder, 'a.log'),
        String(length),
      ]);
      const cost: Record<string, number> = JSON.parse(stdout);
      expect(cost['written'], stdout).toBeGreaterThan(20e6);
      // Read to the end: what was written was kept or counted.
      expect((cost['kept'] ?? 0) * (length + 1) + (cost['droppedBytes'] ?? 0)).toBe(cost['written']);
      expect(cost['rssGrowth'], stdout).toBeLessThan(40e6);
      expect(cost['p99'], stdout).toBeLessThan(250);
      const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
      expect(sizes.length).toBeLessThanOrEqual(3);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
