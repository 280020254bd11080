// node-schedule itself, under virtual time (the timers and the date of this process are replaced) and in a real pause.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { JobRecord } from '../../../src/core/base/schedule.ts';
import { createCron, type CronJob } from '../../../src/system/time/cron.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZONE = process.env['TZ'];

beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin';
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
  if (ZONE === undefined) delete process.env['TZ'];
  else process.env['TZ'] = ZONE;
});

/** A cron whose job tells the local time of each run. */
function setUp(start: string) {
  vi.setSystemTime(new Date(start));
  const runs: string[] = [];
  const faults: string[] = [];
  const records: JobRecord[] = [];
  const cron = createCron({
    clock: {
      now: () => Date.now(),
      monotonic: () => Date.now(),
      after(delay, wake) {
        const timer = setTimeout(wake, delay);
        return () => clearTimeout(timer);
      },
    },
    chance: () => 0.5,
    onFault: (name, error) => faults.push(`${name}: ${String(error)}`),
    onRecord: (_, record) => records.push(record),
  });
  onTestFinished(() => cron.close());
  const note = () => runs.push(new Date().toString().slice(4, 33));
  const add = (rule: string, more: Partial<CronJob> = {}) =>
    cron.add({ name: 'job', rule, record: null, run: async () => void note(), ...more });
  return { cron, runs, faults, records, add, note };
}

