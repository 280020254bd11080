import { spawn } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { type ControlServer, startControlServer } from '../../src/control/server.ts';
import { WatchdogError } from '../../src/core/base/errors.ts';
import type { Status } from '../../src/core/model/status.ts';
import { FakeClock } from '../fakes/clock.ts';
import { fakeDaemon } from '../fakes/control-handlers.ts';
import { status } from '../fakes/status.ts';
import { missingHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

async function serve(socketPath: string, daemon = fakeDaemon()): Promise<ControlServer> {
  const server = await startControlServer({ socketPath, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  return server;
}

async function talk(socketPath: string) {
  const client = await connect(socketPath);
  onTestFinished(() => client.close());
  return client;
}

/** Everything that comes back after sending raw bytes, until the other side hangs up or `lines` lines came. */
function exchange(socketPath: string, bytes: string | Buffer, lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    let text = '';
    const finish = () => resolve(text.split('\n').slice(0, -1));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > lines) socket.end(finish);
    });
    socket.on('close', finish);
    socket.on('error', reject);
    socket.write(bytes);
  });
}

describe('startControlServer()', () => {
  it('answers what it is asked', async () => {
    const { socket } = missingHome();
    const daemon = fakeDaemon();
    await serve(socket, daemon);
    const client = await talk(socket);
    expect(await client.request('status', {})).toEqual(status());
    expect(await client.request('ping', {})).toMatchObject({ pid: 4000, version: '0.1.0' });
    await client.request('stop', { names: ['a', 'b'] });
    await client.request('check', { name: 'a' });
    expect(daemon.asked).toEqual(['stop a,b', 'check a']);
  });

  it('keeps answers apart that come back in another order', async () => {
    const { socket } = missingHome();
    const daemon = fakeDaemon();
    let finish = () => {};
    const start = () => new Promise<null>((resolve) => (finish = () => resolve(null)));
    await serve(socket, { ...daemon, handlers: { ...daemon.handlers, start } });
    const client = await talk(socket);
    const slow = client.request('start', { names: [] });
    expect(await client.request('ping', {})).toMatchObject({ pid: 4000 });
    finish();
    expect(await slow).toBeNull();
  });

  it('outlives a connection that the system does not let in', async () => {
    const { socket } = missingHome();
    const warnings: string[] = [];
    const log = { warn: (_: object, sentence: string) => warnings.push(sentence) };
    const listening = vi.spyOn(Server.prototype, 'listen');
    onTestFinished(() => listening.mockRestore());
    const control = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers, log });
    onTestFinished(() => control.close());
    for (const server of listening.mock.contexts)
      if (server instanceof Server) server.emit('error', new Error('accept EMFILE'));
    expect(warnings).toEqual(['Cannot take a command']);
    const client = await talk(socket);
    expect(await client.request('ping', {})).toMatchObject({ pid: 4000 });
  });

  it('lets only the owner in', async () => {
    const { socket, run } = missingHome();
    await serve(socket);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(run).mode & 0o777).toBe(0o700);
  });

  it('closes a run folder that others could enter', async () => {
    const { socket, run } = missingHome();
    mkdirSync(run, { recursive: true, mode: 0o755 });
    await serve(socket);
    expect(statSync(run).mode & 0o777).toBe(0o700);
  });

  it('gives back what a handler throws, with its code and its hint', async () => {
    const { socket } = missingHome();
    const daemon = fakeDaemon();
    const stop = () => {
      throw new WatchdogError('UNKNOWN_SERVER', 'Cannot stop "x": there is no such server', {
        hint: 'try y',
      });
    };
    await serve(socket, { ...daemon, handlers: { ...daemon.handlers, stop } });
    const client = await talk(socket);
    await expect(client.request('stop', { names: ['x'] })).rejects.toMatchObject({
      code: 'UNKNOWN_SERVER',
      message: 'Cannot stop "x": there is no such server',
      hint: 'try y',
    });
  });

  it('answers an unknown version and an unknown method with an error, and goes on', async () => {
    const { socket } = missingHome();
    await serve(socket);
    const lines = [
      '{"v":9,"id":1,"method":"ping"}',
      'x',
      '{"v":1,"id":2,"method":"pong"}',
      '{"v":1,"id":3,"method":"ping"}',
    ];
    const replies = await exchange(socket, `${lines.join('\n')}\n`, 4);
    expect(replies.map((reply) => JSON.parse(reply))).toMatchObject([
      { id: 1, error: { code: 'CONTROL_FAILED' } },
      { id: null, error: { code: 'CONTROL_FAILED' } },
      { id: 2, error: { hint: 'Did you mean "ping"?' } },
      { id: 3, result: { pid: 4000 } },
    ]);
  });

  it('hangs up on a line longer than 1 MiB, whether it ends or not', async () => {
    const { socket } = missingHome();
    await serve(socket);
    for (const end of ['', '\n']) {
      const [reply = ''] = await exchange(socket, `${'x'.repeat(1024 ** 2 + 1)}${end}`, Infinity);
      expect(reply).toContain('longer than 1048576 bytes');
    }
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
  });

  it('refuses brackets nested 100,000 deep, wherever they stand, and answers the next request', async () => {
    const { socket } = missingHome();
    await serve(socket);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const frames = [
      `{"v":1,"id":1,"method":"start","params":${deep}}`,
      `{"v":1,"id":1,"method":${deep}}`,
      `{"v":${deep},"id":1}`,
      `{"id":${deep}}`,
      '{"a":'.repeat(100_000),
      deep,
    ];
    const replies = await exchange(socket, `${frames.join('\n')}\n`, frames.length);
    expect(replies.map((reply) => JSON.parse(reply))).toEqual(
      frames.map(() =>
        expect.objectContaining({ id: null, error: expect.objectContaining({ code: 'CONTROL_FAILED' }) }),
      ),
    );
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
  });

  it('reads a request that arrives byte by byte', async () => {
    const { socket } = missingHome();
    await serve(socket);
    const connection = createConnection(socket);
    onTestFinished(() => void connection.destroy());
    const reply = new Promise<string>((resolve) =>
      connection.once('data', (chunk) => resolve(chunk.toString())),
    );
    for (const byte of '{"v":1,"id":3,"method":"ping"}\n') {
      await new Promise((resolve) => connection.write(byte, resolve));
    }
    expect(JSON.parse(await reply)).toMatchObject({ id: 3, result: { pid: 4000 } });
  });

  it('ends every connection on close, and removes the socket', async () => {
    const { socket } = missingHome();
    const server = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers });
    const client = await talk(socket);
    await client.request('ping', {});
    await server.close();
    await client.closed;
    await expect(client.request('ping', {})).rejects.toMatchObject({ code: 'NO_DAEMON' });
    await expect(connect(socket)).rejects.toMatchObject({ code: 'NO_DAEMON' });
  });

  it('sends the answer to a shutdown before the connection ends', async () => {
    const { socket } = missingHome();
    const daemon = fakeDaemon();
    const server = await startControlServer({ socketPath: socket, handlers: daemon.handlers });
    // The worst case: nothing else has to be ended first.
    daemon.onShutdown = () => void server.close();
    const client = await talk(socket);
    expect(await client.request('shutdown', {})).toBeNull();
    await client.closed;
  });

  it('refuses a run folder that is a symbolic link', async () => {
    const { socket, run, home } = missingHome();
    mkdirSync(join(home, 'elsewhere'), { recursive: true });
    symlinkSync(join(home, 'elsewhere'), run);
    await expect(serve(socket)).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      message: expect.stringContaining('symbolic link'),
    });
    await expect(connect(socket)).rejects.toMatchObject({ code: 'HOME_UNUSABLE' });
  });

  it('advises nobody to remove a file that is taken for a home', async () => {
    const { home } = missingHome();
    mkdirSync(home, { recursive: true });
    const file = join(home, 'file');
    writeFileSync(file, '');
    await expect(connect(join(file, 'run', 'control.sock'))).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      hint: 'A part of this path is a file: choose a folder with --home DIR',
    });
  });

  it('works where the path of the socket is too long for the system, and with a place that is found again', async () => {
    const { socket } = missingHome('a-folder-with-a-long-name/'.repeat(5));
    expect(Buffer.byteLength(socket)).toBeGreaterThan(103);
    await serve(socket);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
    await expect(serve(socket)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  const takers: [string, (path: string) => void][] = [
    ['a file', (path) => writeFileSync(path, '')],
    ['a link', (path) => symlinkSync('/nowhere', path)],
  ];
  if (process.getuid?.() === 0) takers.push(['a folder of another user', foreignFolder]);
  it.each(takers)(
    'starts where %s has the name that its socket would have among the temporary files',
    async (_what, take) => {
      const { socket } = missingHome('a-folder-with-a-long-name/'.repeat(5));
      const first = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers });
      const usual = dirname(readFileSync(`${socket}.path`, 'utf8'));
      await first.close();
      take(usual);
      onTestFinished(() => rmSync(usual, { recursive: true }));
      await serve(socket);
      expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
      await expect(serve(socket)).rejects.toMatchObject({ code: 'LOCK_HELD' });
      expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
    },
  );
});

