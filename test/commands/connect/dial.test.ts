import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDialer, type TakeOver } from '../../../src/commands/connect/dial.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { scriptedGateway } from '../../fakes/scripted-gateway.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

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

  it('waits longer while somebody who lives is about to serve, and asks who that is once a second', async () => {
    const clock = new FakeClock();
    const { run } = tempHome();
    let asked = 0;
    const takeOver = async (): Promise<TakeOver> => {
      asked += 1;
      return 'elsewhere';
    };
    const dialer = createDialer({ sockets: [join(run, 'gateway.sock')], clock, patience: 20_000, takeOver });
    const outcomes: boolean[] = [];
    const search = dialer.reconnect().then((isThere) => outcomes.push(isThere));
    const until = async (end: number): Promise<void> => {
      while (clock.monotonic() < end) {
        while (clock.pending === 0 && outcomes.length === 0) await settle();
        await clock.advance(100);
      }
    };
    const begin = clock.monotonic();
    await until(begin + 59_000);
    expect(outcomes).toEqual([]);
    expect(asked).toBeLessThanOrEqual(59);
    await until(begin + 61_000);
    await search;
    expect(outcomes).toEqual([false]);
  });

  it('finds a gateway that comes back on the socket of one that died', async () => {
    const clock = new FakeClock();
    const { run } = tempHome();
    const socket = join(run, 'gateway.sock');
    const dialer = createDialer({ sockets: [socket], clock, patience: 20_000 });
    const gateway = await scriptedGateway(socket, { servers: ['a'] });
    expect(await dialer.find()).toEqual(['a']);
    await gateway.kill();
    // As after a `kill -9`: the file is there, and nobody answers on it.
    writeFileSync(socket, '');
    expect(await dialer.find()).toBeNull();
    rmSync(socket);
    await scriptedGateway(socket, { servers: ['b'] });
    // At once, though nobody answered a moment ago.
    expect(await dialer.find()).toEqual(['b']);
    dialer.close();
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

  it('leaves alone what is under way when it finds the same gateway again', async () => {
    const { run } = tempHome();
    const socket = join(run, 'gateway.sock');
    const dialer = createDialer({ sockets: [socket], clock: new FakeClock(), patience: 20_000 });
    const gateway = await scriptedGateway(socket, { servers: ['a'] });
    expect(await dialer.find()).toEqual(['a']);
    const said: string[] = [];
    const outcome = dialer.exchange({
      method: 'GET',
      path: '/a/mcp',
      headers: {},
      onMessage: (text) => void said.push(text),
    });
    await waitFor(() => gateway.hasStream());
    expect(await dialer.reconnect()).toBe(true);
    gateway.tell({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    await waitFor(() => said.length === 1);
    dialer.close();
    expect(await outcome).toEqual({ kind: 'broken' });
  });
});
