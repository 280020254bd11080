import { get, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ShownEvent } from '../../../src/core/status/shown-event.ts';
import { fakePageSource } from '../../fakes/page-source.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { startWeb } from '../../fakes/web.ts';
import { pageAssets } from '../../../src/web/page/assets.ts';

interface Message {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

async function listen(port: number, query = '') {
  const messages: Message[] = [];
  let rest = '';
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ host: '127.0.0.1', port, path: `/api/v1/stream${query}`, agent: false }, resolve),
  );
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const parts = `${rest}${text}`.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/su.exec(part) ?? [];
      messages.push({ event, data: JSON.parse(data) });
    }
  });
  response.on('error', () => {});
  onTestFinished(() => void response.destroy());
  return { messages, response, of: (event: string) => messages.filter((one) => one.event === event) };
}

async function start(names: readonly string[] = ['a', 'b'], onUnwatched = (): void => {}) {
  const page = fakePageSource({ shown: status(names.map((name) => serverStatus({ name }))) });
  const web = await startWeb({ page, onUnwatched });
  onTestFinished(() => web.close());
  return { page, web };
}

test('says hello, then the whole status, then only what changed', async () => {
  const { page, web } = await start();
  const stream = await listen(web.port);
  expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  await waitFor(() => stream.messages.length === 2);
  expect(stream.messages[0]).toEqual({
    event: 'hello',
    data: { boot: 'b00b', seq: 1, assets: pageAssets().hash },
  });
  expect(stream.messages[1]).toMatchObject({
    event: 'status',
    data: { seq: 1, order: ['a', 'b'], troubles: [] },
  });
  const [a] = page.status().servers;
  page.change(status([a ?? serverStatus(), serverStatus({ name: 'b', pid: 7 })]));
  await waitFor(() => stream.of('status').length === 2);
  const { servers, ...others } = stream.of('status')[1]?.data ?? {};
  expect(servers).toMatchObject([{ name: 'b', pid: 7 }]);
  expect(Object.keys(others).toSorted()).toEqual(['now', 'seq']);
});

test('goes on after a number that the page has, of this run alone', async () => {
  const { web } = await start();
  const { seq, boot } = JSON.parse((await web.ask('/api/v1/status')).body);
  const known = await listen(web.port, `?boot=${boot}&since=${seq}`);
  const other = await listen(web.port, `?boot=other&since=${seq}`);
  await waitFor(() => other.of('status').length === 1 && known.of('hello').length === 1);
  expect(known.of('status')).toEqual([]);
});

test('at most one status a second, the first one at once', async () => {
  const { page, web } = await start();
  const stream = await listen(web.port);
  await waitFor(() => stream.of('status').length === 1);
  const began = performance.now();
  for (let pid = 1; stream.of('status').length < 3; pid += 1) {
    page.change(status([serverStatus({ name: 'a', pid }), serverStatus({ name: 'b' })]));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // The first change could come at once, the second one not before a second had passed; both can come later.
  expect(performance.now() - began).toBeGreaterThan(950);
});

test('tells events without the words of servers', async () => {
  const { page, web } = await start();
  const stream = await listen(web.port);
  await waitFor(() => page.subscribers === 1);
  const event: ShownEvent = {
    at: 1,
    firstAt: 1,
    count: 1,
    kind: 'exited',
    server: 'a',
    text: 'exited with code 3: “KEY of Jane” in /home/ada/x',
    tone: 'warn',
  };
  page.tell(event);
  await waitFor(() => stream.of('event').length === 1);
  expect(stream.of('event')[0]?.data).toEqual({ ...event, text: 'exited with code 3 in ~/x' });
});

test('a stream that ended costs nothing', async () => {
  const { page, web } = await start();
  const stream = await listen(web.port);
  await waitFor(() => page.subscribers === 1);
  stream.response.destroy();
  await waitFor(() => page.subscribers === 0);
});

test('there are 32 streams at most', async () => {
  const { web } = await start();
  const streams = [];
  for (let index = 0; index < 33; index += 1) streams.push(await listen(web.port));
  expect(streams.map(({ response }) => response.statusCode).filter((code) => code === 200)).toHaveLength(32);
  expect(streams.at(-1)?.response.statusCode).toBe(503);
});

test('a client that does not read gets the newest status later, and is told how many events it missed', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `server-${index}`);
  const { page, web } = await start(names);
  const stream = await listen(web.port);
  await waitFor(() => stream.of('status').length === 1);
  stream.response.pause();
  const event: ShownEvent = {
    at: 1,
    firstAt: 1,
    count: 1,
    kind: 'job',
    server: null,
    text: 'x'.repeat(10_000),
    tone: 'info',
  };
  // More than any buffer of the system between the two.
  for (let index = 0; index < 2_000; index += 1) {
    page.tell(event);
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  page.change(status(names.map((name) => serverStatus({ name, pid: 77 }))));
  stream.response.resume();
  await waitFor(() => stream.messages.some(({ data }) => 'missed' in data));
  const last = stream.of('status').at(-1)?.data;
  expect(last?.['missed']).toBeGreaterThan(100);
  expect(stream.of('event').length).toBeLessThan(2_000);
});

test('tells when the last who looked has gone', async () => {
  const onUnwatched = vi.fn();
  const { web } = await start(['a'], onUnwatched);
  const streams = [await listen(web.port), await listen(web.port)];
  await waitFor(() => streams.every(({ messages }) => messages.length === 2));
  streams[0]?.response.destroy();
  // Answered after the end of the first stream was seen.
  const third = await listen(web.port, '?since=1');
  third.response.destroy();
  expect(onUnwatched).not.toHaveBeenCalled();
  streams[1]?.response.destroy();
  await waitFor(() => onUnwatched.mock.calls.length === 1);
});
