import { request, Agent } from 'node:http';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { listenHttp, type ListenOptions } from '../../../src/system/net/http-listener.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const HERE: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  setting: 'metrics.listen',
  clock: systemClock,
  onFault: () => {},
};

async function failure(options: Partial<ListenOptions>): Promise<WatchdogError> {
  const error: unknown = await listenHttp(() => {}, { ...HERE, ...options }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof WatchdogError) return error;
  throw new Error(`Expected a WatchdogError, got ${String(error)}`);
}

describe('listenHttp()', () => {
  test('tells the address that it got', async () => {
    const listening = await listenHttp((_, response) => response.end('here'), HERE);
    const { url } = listening;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(url)).text()).toBe('here');
    await listening.close();
    await expect(fetch(url)).rejects.toThrow();
  });

  test('names who has the port', async () => {
    const first = await listenHttp(() => {}, HERE);
    const port = Number(new URL(first.url).port);
    const asked: unknown[] = [];
    const whoListens: ListenOptions['whoListens'] = async (...where) => {
      asked.push(where);
      return { pid: 4711, command: 'grafana server' };
    };
    const error = await failure({ port, whoListens });
    expect(error.code).toBe('LISTEN_FAILED');
    expect(error.message).toBe(
      `Cannot listen on 127.0.0.1:${port}: process 4711 (grafana server) has that port`,
    );
    expect(error.hint).toContain('metrics.listen');
    expect(asked).toEqual([[port, '127.0.0.1']]);
    await first.close();
  });

  test.each<[string, ListenOptions['whoListens']]>([
    ['is not asked for', undefined],
    ['is not found', async () => null],
    ['may not be seen', async () => ({ pid: null, command: null })],
    [
      'cannot be looked up',
      async () => {
        throw new Error('no /proc');
      },
    ],
  ])('says that the port is taken when its holder %s', async (_, whoListens) => {
    const first = await listenHttp(() => {}, HERE);
    const port = Number(new URL(first.url).port);
    const error = await failure({ port, ...(whoListens && { whoListens }) });
    expect(error.message).toBe(`Cannot listen on 127.0.0.1:${port}: another process has that port`);
    await first.close();
  });

  test('says when the address is not of this machine', async () => {
    const error = await failure({ host: '192.0.2.1' });
    expect(error.message).toContain('this machine has no such address');
  });
});

describe('a client that takes more than its share', () => {
  const IMPATIENT = {
    requestTimeout: 5000,
    keepAliveTimeout: 20_000,
    connections: 10,
    most: 20,
    checkEvery: 1000,
  };

  async function open() {
    const listening = await listenHttp((_, response) => response.end('here'), { ...HERE, limits: IMPATIENT });
    onTestFinished(() => listening.close());
    return { ...listening, port: Number(new URL(listening.url).port) };
  }

  test('of headers is refused', async () => {
    const { url } = await open();
    expect((await fetch(url, { headers: { 'x-large': 'x'.repeat(20_000) } })).status).toBe(431);
  });

  test('of time is disconnected, and so is one that never asks', { timeout: 30_000 }, async () => {
    const { port } = await open();
    const slow = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    slow[0]?.write('GET / HTTP/1.1\r\nHost: x\r\n');
    for (const socket of slow) socket.on('error', () => {}).resume();
    await waitFor(() => slow.every((socket) => socket.closed), { timeout: 20_000 });
  });

  test(
    'of time for its body is answered, by the limits and with the body that the app wants',
    { timeout: 30_000 },
    async () => {
      const listening = await listenHttp((incoming) => void incoming.resume(), {
        ...HERE,
        limits: IMPATIENT,
        faultBody: (status, reason) => JSON.stringify({ status, reason }),
      });
      onTestFinished(() => listening.close());
      const socket = connect(Number(new URL(listening.url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n');
      // A byte now and then does not help.
      const timer = setInterval(() => socket.write('a'), 500);
      onTestFinished(() => clearInterval(timer));
      await once(socket, 'close');
      expect(text).toMatch(
        /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\{"status":408,"reason":"Request Timeout"\}$/u,
      );
    },
  );

  test('answers a scraper while others hold more idle connections than there are places, and closes the oldest of those', async () => {
    const listening = await listenHttp((_, response) => response.end('here'), HERE);
    onTestFinished(() => listening.close());
    const port = Number(new URL(listening.url).port);
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    const opened = (count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, () => {
          const socket = connect(port, '127.0.0.1');
          sockets.push(socket);
          socket.on('error', () => {}).resume();
          return once(socket, 'connect');
        }),
      );
    await opened(200);
    expect(await (await fetch(listening.url)).text()).toBe('here');
    await waitFor(() => sockets.filter((socket) => socket.closed).length === 1);
    await opened(250);
    expect(await (await fetch(listening.url)).text()).toBe('here');
    await waitFor(() => sockets.filter((socket) => !socket.closed).length <= 200);
  });

  test('never closes a connection with a request under way to make room', async () => {
    const finish: (() => void)[] = [];
    const listening = await listenHttp((_, response) => finish.push(() => response.end('whole')), HERE);
    onTestFinished(() => listening.close());
    const port = Number(new URL(listening.url).port);
    const answer = fetch(listening.url).then((response) => response.text());
    await waitFor(() => finish.length === 1);
    const sockets = Array.from({ length: 260 }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .resume(),
    );
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await waitFor(() => sockets.filter((socket) => socket.closed).length >= 61);
    finish[0]?.();
    expect(await answer).toBe('whole');
  });
});

describe('close()', () => {
  test('does not wait for connections that are kept alive', async () => {
    // Time stands still: whoever waits for the end of the grace waits for ever.
    const web = await listenHttp((_, response) => response.end('here'), { ...HERE, clock: new FakeClock() });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await new Promise<void>((resolve, reject) => {
      request({ port: new URL(web.url).port, host: '127.0.0.1', agent }, (response) =>
        response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end();
    });
    await web.close();
  });

  test('lets an answer in the making be finished', async () => {
    let finish = (): void => {};
    const listening = await listenHttp((_, response) => {
      finish = () => void response.end('whole');
    }, HERE);
    const idle = finish;
    const answer = fetch(listening.url).then((response) => response.text());
    await waitFor(() => finish !== idle);
    const closed = listening.close();
    finish();
    expect(await answer).toBe('whole');
    await closed;
  });

  test('does not wait for ever for one that is not', async () => {
    const listening = await listenHttp(() => {}, HERE);
    const socket = connect(Number(new URL(listening.url).port), '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>(
      (resolve) => void socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => resolve()),
    );
    await listening.close();
    socket.resume();
    await waitFor(() => socket.closed);
  });
});
