import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ClockGap } from '../../../src/core/lifecycle/clock-gap.ts';
import { createAwakeClock } from '../../../src/system/time/awake-clock.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { waitFor } from '../../fakes/wait-for.ts';

// Built before the tests begin.
const DIST = new URL('../../../dist', import.meta.url).href;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function startAwake({ isLinux = false } = {}) {
  const raw = new FakeClock();
  const gaps: ClockGap[] = [];
  let suspended = 0;
  const onGap: ((gap: ClockGap) => unknown)[] = [(gap) => gaps.push(gap)];
  const awake = createAwakeClock(raw, {
    onGap: (gap) => onGap.forEach((listener) => listener(gap)),
    bootTime: () => (isLinux ? raw.elapsed + suspended : null),
    cpuTime: () => 0,
  });
  awake.start();
  return {
    raw,
    gaps,
    awake,
    onGap,
    clock: awake.clock,
    /** Linux: the monotonic clock stops, wall and boot clock run on. */
    suspend: (ms: number) => {
      raw.wall += ms;
      suspended += ms;
    },
  };
}

describe('createAwakeClock()', () => {
  it('runs like the clock it is made of while nothing happens', async () => {
    const { raw, clock, gaps } = startAwake();
    const rung: number[] = [];
    clock.after(30_000, () => rung.push(raw.elapsed));
    await raw.advance(HOUR);
    expect(clock.monotonic()).toBe(HOUR);
    expect(clock.now()).toBe(raw.now());
    expect(rung).toEqual([30_000]);
    expect(gaps).toEqual([]);
  });

  it('reports a sleep once and does not count it', async () => {
    const { raw, clock, gaps } = startAwake();
    await raw.advance(MINUTE);
    await raw.sleep(8 * HOUR);
    await raw.advance(MINUTE);
    expect(gaps).toEqual([{ cause: 'sleep', duration: 8 * HOUR - 2000 }]);
    expect(clock.monotonic()).toBe(2 * MINUTE + 2000);
  });

  it('tells whoever asks first, before giving the time', async () => {
    const { raw, clock, gaps } = startAwake();
    await raw.advance(MINUTE);
    raw.elapsed += HOUR;
    const time = clock.monotonic();
    expect(gaps).toHaveLength(1);
    expect(time).toBe(MINUTE + 2000);
  });

  it('may be asked for the time by whoever is told of the gap', async () => {
    const { raw, clock, gaps, onGap } = startAwake();
    const times: number[] = [];
    onGap.push(() => times.push(clock.monotonic()));
    await raw.sleep(HOUR);
    expect(times).toEqual([2000]);
    expect(gaps).toHaveLength(1);
  });

  it('rings no alarm that fell due in a sleep before the rest of its time has passed awake', async () => {
    const { raw, clock, gaps } = startAwake();
    const rung: number[] = [];
    await raw.advance(1000);
    clock.after(30_000, () => rung.push(gaps.length));
    await raw.advance(9000);
    await raw.sleep(HOUR);
    expect(rung).toEqual([]);
    await raw.advance(18_990);
    expect(rung).toEqual([]);
    await raw.advance(20);
    expect(rung).toEqual([1]);
  });

  it('lets go of an alarm that was cancelled, also of one that was set again after a sleep', async () => {
    const { raw, clock, onGap } = startAwake();
    const rung: string[] = [];
    const cancelAfter = clock.after(30_000, () => rung.push('after'));
    // Due before the next heartbeat: this alarm itself discovers the gap.
    const cancelDuring = clock.after(1500, () => rung.push('during'));
    onGap.push(() => cancelDuring());
    await raw.sleep(HOUR);
    cancelAfter();
    await raw.advance(HOUR);
    expect(rung).toEqual([]);
  });

  it('sees a suspend on Linux, where the monotonic clock stood still', async () => {
    const { raw, clock, gaps, suspend } = startAwake({ isLinux: true });
    await raw.advance(MINUTE);
    suspend(HOUR);
    await raw.advance(MINUTE);
    expect(gaps).toEqual([{ cause: 'sleep', duration: HOUR }]);
    expect(clock.monotonic()).toBe(2 * MINUTE);
    suspend(HOUR);
    await raw.advance(MINUTE);
    expect(gaps).toHaveLength(2);
  });

  it.each([HOUR, -HOUR])(
    'leaves awake time and alarms alone when the wall clock moves by %i ms',
    async (step) => {
      const { raw, clock, gaps } = startAwake({ isLinux: true });
      const rung: number[] = [];
      clock.after(30_000, () => rung.push(raw.elapsed));
      await raw.advance(10_000);
      raw.wall += step;
      await raw.advance(50_000);
      expect(rung).toEqual([30_000]);
      expect(clock.monotonic()).toBe(MINUTE);
      expect(gaps).toEqual([{ cause: 'clock-step', duration: step }]);
    },
  );

  it('leaves nothing behind when stopped', async () => {
    const { raw, awake } = startAwake();
    await raw.advance(HOUR);
    awake.stop();
    expect(raw.pending).toBe(0);
  });
});

describe('createAwakeClock() in a real process', () => {
  /** A process that prints each gap it sees as a line; `script` runs with `clock` at hand. */
  function startChild(script: string): { child: ChildProcess; lines: string[] } {
    const program = `
      import { createAwakeClock } from '${DIST}/system/time/awake-clock.js';
      import { systemClock } from '${DIST}/system/time/clock.js';
      const { clock, start } = createAwakeClock(systemClock, {
        heartbeat: 200,
        threshold: 1000,
        onGap: (gap) => console.log(gap.cause, Math.round(gap.duration)),
      });
      start();
      clock.after(500, () => console.log('ready'));
      ${script}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
    return { child, lines };
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  it('takes a stop by SIGSTOP for one sleep', async () => {
    const { child, lines } = startChild(
      `process.stdin.on('data', () => clock.after(400, () => console.log('awake again')));`,
    );
    await waitFor(() => lines.includes('ready'));
    child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await waitFor(() => performance.now() - stoppedAt > 3000);
    child.kill('SIGCONT');
    child.stdin!.write('\n');
    await waitFor(() => lines.includes('awake again'));
    await end(child);
    // A machine too busy to run the child for a second makes short gaps of its own: only the long one is judged.
    const long = lines.filter((line) => Number(line.split(' ')[1]) > 2500);
    expect(long).toHaveLength(1);
    expect(long[0]).toMatch(/^sleep \d+$/);
  });

  it('takes a loop that was stuck for blocked', async () => {
    const { child, lines } = startChild(`
      clock.after(700, () => {
        const begin = performance.now();
        const before = process.cpuUsage();
        while (performance.now() - begin < 2500);
        const { user, system } = process.cpuUsage(before);
        const share = (user + system) / 1000 / (performance.now() - begin);
        clock.monotonic();
        console.log('share', share);
      });`);
    const last = await waitFor(() => lines.find((line) => line.startsWith('share')));
    await end(child);
    const gap = lines[lines.indexOf(last) - 1];
    // Where other programs leave it less than half a processor, a stuck loop cannot be told from a sleep.
    const share = Number(last.split(' ')[1]);
    expect(gap).toMatch(share > 0.65 ? /^blocked \d+$/ : /^(?:blocked|sleep) \d+$/);
    expect(Number(gap!.split(' ')[1])).toBeGreaterThan(2000);
  });
});