function foreignFolder(path: string): void {
  mkdirSync(path);
  chownSync(path, 65_534, 65_534);
}

describe('one daemon per home', () => {
  it('tells the second one who holds it', async () => {
    const { socket, home } = missingHome();
    await serve(socket);
    await expect(serve(socket)).rejects.toMatchObject({
      code: 'LOCK_HELD',
      message: `Cannot run in "${home}": the daemon with pid 4000 already does`,
    });
  });

  it('still knows the holder when its socket was removed', async () => {
    const { socket, run } = missingHome();
    await serve(socket);
    rmSync(join(run, 'control.sock'));
    await expect(serve(socket)).rejects.toMatchObject({
      message: expect.stringContaining(`pid ${process.pid} `),
    });
  });

  it('lets the next one in after a close', async () => {
    const { socket } = missingHome();
    for (let turn = 0; turn < 12; turn += 1) {
      const server = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers });
      await server.close();
    }
    await serve(socket);
  });

  it('replaces a socket file that nobody answers on', async () => {
    const { socket, run } = missingHome();
    mkdirSync(run, { recursive: true, mode: 0o700 });
    writeFileSync(socket, '');
    await serve(socket);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
  });

  it('leaves a foreign daemon alone that answers without holding the lock', async () => {
    const { socket, run } = missingHome();
    mkdirSync(run, { recursive: true, mode: 0o700 });
    const other = createServer((connection) =>
      connection.on('data', () =>
        connection.write('{"v":1,"id":1,"result":{"pid":77,"version":"9","home":"","startedAt":0}}\n'),
      ),
    );
    await new Promise<void>((resolve) => void other.listen(socket, resolve));
    onTestFinished(() => void other.close());
    await expect(serve(socket)).rejects.toMatchObject({
      message: expect.stringContaining('pid 77 '),
    });
  });
});

