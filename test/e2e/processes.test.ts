// Servers that hold on to what their successors need: ports, pipes, the processor.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isRunning, startGroup } from '../fakes/processes.ts';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { FIXTURE, fixture, freePort, httpFixture, startDaemon } from './daemon.ts';

/** Makes the server let go of its port at SIGUSR2, and live on. */
const LETS_GO = `import net from 'node:net';
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (...args) {
    setInterval(() => {}, 1000);
    process.once('SIGUSR2', () => { this.close(); this.closeAllConnections(); });
    return listen.apply(this, args);
  };`;

test(
  'a port that a stranger takes over while the server runs: down, named, and back when it is free',
  { timeout: 60_000 },
  async () => {
    const port = await freePort();
    const argv = ['--transport', 'http', '--port', String(port)];
    const daemon = await startDaemon({
      s: httpFixture(port, [], {
        command: [
          process.execPath,
          '--import',
          `data:text/javascript,${encodeURIComponent(LETS_GO)}`,
          FIXTURE,
          ...argv,
        ],
        restart: { initialDelay: '50ms', maxDelay: '500ms', budget: [] },
      }),
    });
    const { pid } = await daemon.up('s');
    process.kill(pid ?? 0, 'SIGUSR2');
    const thief = startGroup([process.execPath, FIXTURE, ...argv, '--behaviour', 'hop-port']);
    const refused = await daemon.until(
      's',
      'refused',
      ({ lastFailure }) => lastFailure?.code === 'PORT_IN_USE',
    );
    expect(refused.lastFailure?.message).toContain(`pid ${thief.pid}`);
    expect(refused.restarts).toMatchObject({ signal: 0, exit: 0 });
    expect(refused.health.up).not.toBe(true);
    expect(isRunning(thief.pid)).toBe(true);
    expect(isRunning(pid ?? 0)).toBe(false);
    thief.kill('SIGTERM');
    expect((await daemon.up('s')).restarts.probe).toBe(1);
  },
);

test(
  'a stranger at the other address of localhost is found as well, and named',
  { timeout: 60_000 },
  async (context) => {
    const port = await freePort();
    const thief = createServer();
    onTestFinished(() => void thief.close());
    const hasIt = await new Promise<boolean>((resolve) => {
      thief.once('error', () => resolve(false));
      thief.listen(port, '::1', () => resolve(true));
    });
    // A machine without IPv6 has only one address.
    context.skip(!requireThat('an IPv6 address of its own', hasIt));
    const daemon = await startDaemon({ s: httpFixture(port, [], { url: `http://localhost:${port}/mcp` }) });
    const refused = await daemon.until(
      's',
      'refused',
      ({ lastFailure }) => lastFailure?.code === 'PORT_IN_USE',
    );
    expect(refused.lastFailure?.message).toContain(`pid ${process.pid}`);
    thief.close();
    expect((await daemon.up('s')).run).toBeGreaterThan(1);
  },
);

test(
  'a grandchild that holds the pipes of a killed server does not hide its death, and goes too',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ s: fixture(['--behaviour', 'grandchild']) });
    const before = await daemon.up('s');
    const grandchild = await waitFor(() =>
      Number(/grandchild (\d+)/.exec(readFileSync(`${daemon.home}/logs/servers/s.log`, 'utf8'))?.[1]),
    );
    expect(isRunning(grandchild)).toBe(true);
    const killedAt = Date.now();
    process.kill(before.pid ?? 0, 'SIGKILL');
    const after = await daemon.until('s', 'another', ({ run, state }) => run === 2 && state === 'running');
    expect(after.lastExit).toMatchObject({ signal: 'SIGKILL' });
    expect((after.lastExit?.at ?? Infinity) - killedAt).toBeLessThan(500);
    expect(isRunning(grandchild)).toBe(false);
  },
);

describe('ten servers that crash together', { timeout: 180_000 }, () => {
  test('are started apart, five times each, and no more', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    const crashing = {
      command: ['/bin/sh', '-c', 'exit 3'],
      restart: { initialDelay: '10ms', maxDelay: '20ms' },
    };
    const daemon = await startDaemon(Object.fromEntries(names.map((name) => [name, crashing])));
    for (const name of names) await daemon.until(name, 'given up', ({ state }) => state === 'crash_looping');
    const { servers } = await daemon.status();
    expect(servers.map(({ run }) => run)).toEqual(names.map(() => 5));
    const starts = await waitFor(async () => {
      const spawned = await daemon.journal('spawned');
      return spawned.length >= 50 && spawned.map(({ at }) => at);
    });
    expect(starts).toHaveLength(50);
    // In no tenth of a second more than a late timer can bring together; all at once would be ten.
    const crowded = starts.map((from) => starts.filter((at) => at >= from && at < from + 100).length);
    expect(Math.max(...crowded)).toBeLessThan(5);
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(49 * 100);
  });
});
