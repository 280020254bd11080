import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../src/wire/connection.ts';
import { startStdio, stopAll } from '../fixtures/start.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { deadline, stdioSession } from '../probes/session.ts';

afterEach(stopAll);

const never = new AbortController().signal;

function pipe() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const noise: string[] = [];
  const connection = openConnection(
    { stdin, stdout },
    { run: 4, onNonProtocolLine: (line) => noise.push(line) },
  );
  const sent = () =>
    String(stdin.read() ?? '')
      .split('\n')
      .filter(Boolean)
      .map(readRequest);
  return { connection, stdin, stdout, noise, sent };
}

function readRequest(line: string): { id: string; method: string } {
  return JSON.parse(line);
}

describe('a connection', () => {
  it('gives each of several users its own answer, in whatever order they come', async () => {
    const { connection, stdout, sent } = pipe();
    const first = connection.request('tools/list', {}, never);
    const second = connection.request('ping', undefined, never);
    const ids = sent().map(({ id }) => id);
    expect(ids).toEqual(['wd:4:1', 'wd:4:2']);
    stdout.write(
      `{"jsonrpc":"2.0","id":"${ids[1]}","result":{"of":2}}\n{"jsonrpc":"2.0","id":"${ids[0]}","result":{"of":1}}\n`,
    );
    expect(await first).toMatchObject({ kind: 'response', response: { result: { of: 1 } } });
    expect(await second).toMatchObject({ kind: 'response', response: { result: { of: 2 } } });
  });

  it('counts answers to nobody, and gives what is no message to the log', async () => {
    const server = startStdio(['--behaviour', 'duplicate,noise']);
    const session = stdioSession(server);
    await session.connect(deadline());
    expect(await session.probe('liveness', deadline())).toMatchObject([{ result: { outcome: 'passed' } }]);
    await waitFor(() => session.connection?.counters.unmatchedResponses === 4, {
      what: 'four answers to nobody',
    });
    await waitFor(() => session.noise.length === 6, { what: 'six lines of noise' });
    expect(session.noise).toContain('[info] handling a request');
    expect(session.noise).toContain('{ half a message');
  });

  it('reads messages that are cut within lines and characters', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'split']));
    await session.connect(deadline());
    expect(await session.probe('full', deadline())).toMatchObject([{ result: { tools: 2 } }]);
    expect(session.noise).toEqual([]);
  });

  it('answers a ping of the server, and refuses what it does not offer', async () => {
    const server = startStdio(['--behaviour', 'asks']);
    const session = stdioSession(server);
    await session.connect(deadline());
    const said = await waitFor(() => server.output().includes('"s"') && server.output());
    expect(said).toContain('reply {"jsonrpc":"2.0","id":7,"result":{}}');
    expect(said).toContain(
      'reply {"jsonrpc":"2.0","id":"s","error":{"code":-32601,"message":"Method not found"}}',
    );
  });

  it('fails what is open as closed when the server goes, and everything after', async () => {
    const server = startStdio(['--behaviour', 'no-ping']);
    const session = stdioSession(server);
    await session.connect(deadline());
    const open = session.connection?.request('ping', undefined, never);
    process.kill(server.pid, 'SIGKILL');
    expect(await open).toMatchObject({ kind: 'failed', reason: 'closed' });
    expect(session.connection?.isClosed).toBe(true);
    expect(await session.connection?.request('ping', undefined, never)).toMatchObject({ reason: 'closed' });
  });

  it('goes on reading after close, so that a server which still prints can end', async () => {
    const { connection, stdout, noise } = pipe();
    const open = connection.request('ping', undefined, never);
    connection.close();
    expect(await open).toMatchObject({ kind: 'failed', reason: 'closed' });
    stdout.write('good bye\n');
    await waitFor(() => noise.length > 0);
    expect(noise).toEqual(['good bye']);
  });

  it('keeps 16 MiB of a line without end, and finds the message after it', async () => {
    const { connection, stdout, noise, sent } = pipe();
    const asked = connection.request('ping', undefined, never);
    const [request] = sent();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 40; count += 1) {
      if (!stdout.write(piece)) await new Promise((resolve) => stdout.once('drain', resolve));
    }
    stdout.write(`\n{"jsonrpc":"2.0","id":"${request!.id}","result":{}}\n`);
    expect(await asked).toMatchObject({ kind: 'response' });
    expect(noise.map(({ length }) => length)).toEqual([16 * 1024 * 1024]);
  });

  it('does not pile up questions for a server that does not read', async () => {
    const { connection, stdin, sent } = pipe();
    const impatient = Array.from({ length: 200 }, () => new AbortController());
    const waiting = impatient.map(({ signal }) =>
      connection.request('tools/list', { padding: 'x'.repeat(10_000) }, signal),
    );
    const held = stdin.writableLength + stdin.readableLength;
    // What both ends of the pipe hold by themselves, 16 or 64 KiB by Node's version, and a message on either end.
    expect(held).toBeLessThan(stdin.writableHighWaterMark + stdin.readableHighWaterMark + 2 * 11_000);
    for (const controller of impatient) controller.abort({ end: 'timeout', after: 10 });
    expect(await Promise.all(waiting)).toHaveLength(200);
    const after = connection.request('ping', undefined, new AbortController().signal);
    // Of those that were given up only what the pipe had already taken is sent.
    const methods: string[] = [];
    await waitFor(() => {
      methods.push(...sent().map(({ method }) => method));
      return methods.includes('ping');
    });
    expect(methods.length).toBeLessThan(20);
    connection.close();
    expect(await after).toMatchObject({ reason: 'closed' });
  });
});
