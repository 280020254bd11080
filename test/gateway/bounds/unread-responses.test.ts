// Unread responses: bounded for each server and for all, the oldest cut off first, over real connections that nobody reads.
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createUnreadResponses, type UnreadLimits } from '../../../src/gateway/bounds/unread-responses.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const MIB = 1024 * 1024;
/** More than the two sockets of a connection hold. */
const BIG = 12 * MIB;
const LIMITS: UnreadLimits = { one: 100 * MIB, server: 100 * MIB, all: 100 * MIB, time: 1_000 };

interface Client {
  readonly name: string;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** Clients that read nothing before they are told to. */
async function setUp(limits: Partial<UnreadLimits>) {
  const arrived: ServerResponse[] = [];
  const server = createServer((_, response) => void arrived.push(response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const cutOff: string[] = [];
  const unread = createUnreadResponses((name) => cutOff.push(name), { ...LIMITS, ...limits });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  async function open(name: string): Promise<Client> {
    const count = arrived.length;
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const response = await waitFor(() => arrived[count]);
    return { name, response, socket };
  }

  /** Answers with more than the sockets hold. */
  function answer({ name, response }: Client, now = 0, bytes = BIG): void {
    response.end('a'.repeat(bytes));
    unread.note(name, response, now);
  }

  return { unread, cutOff, open, answer };
}

const isOpen = ({ response }: Client): boolean => !response.destroyed;

describe('createUnreadResponses()', () => {
  test('cuts off the oldest of a server that has too much unread, and of no other', async () => {
    const { open, answer, cutOff, unread } = await setUp({ server: 2.5 * BIG });
    const other = await open('other');
    const clients = [await open('s'), await open('s'), await open('s')];
    answer(other);
    for (const client of clients) answer(client);
    expect([other, ...clients].map(isOpen)).toEqual([true, false, true, true]);
    expect(cutOff).toEqual(['s']);
    expect(unread.size).toBe(3);
    expect(unread.bytes).toBeLessThan(3 * BIG + MIB);
  });

  test('cuts off the oldest of all when all together have too much unread', async () => {
    const { open, answer, cutOff } = await setUp({ all: 1.5 * BIG });
    const clients = [await open('a'), await open('b'), await open('c')];
    for (const client of clients) answer(client);
    expect(clients.map(isOpen)).toEqual([false, false, true]);
    expect(cutOff).toEqual(['a', 'b']);
  });

  test('leaves those that were read meanwhile, whatever was noted of them', async () => {
    const { open, answer, cutOff, unread } = await setUp({ all: 1.5 * BIG });
    const [first, second] = [await open('a'), await open('b')];
    answer(first);
    first.socket.resume();
    await waitFor(() => first.response.writableFinished);
    await waitFor(() => unread.size === 0);
    answer(second);
    expect(cutOff).toEqual([]);
    expect(isOpen(second)).toBe(true);
  });

  test('cuts off what ended and is unread for too long, not a stream that goes on', async () => {
    const { open, answer, cutOff, unread } = await setUp({});
    const [ended, stream] = [await open('a'), await open('b')];
    stream.response.write('a'.repeat(BIG));
    unread.note('b', stream.response, 0);
    answer(ended, 500);
    unread.sweep(1_499);
    expect(cutOff).toEqual([]);
    unread.sweep(1_500);
    expect([isOpen(ended), isOpen(stream)]).toEqual([false, true]);
    expect(cutOff).toEqual(['a']);
    stream.socket.resume();
    await waitFor(() => unread.size === 0);
    expect(unread.bytes).toBe(0);
    for (const event of ['drain', 'close']) expect(stream.response.listenerCount(event)).toBeLessThan(2);
  });

  test('cuts off one response with too much unread, and one that its client left is forgotten', async () => {
    const { open, answer, cutOff, unread } = await setUp({ one: BIG / 2 });
    const [large, left] = [await open('a'), await open('b')];
    answer(large);
    expect(cutOff).toEqual(['a']);
    const small = await open('b');
    answer(small, 0, 100);
    expect(unread.size).toBe(0);
    left.response.write('a'.repeat(BIG / 3));
    unread.note('b', left.response, 0);
    left.socket.destroy();
    await waitFor(() => unread.size === 0 && unread.bytes === 0);
    expect(cutOff).toEqual(['a']);
  });
});
