// Faults of a server behind the gateway: frozen, dying in its greeting or within a line, noisy, deaf, crash looping, of another era.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { QUICK } from './daemon.ts';
import { CLIENTS, connectV1, gatewayPlace, toolsServer } from './gateway-clients.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

const pidIn = (text: string): number => Number(text.split(' ')[0]);

const RESTARTED = { code: -32000, data: { reason: 'server_restarted', mayHaveRun: true } };

/** A file of the test's own, and its writer. */
function fileOf(text: string) {
  const path = join(tempHome().home, 'words');
  const write = (words: string): void => writeFileSync(path, words);
  write(text);
  return { path, write };
}

it('a frozen server is replaced, by whom it was killed or by its probes: its read is answered, its write fails', async () => {
  const [one, other] = [toolsServer(), toolsServer()];
  const { start, url } = await gatewayPlace();
  // A process that is stopped for good misses any number of probes; one that waits for a processor, none of 3 s twice.
  const probe = { interval: '500ms', timeout: '3s', failures: 2 };
  const daemon = await start({ killed: one.spec, probed: { ...QUICK, ...other.spec, probe } });
  for (const [name, { calls }] of [['killed', one] as const, ['probed', other] as const]) {
    const { call } = await connectV1(url(name));
    const pid = pidIn(await call('read'));
    const write = call('write', { text: 'w', delay: 60_000 });
    await waitFor(() => calls().includes('write w'), { what: 'the write' });
    await daemon.up(name);
    process.kill(pid, 'SIGSTOP');
    const read = call('read', { text: 'r' });
    if (name === 'killed') process.kill(pid, 'SIGKILL');
    await expect(write).rejects.toMatchObject(RESTARTED);
    expect(pidIn(await read)).not.toBe(pid);
    const { restarts } = await daemon.server(name);
    expect(restarts).toMatchObject(name === 'killed' ? { signal: 1, probe: 0 } : { signal: 0, probe: 1 });
  }
});

it('deaths in greetings, within a line and by one call spare the other calls and clients', async () => {
  const deaths = fileOf('one\ntwo\n');
  const [shy, clumsy] = [toolsServer('--deaths', deaths.path), toolsServer()];
  const { start, url } = await gatewayPlace();
  const daemon = await start({ shy: shy.spec, clumsy: clumsy.spec });

  const greeted = await connectV1(url('shy'));
  const pid = pidIn(await greeted.call('read', { text: 'a' }));
  deaths.write('three\n');
  process.kill(pid, 'SIGKILL');
  expect(await greeted.call('read', { text: 'b' })).toMatch(/^\d+ b$/);
  expect((await daemon.server('shy')).run).toBe(5);

  const [{ call }, another] = [await connectV1(url('clumsy')), await connectV1(url('clumsy'))];
  const beside = ['c', 'd'].map((text) => another.call('read', { text, delay: 300 }));
  await waitFor(() => clumsy.calls().length === 2, { what: 'the reads' });
  expect(await call('read-half', { text: 'whole' })).toMatch(/^\d+ whole$/);
  expect((await Promise.all(beside)).map((text) => text.split(' ')[1])).toEqual(['c', 'd']);

  const sent = (line: string): number => clumsy.calls().filter((one) => one === line).length;
  await expect(call('read-die', { text: 'e' })).rejects.toMatchObject({ code: -32000 });
  await expect(another.call('read-die', { text: 'f' })).rejects.toMatchObject({ code: -32000 });
  expect(['read-half whole', 'read-die e', 'read-die f'].map(sent)).toEqual([2, 2, 1]);
  expect(await another.call('read', { text: 'g' })).toMatch(/^\d+ g$/);
});