describe('a home that goes away and comes back', () => {
  it('is reachable at once where nothing could be made in its place', async () => {
    const { socket, home } = missingHome();
    const server = await serve(socket);
    renameSync(home, `${home}.away`);
    // A file where the folder was: not even root can make a folder of it.
    writeFileSync(home, '');
    await expect(server.renew()).rejects.toMatchObject({ code: 'HOME_UNUSABLE' });
    rmSync(home);
    renameSync(`${home}.away`, home);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
    expect(await server.renew()).toBe(false);
  });

  it('is reachable again where another was made in its place, and its old lock is no other daemon', async () => {
    const { socket, home } = missingHome();
    const server = await serve(socket);
    renameSync(home, `${home}.away`);
    expect(await server.renew()).toBe(true);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
    rmSync(home, { recursive: true });
    renameSync(`${home}.away`, home);
    expect(await server.renew()).toBe(true);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
    expect(await server.renew()).toBe(false);
  });

  it('is opened again when that failed half-way', async () => {
    const { socket, home, run } = missingHome();
    const server = await serve(socket);
    rmSync(home, { recursive: true });
    mkdirSync(run, { recursive: true, mode: 0o700 });
    // Somebody's file where the folder of the lock has to be.
    writeFileSync(join(run, 'lock'), '');
    await expect(server.renew()).rejects.toMatchObject({ code: 'HOME_UNUSABLE' });
    rmSync(join(run, 'lock'));
    expect(await server.renew()).toBe(true);
    expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: 4000 });
  });
});

