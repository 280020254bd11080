// `status` of a daemon that is still starting.
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { Status } from '../../../src/core/model/status.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

function starting(): Status {
  const none = status([]);
  return {
    ...none,
    daemon: { ...none.daemon, config: { ...none.daemon.config, ok: false, error: null, loadedAt: null } },
  };
}

async function begin(...argv: readonly string[]) {
  const paths = missingHome();
  const daemon = fakeDaemon(starting());
  const control = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => control.close());
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
  return { daemon, io, ended: runCli(argv, io) };
}

it('says that the watchdog is still starting, which is not well yet', async () => {
  const { io, ended } = await begin('status');
  expect(await ended).toBe(1);
  expect(io.stdout()).toContain('The watchdog is still starting');
});

it('does not say of a server that it is not there before anybody can know', async () => {
  const { io, ended } = await begin('status', 'context7');
  expect(await ended).toBe(1);
  expect(io.stderr()).toContain('the watchdog is still starting');
});

it('waits for a server that is watched from the start on', async () => {
  const { daemon, io, ended } = await begin('status', 'context7', '--watch');
  await waitFor(() => daemon.watched() > 0);
  daemon.show(status([serverStatus()]));
  await waitFor(() => io.stdout().includes('context7'));
  io.signal('SIGINT');
  expect(await ended).toBe(0);
});
