import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/control/client.ts';
import type { Method, Methods } from '../../src/control/protocol.ts';
import { refuseAll } from '../../src/control/refuse-all.ts';
import { startControlServer } from '../../src/control/server.ts';
import { WatchdogError } from '../../src/core/base/errors.ts';
import { fakeDaemon } from '../fakes/control-handlers.ts';
import { status } from '../fakes/status.ts';
import { missingHome } from '../fakes/temp-home.ts';

const waiting = new WatchdogError('CONFIG_INVALID', 'The config cannot be used yet', { hint: 'Fix it' });
const starting = new WatchdogError('CONTROL_FAILED', 'The watchdog is still starting');

/** Every request, so that a method which the protocol gains is tested as well. */
const REQUESTS = {
  ping: {},
  status: {},
  watch: {},
  start: { names: [] },
  stop: { names: [] },
  restart: { names: [] },
  check: {},
  tools: { name: 'a' },
  query: { path: 'query', parameters: { query: 'up' } },
  reload: {},
  cleanup: {},
  updateCheck: { names: [] },
  update: { names: [] },
  rollback: { names: [] },
  calls: {},
  clients: { name: 'a' },
  approve: { name: 'a' },
  signIn: {},
  signOut: {},
  view: {},
  notifyTest: {},
  shutdown: {},
} satisfies { readonly [M in Method]: Methods[M]['params'] };

type Asked = Exclude<Method, 'watch'>;
const isAsked = (method: string): method is Asked => method !== 'watch' && method in REQUESTS;
const ANSWERED: ReadonlySet<string> = new Set(['ping', 'status', 'shutdown']);
const REFUSED = Object.keys(REQUESTS)
  .filter(isAsked)
  .filter((method) => !ANSWERED.has(method));

async function serveRefusing() {
  const { socket } = missingHome();
  const daemon = fakeDaemon();
  const handlers = { ...daemon.handlers, ...refuseAll(starting) };
  const control = await startControlServer({ socketPath: socket, handlers });
  onTestFinished(() => control.close());
  const client = await connect(socket);
  onTestFinished(() => client.close());
  return { control, client, daemon };
}

describe('refuseAll()', () => {
  it.each(REFUSED)('refuses %s with the reason and its cure', async (method) => {
    const { control, client, daemon } = await serveRefusing();
    await expect(client.request(method, REQUESTS[method])).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: 'The watchdog is still starting',
    });
    control.use(refuseAll(waiting));
    await expect(client.request(method, REQUESTS[method])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'The config cannot be used yet',
      hint: 'Fix it',
    });
    expect(daemon.asked).toEqual([]);
  });

  it('leaves ping, status and shutdown to be answered, and everything else once there are handlers', async () => {
    const { control, client, daemon } = await serveRefusing();
    expect(await client.request('ping', {})).toMatchObject({ pid: 4000 });
    expect(await client.request('status', {})).toEqual(status());
    control.use(daemon.handlers);
    expect(await client.request('update', { names: ['a'] })).toEqual([]);
    expect(await client.request('shutdown', {})).toBeNull();
    expect(daemon.asked).toEqual(['update a', 'shutdown']);
  });
});
