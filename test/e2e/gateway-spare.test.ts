// A warm spare: a process that stands by, and answers at once when the server dies.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLIENTS, gatewayPlace, toolsServer } from './gateway-clients.ts';
import { leftOver } from './daemon.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

const pidIn = (text: string): number => Number(text.split(' ')[0]);

/** Pids of the spares that have started and read, in this order. */
function sparesIn({ home }: { readonly home: string }): number[] {
  const text = readFileSync(join(home, 'logs/servers/s.log'), 'utf8');
  return [...text.matchAll(/spare started as pid (\d+)/gu)]
    .map(([, pid]) => Number(pid))
    .filter((pid) => text.includes(`ready ${pid}\n`));
}

it.each(Object.entries(CLIENTS))(
  '%s goes on with the spare, each time the server dies',
  async (_, connect) => {
    const { spec } = toolsServer('--ready');
    const { start, url } = await gatewayPlace();
    const daemon = await start({ s: { ...spec, gateway: { spare: true } } });
    const client = await connect(url('s'));
    let pid = pidIn(await client.call('read', { text: 'a' }));
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      const spare = await waitFor(() => sparesIn(daemon)[deaths - 1] ?? null, { what: `spare ${deaths}` });
      await daemon.until('s', 'running', ({ state, pid: now }) => state === 'running' && now === pid);
      expect(isRunning(spare)).toBe(true);
      process.kill(pid, 'SIGKILL');
      // How soon is measured by the bench: 20 ms on a machine that has nothing else to do.
      pid = pidIn(await client.call('read', { text: 'b' }));
      expect(pid).toBe(spare);
    }
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

it('a spare is shown, ends before `stop` returns, and comes and goes with the config', async () => {
  const { spec } = toolsServer('--ready');
  const { start, url } = await gatewayPlace();
  const settings = (spare: boolean) => ({ s: { ...spec, gateway: { spare } } });
  const daemon = await start(settings(true));
  const spareOf = (number: number): Promise<number> =>
    waitFor(() => sparesIn(daemon)[number - 1] ?? null, { timeout: 60_000, what: `spare ${number}` });
  const first = await spareOf(1);
  expect(daemon.run('status', 's').out).toMatch(new RegExp(`^spare +pid ${first}, up `, 'm'));
  expect(daemon.run('stop', 's').code).toBe(0);
  expect(isRunning(first)).toBe(false);

  expect(daemon.run('start', 's').code).toBe(0);
  const second = await spareOf(2);
  const { pid } = await daemon.up('s');
  const apply = (spare: boolean): void =>
    daemon.rewriteConfig(settings(spare), { gateway: { listen: url('s').host } });
  // A saved config is read by itself.
  apply(false);
  await waitFor(() => !isRunning(second), { timeout: 60_000, what: 'the end of the spare' });
  apply(true);
  await spareOf(3);
  expect((await daemon.server('s')).pid).toBe(pid);
});
