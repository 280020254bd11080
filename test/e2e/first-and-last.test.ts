// Start and end of a daemon: stopped while starting, output closed, state kept over a restart.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, startDaemon } from './daemon.ts';

test('a daemon that is told to end while it reads its config ends, and starts nobody first', async () => {
  const { home, config, socket } = tempHome();
  const trace = join(home, 'trace');
  const server = { command: ['/bin/sh', '-c', `echo > ${trace}; sleep 60`] };
  writeFileSync(
    config,
    JSON.stringify({
      metrics: { listen: '127.0.0.1:0' },
      gateway: { listen: '127.0.0.1:0' },
      servers: { s: server },
    }),
    {
      mode: 0o600,
    },
  );
  const child = spawn(process.execPath, [CLI, 'run', '--home', home], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const client = await waitFor(() => connect(socket).catch(() => null), { what: 'the daemon to answer' });
  onTestFinished(() => client.close());
  const { daemon } = await client.request('status', {});
  expect(daemon.config.loadedAt).toBeNull();
  await client.request('shutdown', {});
  expect(await ended).toEqual([0, null]);
  expect(existsSync(trace)).toBe(false);
  await expect(connect(socket)).rejects.toMatchObject({ code: 'NO_DAEMON' });
});

test('a daemon goes on when nobody reads what it prints any more', async () => {
  const daemon = await startDaemon({ s: fixture() });
  const { pid } = await daemon.up('s');
  daemon.child.stdout?.destroy();
  process.kill(pid ?? 0, 'SIGKILL');
  await daemon.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  expect(await daemon.stop()).toBe(143);
});

test.skipIf(process.platform !== 'linux')('nor does a full disk under its output end it', async () => {
  const { home, config, socket } = tempHome();
  writeFileSync(
    config,
    JSON.stringify({
      metrics: { listen: '127.0.0.1:0' },
      gateway: { listen: '127.0.0.1:0' },
      servers: { s: fixture() },
    }),
    {
      mode: 0o600,
    },
  );
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [CLI, 'run', '--home', home], { stdio: ['ignore', full, 'ignore'] });
  closeSync(full);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  await waitFor(
    async () => {
      const client = await connect(socket).catch(() => null);
      const status = await client?.request('status', {}).finally(() => client.close());
      return status?.daemon.config.ok;
    },
    { what: 'the daemon to have its config' },
  );
  child.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
});

test('a server that was started by hand and then taken out in the config stays down', async () => {
  const first = await startDaemon({ s: fixture() });
  await first.up('s');
  expect(first.run('restart', 's').code).toBe(0);
  await first.stop();
  const second = await startDaemon({ s: fixture([], { enabled: false }) }, { home: first.home });
  expect(await second.server('s')).toMatchObject({ desired: 'down', state: 'stopped' });
});

// As `npm start` does, but nothing is written.
const BUILD_FIRST = `
import { rolldown } from 'rolldown';
import { pathToFileURL } from 'node:url';
const [cli, home] = process.argv.slice(1);
const external = (id) => !id.startsWith('.') && !id.startsWith('/');
const bundle = await rolldown({ input: 'src/cli.ts', platform: 'node', external, logLevel: 'silent' });
await bundle.generate({ format: 'esm' });
await bundle.close();
process.argv = [process.execPath, cli, 'run', '--home', home];
await import(pathToFileURL(cli).href);
`;

test('a process that built the program and becomes the daemon outlives the collections at rest', async () => {
  const { home, config, socket } = tempHome();
  const settings = { metrics: { listen: '127.0.0.1:0' }, gateway: { listen: '127.0.0.1:0' } };
  writeFileSync(config, JSON.stringify({ ...settings, servers: { s: fixture() } }), { mode: 0o600 });
  const argv = ['--input-type=module', '--eval', BUILD_FIRST, CLI, home];
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawn(process.execPath, argv, { cwd: root, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const client = await waitFor(() => connect(socket).catch(() => null), {
    what: 'the daemon',
    timeout: 90_000,
  });
  onTestFinished(() => client.close());
  const { daemon } = await client.request('status', {});
  // V8 collects after eight seconds of rest, and once more.
  await waitFor(() => Date.now() > daemon.startedAt + 15_000, { what: 'age', timeout: 60_000 });
  expect((await client.request('status', {})).daemon.pid).toBe(child.pid);
  child.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
}, 180_000);
