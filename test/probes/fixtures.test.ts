// The fixture servers misbehave as they are named: a test against one that secretly behaves proves nothing.
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from 'node:net';
import { freePort, portOf, startHttp, startStdio, stopAll } from '../fixtures/start.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { deadline, stdioSession } from './session.ts';

afterEach(stopAll);

async function readyStdio(...args: string[]) {
  const server = startStdio(args);
  await waitFor(() => server.output().includes('ready'));
  return server;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a fixture server', () => {
  it('leaves politely at the end of stdin, and at SIGTERM', async () => {
    const one = await readyStdio();
    one.child.stdin.end();
    expect(await one.exited).toEqual({ code: 0, signal: null });
    const other = await readyStdio();
    process.kill(other.pid, 'SIGTERM');
    expect(await other.exited).toEqual({ code: 0, signal: null });
  });

  it.each([
    [['exit-at-once'], 0],
    [['exit-at-once', '--code', '7'], 7],
    [['crash', '--after', '100', '--code', '3'], 3],
  ])('exits as told: %j', async (args, code) => {
    expect(await startStdio(['--behaviour', ...args]).exited).toEqual({ code, signal: null });
  });

  it('exits on a request before initialize', async () => {
    const server = await readyStdio('--behaviour', 'exit-before-init');
    server.child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    expect(await server.exited).toEqual({ code: 1, signal: null });
  });

  it('lives on at the end of stdin and at SIGTERM when told to', async () => {
    const server = await readyStdio('--behaviour', 'ignore-eof,ignore-term');
    server.child.stdin.end();
    process.kill(server.pid, 'SIGTERM');
    // It is stopped and goes on again: by then both have been delivered.
    process.kill(server.pid, 'SIGSTOP');
    process.kill(server.pid, 'SIGCONT');
    expect(await Promise.race([server.exited, readyStdio().then(() => 'alive')])).toBe('alive');
  });

  it('has a grandchild in its group, and one that escaped from it', async () => {
    const server = await readyStdio('--behaviour', 'grandchild,escapee');
    const found = await waitFor(() => /grandchild (\d+)[\s\S]*escapee (\d+)/u.exec(server.output()));
    const [grandchild, escapee] = [Number(found[1]), Number(found[2])];
    process.kill(-server.pid, 'SIGKILL');
    await waitFor(() => !isAlive(grandchild));
    expect(isAlive(escapee)).toBe(true);
    process.kill(escapee, 'SIGKILL');
  });

  it('takes the next port when its own is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = portOf(taken);
    const server = await startHttp(['--port', String(port), '--behaviour', 'hop-port']);
    expect(Number(new URL(server.url).port)).toBeGreaterThan(port);
    taken.close();
  });

  it('starts late when told to', async () => {
    const began = performance.now();
    await startHttp(['--behaviour', 'slow-start', '--delay', '600', '--port', String(await freePort())]);
    expect(performance.now() - began).toBeGreaterThan(600);
  });

  it('prints a long line, or without end', async () => {
    for (const [behaviour, bytes] of [
      ['long-line', 100 * 1024 * 1024],
      ['flood-stderr', 20 * 1024 * 1024],
    ] as const) {
      const server = startStdio(['--behaviour', behaviour]);
      let seen = 0;
      server.child.stderr.removeAllListeners('data').on('data', (chunk: Buffer) => (seen += chunk.length));
      await waitFor(() => seen >= bytes, { timeout: 20_000, what: behaviour });
      await server.stop();
    }
  });

  it('answers slowly when told to', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'slow', '--delay', '300']));
    await session.connect(deadline());
    const [{ result }] = await session.probe('liveness', deadline());
    expect(result.outcome === 'passed' && result.took).toBeGreaterThan(290);
  });
});
