// A warm spare: a process that stands by, and answers at once when the server dies.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLIENTS, gatewayPlace, toolsServer } from './gateway-clients.ts';
import { leftOver } from './daemon.ts';

const pidIn = (text: string): number => Number(text.split(' ')[0]);

it.each(Object.entries(CLIENTS))(
  '%s goes on with the spare, each time the server dies',
  async (_, connect) => {
    const { spec } = toolsServer('--ready');
    const { start, url } = await gatewayPlace();
    const daemon = await start({ s: { ...spec, gateway: { spare: true } } });
    const log = (): string => readFileSync(join(daemon.home, 'logs/servers/s.log'), 'utf8');
    /** Pids of the spares that have started, in this order. */
    const spares = (): number[] => {
      const text = log();
      return [...text.matchAll(/spare started as pid (\d+)/gu)]
        .map(([, pid]) => Number(pid))
        .filter((pid) => text.includes(`ready ${pid}\n`));
    };
    const client = await connect(url('s'));
    let pid = pidIn(await client.call('read', { text: 'a' }));
    const took: number[] = [];
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      const spare = await waitFor(() => spares()[deaths - 1] ?? null, { what: `spare ${deaths}` });
      await daemon.until('s', 'running', ({ state, pid: now }) => state === 'running' && now === pid);
      expect(isRunning(spare)).toBe(true);
      const before = performance.now();
      process.kill(pid, 'SIGKILL');
      pid = pidIn(await client.call('read', { text: 'b' }));
      took.push(performance.now() - before);
      expect(pid).toBe(spare);
    }
    // 20 ms on a machine that has nothing else to do; the start of a process takes several times as long.
    expect(Math.min(...took)).toBeLessThan(100);
    const server = await daemon.until(
      's',
      'the last',
      ({ state, pid: now }) => state === 'running' && now === pid,
    );
    expect(server).toMatchObject({ run: 5, restarts: { signal: 4 } });
    await daemon.stop('SIGTERM');
    expect(await leftOver(daemon.home)).toEqual([]);
  },
);
