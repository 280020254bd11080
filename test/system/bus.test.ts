import { describe, expect, test } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import { createBus } from '../../src/system/bus.ts';
import { FakeClock } from '../fakes/clock.ts';

const ready = { kind: 'ticked' } as const;

describe('createBus()', () => {
  test('stamps the time and delivers in order of subscription', () => {
    const clock = new FakeClock();
    const bus = createBus(clock, () => {});
    const seen: [string, number][] = [];
    bus.subscribe(({ at }) => seen.push(['first', at]));
    bus.subscribe(({ at }) => seen.push(['second', at]));
    bus.publish(ready);
    expect(seen).toEqual([
      ['first', clock.now()],
      ['second', clock.now()],
    ]);
  });

  test('a subscriber that throws is told of and does not keep the event from the others', () => {
    const faults: unknown[] = [];
    const bus = createBus(new FakeClock(), (error) => faults.push(error));
    const seen: WatchdogEvent[] = [];
    bus.subscribe(() => {
      throw new Error('broken');
    });
    bus.subscribe((event) => seen.push(event));
    bus.publish(ready);
    expect(seen).toHaveLength(1);
    expect(faults).toEqual([new Error('broken')]);
  });

  test('what a subscriber publishes comes after what it was told, for everybody', () => {
    const bus = createBus(new FakeClock(), () => {});
    const seen: string[] = [];
    bus.subscribe(({ kind }) => {
      if (kind === 'ticked') bus.publish({ kind: 'listening', url: 'x' });
    });
    bus.subscribe(({ kind }) => seen.push(kind));
    bus.publish(ready);
    expect(seen).toEqual(['ticked', 'listening']);
  });

  test('who has left hears nothing more', () => {
    const bus = createBus(new FakeClock(), () => {});
    const seen: WatchdogEvent[] = [];
    const leave = bus.subscribe((event) => seen.push(event));
    leave();
    bus.publish(ready);
    expect(seen).toEqual([]);
  });
});
