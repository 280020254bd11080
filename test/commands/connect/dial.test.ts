import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDialer } from '../../../src/commands/connect/dial.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { scriptedGateway } from '../../fakes/scripted-gateway.ts';
import { tempHome } from '../../fakes/temp-home.ts';

describe('the dialer', () => {
  it('looks for 20 s and not longer; several who look share one search', async () => {
    const clock = new FakeClock();
    const { run } = tempHome();
    const dialer = createDialer({ sockets: [join(run, 'gateway.sock')], clock, patience: 20_000 });
    const outcomes: boolean[] = [];
    for (const search of [dialer.reconnect(), dialer.reconnect()])
      void search.then((isThere) => outcomes.push(isThere)).catch(() => {});
    const looks = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) {
        // A look takes a moment of real time.
        while (clock.pending === 0 && outcomes.length === 0) await settle();
        await clock.advance(100);
      }
    };
    await looks(200);
    expect(outcomes).toEqual([]);
    await looks(2);
    while (outcomes.length < 2) await settle();
    expect(outcomes).toEqual([false, false]);
    expect(clock.pending).toBe(0);
  });

  it('takes the first socket that answers, and tells which', async () => {
    const { run } = tempHome();
    const sockets = [join(run, 'gateway.sock'), join(run, 'connect', 'a', 'gateway.sock')];
    const dialer = createDialer({ sockets, clock: new FakeClock(), patience: 20_000 });
    expect(await dialer.find()).toBeNull();
    expect(await dialer.exchange({ method: 'GET', path: '/', headers: {} })).toEqual({ kind: 'unreached' });
    await scriptedGateway(sockets[1] ?? '', { servers: ['a'] });
    expect(await dialer.find()).toEqual(['a']);
    expect(dialer.found).toBe(1);
    await scriptedGateway(sockets[0] ?? '', { servers: ['b'] });
    expect(await dialer.find()).toEqual(['b']);
    expect(dialer.found).toBe(0);
    dialer.close();
  });
});