describe('many daemons at once', () => {
  function contend(
    socket: string,
    at: number,
  ): { readonly pid: number; said: string; kill(): Promise<void> } {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '..', 'fixtures', 'contender.mjs'), socket, String(at)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const contender = { pid: child.pid ?? 0, said: '', kill: () => (child.kill('SIGKILL'), ended) };
    child.stdout.on('data', (chunk: Buffer) => (contender.said += chunk.toString()));
    onTestFinished(contender.kill);
    return contender;
  }

  it(
    'leaves exactly one of ten that start together, round after round, each after a kill -9 of the last',
    { timeout: 90_000 },
    async () => {
      const { socket } = missingHome();
      for (let round = 0; round < 3; round += 1) {
        const contenders = Array.from({ length: 10 }, (_, index) => ({ index, at: Date.now() + 1500 })).map(
          ({ at }) => contend(socket, at),
        );
        await waitFor(() => contenders.every(({ said }) => said !== ''), {
          timeout: 60_000,
          what: 'ten answers',
        });
        const holders = contenders.filter(({ said }) => said.startsWith('holds'));
        expect(holders).toHaveLength(1);
        const losers = contenders.filter((each) => each !== holders[0]);
        for (const { said } of losers) expect(said).toContain(`LOCK_HELD Cannot run in`);
        for (const { said } of losers) expect(said).toContain(`pid ${holders[0]?.pid} `);
        expect(await (await talk(socket)).request('ping', {})).toMatchObject({ pid: holders[0]?.pid });
        await Promise.all(contenders.map((each) => each.kill()));
        await expect(connect(socket)).rejects.toMatchObject({ code: 'NO_DAEMON' });
      }
    },
  );
});

describe('watch', () => {
  it('sends the status at once, and a burst of changes as one, four times a second at most', async () => {
    const { socket } = missingHome();
    const daemon = fakeDaemon();
    const clock = new FakeClock();
    const server = await startControlServer({ socketPath: socket, handlers: daemon.handlers, clock });
    const seen: Status[] = [];
    const client = await talk(socket);
    const stop = new AbortController();
    const watching = client.watch((each) => seen.push(each), stop.signal);
    await waitFor(() => seen.length === 1);
    const shown = Array.from({ length: 50 }, (_, pid) => status([], { pid }));
    for (const each of shown) daemon.show(each);
    await clock.advance(249);
    await clock.advance(1);
    await waitFor(() => seen.length === 2);
    expect(seen[1]).toEqual(shown.at(-1));
    stop.abort();
    await watching;
    await waitFor(() => daemon.watched() === 0, { what: 'the end of the subscription' });
    const closing = server.close();
    await clock.advance(1000);
    await closing;
    expect(seen).toHaveLength(2);
  });

  it('holds back from who does not read, then sends the newest', async () => {
    const { socket } = missingHome();
    const long = 'x'.repeat(1024 ** 2);
    const daemon = fakeDaemon(status([], { home: long }));
    await serve(socket, daemon);
    const connection = createConnection(socket);
    onTestFinished(() => void connection.destroy());
    connection.write('{"v":1,"id":1,"method":"watch"}\n');
    await waitFor(() => daemon.watched() === 1);
    for (let pid = 0; pid < 20; pid += 1) daemon.show(status([], { home: long, pid }));
    let text = '';
    connection.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitFor(() => text.includes('"pid":19') && text.endsWith('\n'), { what: 'the newest status' });
    expect(text.split('\n').length).toBeLessThan(5);
  });

  it('ends with an error when the daemon goes away', async () => {
    const { socket } = missingHome();
    const server = await startControlServer({ socketPath: socket, handlers: fakeDaemon().handlers });
    const client = await talk(socket);
    const watching = client.watch(() => {}, new AbortController().signal);
    const outcome = expect(watching).rejects.toMatchObject({ code: 'NO_DAEMON' });
    await client.request('ping', {});
    await server.close();
    await outcome;
  });
});