it('noise, half characters and an answer of 17 MiB cost no other answer', async () => {
  const { spec } = toolsServer('--noise');
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: spec });
  const { call, client } = await connectV1(url('s'));
  const pid = pidIn(await call('read'));
  const texts = Array.from({ length: 20 }, (_, index) => `${index} → żółć 🙂`);
  const [large, ...small] = await Promise.allSettled([
    call('big', { bytes: 17 * 1024 * 1024 }),
    ...texts.map((text) => call('read', { text })),
  ]);
  expect(large).toMatchObject({
    status: 'rejected',
    reason: { code: -32603, message: expect.stringContaining('longer than 16 MiB') },
  });
  expect(small).toEqual(texts.map((text) => ({ status: 'fulfilled', value: `${pid} ${text}` })));
  const steps: number[] = [];
  const onprogress = ({ progress }: { progress: number }): void => void steps.push(progress);
  await client.callTool({ name: 'progress', arguments: { steps: 3 } }, undefined, { onprogress });
  expect(steps).toEqual([1, 2, 3]);
  expect((await daemon.up('s')).run).toBe(1);
});

it('a server that does not read is spared what is too much, and the rest is for the next one', async () => {
  const { spec } = toolsServer();
  const { start, url } = await gatewayPlace();
  await start({ s: spec });
  const { call } = await connectV1(url('s'));
  const pid = pidIn(await call('read'));
  await call('deaf');
  const text = 'x'.repeat(512 * 1024);
  const outcomes: string[] = [];
  const calls = Array.from({ length: 40 }, () =>
    call('read', { text }).then(
      (answer) => outcomes.push(pidIn(answer) === pid ? 'deaf' : 'next'),
      ({ data }) => outcomes.push(String(data?.reason)),
    ),
  );
  await waitFor(() => outcomes.includes('busy'), { timeout: 60_000, what: 'a refusal' });
  process.kill(pid, 'SIGKILL');
  await Promise.all(calls);
  expect(new Set(outcomes)).toEqual(new Set(['busy', 'next']));
});

it('a crash loop is told at once, and its end is seen', async () => {
  const deaths = fileOf('');
  const { spec } = toolsServer('--deaths', deaths.path);
  const restart = { ...spec.restart, maxDelay: '50ms', budget: [{ restarts: 2, within: '1m' }] };
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: { ...spec, restart } });
  const { call } = await connectV1(url('s'));
  const pid = pidIn(await call('read'));
  deaths.write('dies\n'.repeat(100));
  process.kill(pid, 'SIGKILL');
  await daemon.until('s', 'a crash loop', ({ state }) => state === 'crash_looping');
  const before = performance.now();
  await expect(call('read')).rejects.toMatchObject({
    code: -32000,
    data: { reason: 'server_unavailable', state: 'crash_looping', retryAfter: expect.any(Number) },
  });
  // Calls wait for 30 s at other times.
  expect(performance.now() - before).toBeLessThan(25_000);
  deaths.write('');
  expect(daemon.run('restart', 's').code).toBe(0);
  expect(await call('read', { text: 'back' })).toMatch(/^\d+ back$/);
});

it('clients of both eras go on with a server that comes back in the other one, with other tools', async () => {
  const [era, tools] = [fileOf('legacy\n'), fileOf('first\n')];
  const { spec } = toolsServer('--era-file', era.path, '--tools', tools.path);
  const { start, url } = await gatewayPlace();
  const daemon = await start({ s: spec });
  const clients = await Promise.all(Object.values(CLIENTS).map((connect) => connect(url('s'))));
  for (const client of clients) expect(await client.tools()).toContain('first');
  for (const [next, tool] of [
    ['modern', 'second'],
    ['legacy', 'third'],
  ] as const) {
    era.write(`${next}\n`);
    tools.write(`${tool}\n`);
    expect(daemon.run('restart', 's').code).toBe(0);
    for (const client of clients) {
      expect(await client.call(tool, { text: next })).toMatch(new RegExp(`^\\d+ ${next}$`));
      expect(await client.tools()).toContain(tool);
      expect(await client.tools()).not.toContain('first');
    }
  }
});