describe('createCron()', () => {
  test('runs at the times that the rule names', async () => {
    const { add, runs, records } = setUp('2026-06-01T00:30:00+02:00');
    add('0 1 * * *');
    expect(records.at(-1)?.dueAt).toBe(Date.parse('2026-06-01T01:00:00+02:00'));
    await vi.advanceTimersByTimeAsync(2 * DAY);
    expect(runs).toEqual(['Jun 01 2026 01:00:00 GMT+0200', 'Jun 02 2026 01:00:00 GMT+0200']);
    expect(records.at(-1)).toMatchObject({ lastRunAt: Date.parse('2026-06-02T01:00:00+02:00') });
  });

  test.each(['30 2 * * *', '0 3 * * *', '0 2 * * *'])(
    'runs %s once a day when summer time begins and ends',
    async (rule) => {
      for (const start of ['2026-03-28T12:00:00+01:00', '2026-10-24T12:00:00+02:00']) {
        const { add, cron, runs } = setUp(start);
        add(rule);
        // Every step is a wake: the worst that can happen to the hour that comes twice.
        for (let step = 0; step < 2 * 24 * 6; step += 1) {
          await vi.advanceTimersByTimeAsync(10 * MINUTE);
          cron.rearm();
        }
        expect(runs, start).toHaveLength(2);
        await cron.close();
      }
    },
  );

  test('runs nothing twice when the clock is set back an hour', async () => {
    const { add, cron, runs } = setUp('2026-06-01T00:30:00+02:00');
    add('0 1 * * *');
    await vi.advanceTimersByTimeAsync(HOUR);
    vi.setSystemTime(Date.now() - HOUR);
    cron.rearm();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(DAY);
    expect(runs).toHaveLength(2);
  });

  test('a clock that was a year ahead does not silence it for a year', async () => {
    const { add, cron, runs } = setUp('2027-06-01T00:30:00+02:00');
    add('0 1 * * *');
    await vi.advanceTimersByTimeAsync(HOUR);
    vi.setSystemTime(new Date('2026-06-01T00:30:00+02:00'));
    cron.rearm();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(runs.at(-1)).toBe('Jun 01 2026 01:00:00 GMT+0200');
  });

  test('makes up for a night slept through, once, when things have settled', async () => {
    const { add, cron, runs } = setUp('2026-06-01T00:30:00+02:00');
    add('0 1 * * *');
    // Nobody is awake: the clock moves, and no timer rings.
    vi.setSystemTime(Date.now() + 3 * DAY + 8 * HOUR);
    cron.rearm();
    await vi.advanceTimersByTimeAsync(44_000);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(runs).toEqual(['Jun 04 2026 08:30:45 GMT+0200']);
    await vi.advanceTimersByTimeAsync(DAY);
    expect(runs).toHaveLength(2);
  });

  test('an overdue timer that rings before anybody noticed the sleep comes to the same', async () => {
    const { add, cron, runs } = setUp('2026-06-01T00:30:00+02:00');
    add('*/10 * * * *');
    vi.setSystemTime(Date.now() + 5 * HOUR + 5 * MINUTE);
    // Its timers think that this is the first ten minutes: 30 missed times ring back to back.
    await vi.advanceTimersByTimeAsync(0);
    cron.rearm();
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(runs).toEqual(['Jun 01 2026 05:35:45 GMT+0200']);
  });

  describe('with a record of an earlier daemon', () => {
    const start = '2026-06-01T09:00:00+02:00';
    const rule = '0 1 * * *';
    const at = (text: string) => Date.parse(`2026-${text}:00+02:00`);

    test.each([
      [
        'makes up for a time that passed while it was away',
        { lastRunAt: at('05-31T01:00'), dueAt: at('06-01T01:00') },
        1,
      ],
      ['makes up for it although the job never ran', { lastRunAt: null, dueAt: at('06-01T01:00') }, 1],
      [
        'has nothing to make up for when it ran',
        { lastRunAt: at('06-01T01:00'), dueAt: at('06-02T01:00') },
        0,
      ],
      ['has nothing to make up for when nothing was planned', { lastRunAt: null, dueAt: null }, 0],
    ])('%s', async (_, record, expected) => {
      const { add, cron, runs } = setUp(start);
      add(rule, { record: { rule, ...record } });
      await vi.advanceTimersByTimeAsync(2 * MINUTE);
      expect(runs).toHaveLength(expected);
      await cron.close();
    });

    test('what is to be made up for stays due when we end before', async () => {
      const first = setUp(start);
      const record = { rule, lastRunAt: null, dueAt: at('06-01T01:00') };
      first.add(rule, { record });
      await first.cron.close();
      expect(first.records.at(-1) ?? record).toEqual(record);
    });

    test('another rule than before has missed nothing', async () => {
      const { add, runs } = setUp(start);
      add('0 2 * * *', { record: { rule, lastRunAt: null, dueAt: at('06-01T01:00') } });
      await vi.advanceTimersByTimeAsync(HOUR);
      expect(runs).toEqual([]);
    });
  });

  test('never runs a job beside itself, and goes on after one that failed', async () => {
    const { add, cron, runs, faults, note } = setUp('2026-06-01T00:30:00+02:00');
    const ends: (() => void)[] = [];
    add('*/10 * * * *', {
      run() {
        note();
        return new Promise((_, reject) => ends.push(() => reject(new Error('no room'))));
      },
    });
    await vi.advanceTimersByTimeAsync(35 * MINUTE);
    expect(runs).toHaveLength(1);
    ends.forEach((end) => end());
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(faults).toEqual(['job: Error: no room']);
    expect(runs).toHaveLength(2);
    ends.forEach((end) => end());
    await cron.close();
  });

  test('close() waits for what runs, tells it to hurry, and starts nothing more', async () => {
    const { add, cron, runs } = setUp('2026-06-01T00:30:00+02:00');
    let hurried = false;
    add('* * * * *', {
      run: (signal) =>
        new Promise((resolve) => {
          runs.push('began');
          signal.addEventListener('abort', () => {
            hurried = true;
            resolve();
          });
        }),
    });
    await vi.advanceTimersByTimeAsync(MINUTE);
    await cron.close();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect({ runs, hurried }).toEqual({ runs: ['began'], hurried: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps the tables of all languages out of memory', () => {
    setUp('2026-06-01T00:30:00+02:00');
    const ofSchedule = createRequire(createRequire(import.meta.url).resolve('node-schedule'));
    const luxon: { Settings: { defaultLocale: string } } = createRequire(ofSchedule.resolve('cron-parser'))(
      'luxon',
    );
    expect(luxon.Settings.defaultLocale).toBe('en-US');
  });

  test('a job of the same name takes the place of the old one, and can be removed', async () => {
    const { add, cron, runs } = setUp('2026-06-01T00:30:00+02:00');
    add('0 1 * * *');
    add('0 2 * * *');
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(runs).toEqual(['Jun 01 2026 02:00:00 GMT+0200']);
    cron.remove('job');
    await vi.advanceTimersByTimeAsync(2 * DAY);
    expect(runs).toHaveLength(1);
  });

  test('says that a rule cannot be scheduled, and that it never comes', () => {
    const { add, faults } = setUp('2026-06-01T00:30:00+02:00');
    add('daily');
    add('0 1 31 2 *');
    expect(faults).toEqual([
      expect.stringContaining('must have five cron fields'),
      expect.stringContaining('never comes'),
    ]);
  });
});

test(
  'eight seconds of pause are made up for by one run, where node-schedule makes eight',
  { timeout: 60_000 },
  async () => {
    vi.useRealTimers();
    const program = fileURLToPath(new URL('../../fixtures/cron-pause.mjs', import.meta.url));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const runsOf = (who: string): number[] =>
      output
        .split('\n')
        .filter((line) => line.startsWith(who))
        .map((line) => Number(line.split(' ')[1]));
    await waitFor(() => runsOf('ours').length > 0 && runsOf('bare').length > 0, {
      what: 'a first run of both',
    });
    child.kill('SIGSTOP');
    const stopped = Date.now();
    await waitFor(() => Date.now() - stopped >= 8000, { what: '8 s' });
    child.kill('SIGCONT');
    const awake = Date.now();
    // On a busy machine it is some time before it really goes on.
    const end = () => (runsOf('bare').find((at) => at >= awake) ?? Infinity) + 1000;
    await waitFor(() => runsOf('bare').some((at) => at > end() + 500), { what: 'the seconds after' });
    const runsIn = (who: string, until: number) =>
      runsOf(who).filter((at) => at >= awake && at < until).length;
    // Within the first moments, before the next full second can add an ordinary run.
    expect(runsIn('ours', Math.ceil(awake / 1000) * 1000)).toBeLessThanOrEqual(1);
    expect(runsIn('bare', end())).toBeGreaterThanOrEqual(7);
    // One that makes up for all, and one at each full second.
    const ordinary = Math.floor(end() / 1000) - Math.floor(awake / 1000);
    expect(runsIn('ours', end())).toBeLessThanOrEqual(1 + ordinary);
    expect(runsIn('ours', end())).toBeGreaterThanOrEqual(1);
  },
);
