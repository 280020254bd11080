// The history on virtual time: readings, snapshots, restarts, reloads, steps of the clock.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MetricSample } from '../../src/core/model/alert-rules.ts';
import { createHistory, type HistorySettings } from '../../src/history/history.ts';
import { createSnapshotFile } from '../../src/history/snapshot-file.ts';
import type { HistorySize } from '../../src/history/store/history-store.ts';
import { FakeClock } from '../fakes/clock.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { TARGET } from './support/made-up-readings.ts';

const SETTINGS: HistorySettings = { retention: 3_600_000, maxBytes: 1 << 24, resolution: 15_000 };

interface Beginning {
  readonly clock?: FakeClock;
  readonly settings?: HistorySettings | null;
  readonly value?: () => number;
}

function begin(
  path: string,
  { clock = new FakeClock(), settings = SETTINGS, value = (): number => 1 }: Beginning = {},
) {
  const told = { sizes: [] as (HistorySize | null)[], dropped: [] as string[], faults: [] as unknown[] };
  const history = createHistory({
    clock,
    settings,
    target: TARGET,
    samples: async (): Promise<readonly MetricSample[]> => [{ name: 'm', labels: {}, value: value() }],
    derived: () => [{ name: 'ALERTS', labels: { alertname: 'A' }, value: 1 }],
    file: createSnapshotFile(path),
    onReading: (size) => told.sizes.push(size),
    onDropped: (reason) => told.dropped.push(reason),
    onFault: (error) => told.faults.push(error),
  });
  history.start();
  onTestFinished(() => history.stop());
  const points = (name = 'm'): string[] => {
    const { store } = history;
    if (store === null) return [];
    const times = store.times(store.ticksBetween(0, 1e15));
    return store.find({ name, matchers: [] }).flatMap((series) => {
      const one = store.read(series, times);
      return Array.from({ length: one.length }, (_, index) => {
        const at = (one.timeAt(index) - Date.UTC(2026, 0, 1)) / 1000;
        return `${at} ${one.isStaleAt(index) ? 'end' : one.valueAt(index)}`;
      });
    });
  };
  return { history, clock, told, points };
}

const snapshotPath = (): string => join(tempHome().home, 'history.snapshot');

describe('readings', () => {
  it('come at whole multiples of the resolution, with the target’s labels', async () => {
    const { clock, points, history, told } = begin(snapshotPath());
    await clock.advance(50_000);
    expect(points()).toEqual(['15 1', '30 1', '45 1']);
    expect(history.store?.find({ name: 'm', matchers: [] })[0]?.labels).toEqual({ __name__: 'm', ...TARGET });
    expect(history.store?.find({ name: 'ALERTS', matchers: [] })[0]?.labels).toEqual({
      __name__: 'ALERTS',
      alertname: 'A',
    });
    expect(told.sizes.at(-1)).toMatchObject({ seconds: 30, series: 3 });
    expect(history.last).toMatchObject({ at: Date.UTC(2026, 0, 1) + 45_000, interval: 15_000 });
  });

  it('go on after one that failed', async () => {
    let calls = 0;
    const value = (): number => {
      calls += 1;
      if (calls === 2) throw new Error('no samples');
      return calls;
    };
    const { clock, points, told } = begin(snapshotPath(), { value });
    await clock.advance(46_000);
    expect(points()).toEqual(['15 1', '45 3']);
    expect(told.faults).toEqual([new Error('no samples')]);
  });

  it('follow a reload: resolution, retention, off and on again', async () => {
    const path = snapshotPath();
    const { clock, points, history, told } = begin(path);
    await clock.advance(31_000);
    history.replace({ ...SETTINGS, resolution: 5000 });
    await clock.advance(10_000);
    expect(points()).toEqual(['15 1', '30 1', '35 1', '40 1']);
    history.replace({ ...SETTINGS, retention: 60_000 });
    await clock.advance(90_000);
    expect(points()[0]).toBe('60 1');
    history.replace(null);
    await clock.advance(60_000);
    expect([history.store, told.sizes.at(-1), existsSync(path)]).toEqual([null, null, false]);
    history.replace(SETTINGS);
    await clock.advance(20_000);
    expect(points()).toEqual(['195 1', '210 1']);
  });

  it('move with the clock when it was set', async () => {
    const { clock, points, history } = begin(snapshotPath());
    await clock.advance(30_000);
    clock.wall -= 3_600_000;
    history.onClockSet(-3_600_000);
    await clock.advance(15_000);
    expect(points()).toEqual(['-3585 1', '-3570 1', '-3555 1']);
  });
});

describe('a snapshot', () => {
  it('is written at the stop, for nobody else to read, and read at the start', async () => {
    const path = snapshotPath();
    const first = begin(path);
    await first.clock.advance(31_000);
    first.history.stop();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = begin(path, { clock: first.clock });
    await first.clock.advance(15_000);
    expect(second.points()).toEqual(['15 1', '30 1', '45 1']);
  });

  it('is written every ten minutes', async () => {
    const path = snapshotPath();
    const { clock } = begin(path);
    await clock.advance(590_000);
    expect(existsSync(path)).toBe(false);
    await clock.advance(30_000);
    await waitFor(() => existsSync(path), { what: 'a snapshot' });
  });

  it('ends every series where the watchdog was away for long', async () => {
    const path = snapshotPath();
    const first = begin(path);
    await first.clock.advance(31_000);
    first.history.stop();
    await first.clock.advance(300_000);
    const second = begin(path, { clock: first.clock });
    await first.clock.advance(15_000);
    expect(second.points()).toEqual(['15 1', '30 1', '45 end', '345 1']);
  });

  it('older than the retention brings back nothing', async () => {
    const path = snapshotPath();
    const first = begin(path);
    await first.clock.advance(31_000);
    first.history.stop();
    await first.clock.advance(7_200_000);
    expect(begin(path, { clock: first.clock }).points()).toEqual([]);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['damaged', (path) => writeFileSync(path, readFileSync(path).fill(1, 60, 70)), /checksum/u],
    ['cut', (path) => writeFileSync(path, readFileSync(path).subarray(0, 50)), /checksum/u],
    ['far too large', (path) => writeFileSync(path, Buffer.alloc(30 * 1024 * 1024)), /bytes/u],
  ])('that is %s is dropped with one word', async (_name, spoil, words) => {
    const path = snapshotPath();
    const first = begin(path);
    await first.clock.advance(31_000);
    first.history.stop();
    spoil(path);
    const second = begin(path, { clock: first.clock });
    expect(second.told.dropped).toEqual([expect.stringMatching(words)]);
    expect([second.points(), existsSync(path)]).toEqual([[], false]);
    await first.clock.advance(15_000);
    expect(second.points()).toEqual(['45 1']);
  });

  it('of a history that is off is removed', () => {
    const path = snapshotPath();
    writeFileSync(path, 'old');
    begin(path, { settings: null });
    expect(existsSync(path)).toBe(false);
  });

  it('that cannot be written is a fault, and no end', async () => {
    const { clock, history, told } = begin(join(tempHome().home, 'missing', 'history.snapshot'));
    await clock.advance(630_000);
    await waitFor(() => told.faults.length > 0, { what: 'the fault' });
    history.stop();
    expect(told.faults).toHaveLength(2);
  });
});
