import { PassThrough } from 'node:stream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../src/wire/connection.ts';
import type { ForeignResponse } from '../../src/wire/foreign-response.ts';
import { EVERYTHING, start, startStdio, stopAll } from '../fixtures/start.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { connectionOf, deadline, linesInto, stdioSession } from '../probes/session.ts';

afterEach(stopAll);

const never = new AbortController().signal;

function pipe() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const noise: string[] = [];
  const refused: string[] = [];
  const connection = openConnection(
    { stdin, stdout },
    {
      run: 4,
      version: '0.0.0',
      onNonProtocolOutput: linesInto(noise, 1024),
      onRefused: (sentence) => refused.push(sentence),
    },
  );
  const sent = () =>
    String(stdin.read() ?? '')
      .split('\n')
      .filter(Boolean)
      .map(readRequest);
  return { connection, stdin, stdout, noise, refused, sent };
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

  it('does not hold a line without end that is no message, and finds the message after it', async () => {
    const { connection, stdout, noise, sent } = pipe();
    const asked = connection.request('ping', undefined, never);
    const [request] = sent();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 40; count += 1) {
      if (!stdout.write(piece)) await new Promise((resolve) => stdout.once('drain', resolve));
    }
    stdout.write(`\n{"jsonrpc":"2.0","id":"${request!.id}","result":{}}\n`);
    expect(await asked).toMatchObject({ kind: 'response' });
    expect(noise.map(({ length }) => length)).toEqual([1024]);
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
    const sentOut = methods.filter((method) => method === 'tools/list').length;
    expect(sentOut).toBeLessThan(20);
    // Each of them is cancelled at the server, and nothing else.
    expect(methods.filter((method) => method === 'notifications/cancelled').length).toBeLessThanOrEqual(
      sentOut,
    );
    connection.close();
    expect(await after).toMatchObject({ reason: 'closed' });
  });
});

describe('the handshake of a connection', () => {
  const connected = { kind: 'connected', peer: { handshake: { serverName: 'fixture' } } };

  it('is one for all who ask, during it and after it, and keeps the whole result', async () => {
    const server = startStdio(['--behaviour', 'tell,slow', '--delay', '200']);
    const connection = connectionOf(server);
    const heard: (string | null)[] = [];
    connection.subscribe({ onHandshake: ({ handshake }) => heard.push(handshake.serverName) });
    expect(connection.peer).toBeNull();
    const both = await Promise.all([connection.connect(never), connection.connect(never)]);
    expect([...both, await connection.connect(never)]).toMatchObject([connected, connected, connected]);
    expect(connection.peer?.result).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'fixture', version: '1.2.3' },
    });
    expect(heard).toEqual(['fixture']);
    expect(server.output().match(/^got initialize/gmu)).toHaveLength(1);
  });

  it('goes on when somebody no longer waits for it, and is never cancelled', async () => {
    const server = startStdio(['--behaviour', 'tell,slow', '--delay', '300']);
    const connection = connectionOf(server);
    const controller = new AbortController();
    const hasty = connection.connect(controller.signal);
    await waitFor(() => server.output().includes('got initialize'));
    controller.abort({ end: 'timeout', after: 10 });
    expect(await hasty).toMatchObject({ kind: 'failed', reason: 'timeout' });
    expect(await connection.connect(never)).toMatchObject(connected);
    await waitFor(() => server.output().includes('got notifications/initialized'));
    expect(server.output()).not.toMatch(/got notifications\/cancelled/u);
    expect(server.output().match(/^got initialize/gmu)).toHaveLength(1);
  });

  it('is tried again with a server that refused it', async () => {
    const connection = connectionOf(startStdio(['--behaviour', 'refuse']));
    expect(await connection.connect(never)).toMatchObject({ kind: 'refused' });
    expect(await connection.connect(never)).toMatchObject({ kind: 'refused' });
  });

  it('is done once with a server of the modern era too', async () => {
    const server = startStdio(['--behaviour', 'tell', '--era', 'modern']);
    const connection = connectionOf(server);
    await Promise.all([connection.connect(never), connection.connect(never)]);
    expect(connection.peer?.result).toMatchObject({ supportedVersions: ['2026-07-28'] });
    await waitFor(() => server.output().includes('got server/discover'));
    expect(server.output().match(/^got \S+/gmu)).toEqual(['got initialize', 'got server/discover']);
  });
});

describe('an aborted request', () => {
  it('is cancelled at the server once it went out', async () => {
    const server = startStdio(['--behaviour', 'tell,no-ping']);
    const connection = connectionOf(server);
    await connection.connect(never);
    const controller = new AbortController();
    const asked = connection.request('ping', undefined, controller.signal);
    await waitFor(() => server.output().includes('got ping'));
    controller.abort({ end: 'timeout', after: 10 });
    expect(await asked).toMatchObject({ kind: 'failed', reason: 'timeout' });
    await waitFor(() => server.output().includes('got notifications/cancelled'));
    expect(server.output()).toContain(
      'got notifications/cancelled {"requestId":"wd:1:2","reason":"No answer to ping within 10 ms"}',
    );
  });

  it('is cancelled so that a real server understands it, and the connection goes on', async () => {
    const connection = connectionOf(start(EVERYTHING, ['stdio']));
    await connection.connect(never);
    const controller = new AbortController();
    const params = { name: 'trigger-long-running-operation', arguments: { duration: 30, steps: 3 } };
    const asked = connection.request('tools/call', params, controller.signal);
    expect(await connection.request('ping', undefined, never)).toMatchObject({ kind: 'response' });
    controller.abort({ end: 'discarded' });
    expect(await asked).toMatchObject({ kind: 'inconclusive' });
    expect(await connection.request('ping', undefined, never)).toMatchObject({ kind: 'response' });
    expect(connection.counters).toMatchObject({ unmatchedResponses: 0, nonProtocolLines: 0 });
  });

  it('is taken back in silence while it still waits for the pipe', async () => {
    const { connection, drain } = blockedPipe();
    const controller = new AbortController();
    const asked = connection.request('tools/list', {}, controller.signal);
    controller.abort({ end: 'timeout', after: 10 });
    expect(await asked).toMatchObject({ reason: 'timeout' });
    expect(await drain()).toEqual(['filler']);
  });
});

describe('the users of a connection', () => {
  it('hear what the server says unasked, and may answer its requests', async () => {
    const { connection, stdout, sent } = pipe();
    const heard: unknown[] = [];
    const leave = connection.subscribe({
      onNotification: (notification) => heard.push(notification),
      onRequest: (request) => {
        heard.push(request);
        return request.method === 'roots/list' && connection.send(`{"method":"mine","id":"${request.id}"}`);
      },
    });
    connection.subscribe({ onNotification: ({ method }) => heard.push(method) });
    stdout.write('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n');
    stdout.write('{"jsonrpc":"2.0","id":1,"method":"roots/list"}\n');
    stdout.write('{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{"a":1}}\n');
    stdout.write('{"jsonrpc":"2.0","id":3,"method":"ping"}\n');
    await waitFor(() => heard.length === 4);
    const changed = 'notifications/tools/list_changed';
    expect(heard).toEqual([
      { kind: 'notification', method: changed, params: undefined },
      changed,
      { kind: 'request', id: 1, method: 'roots/list', params: undefined },
      { kind: 'request', id: 2, method: 'sampling/createMessage', params: { a: 1 } },
    ]);
    await waitFor(() => stdoutIsRead(stdout));
    await endOfTurn();
    expect(sent()).toMatchObject([
      { method: 'mine' },
      { id: 2, error: { code: -32601 } },
      { id: 3, result: {} },
    ]);
    leave();
    stdout.write('{"jsonrpc":"2.0","id":4,"method":"roots/list"}\n');
    await waitFor(() => stdoutIsRead(stdout));
    await endOfTurn();
    expect(sent()).toMatchObject([{ id: 4, error: { code: -32601 } }]);
  });

  it('get the responses to messages that they sent as they were, and only those', async () => {
    const { connection, stdout } = pipe();
    const foreign: unknown[] = [];
    connection.subscribe({
      onForeignResponse: (response) => foreign.push([response.id, response.text(), response.read()]),
    });
    expect(connection.send('{"jsonrpc":"2.0","id":"gw:4:1","method":"tools/list"}')).toBe(true);
    stdout.write(
      '{"jsonrpc":"2.0","id":"gw:4:1","result":{}}\n{"jsonrpc":"2.0","id":"wd:4:9","result":{}}\n',
    );
    await waitFor(() => connection.counters.unmatchedResponses === 1);
    expect(foreign).toEqual([
      ['gw:4:1', '{"jsonrpc":"2.0","id":"gw:4:1","result":{}}', { kind: 'result', id: 'gw:4:1', result: {} }],
    ]);
  });

  it('are told when a message is not taken: the server does not read, or has ended', () => {
    const { connection } = blockedPipe();
    const taken = Array.from({ length: 1_100 }, (_, index) => connection.send(`{"n":${index}}`));
    expect(taken.filter(Boolean)).toHaveLength(1_000);
    expect(taken.at(-1)).toBe(false);
    const heavy = blockedPipe().connection;
    const megabyte = `"${'x'.repeat(1024 * 1024 - 2)}"`;
    expect(Array.from({ length: 20 }, () => heavy.send(megabyte)).filter(Boolean)).toHaveLength(16);
    connection.close();
    expect(connection.send('{}')).toBe(false);
  });

  it('are behind the probes, however many wait', async () => {
    const { connection, drain } = blockedPipe();
    for (let count = 0; count < 1_100; count += 1) connection.send('{"method":"second"}');
    const asked = connection.request('ping', undefined, never);
    const methods = await drain();
    expect(methods.slice(0, 3)).toEqual(['filler', 'ping', 'second']);
    expect(methods).toHaveLength(1_002);
    connection.close();
    expect(await asked).toMatchObject({ reason: 'closed' });
  });
});

describe('a message of the server', () => {
  const answer = (result: string): string => `{"result":${result},"jsonrpc":"2.0","id":"wd:4:1"}`;
  const nested = (depth: number): string => answer(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  const of = (count: number, value: string): string => Array.from({ length: count }, () => value).join(',');

  it('is read up to 128 levels, 4 MiB and 100,000 values', async () => {
    for (const text of [
      nested(126),
      answer(`{"a":"${'x'.repeat(4_190_000)}"}`),
      answer(`{"tools":[${of(99_000, '0')}]}`),
    ]) {
      const { connection, stdout, refused } = pipe();
      const asked = connection.request('tools/list', {}, never);
      stdout.write(`${text}\n`);
      expect(await asked).toMatchObject({ kind: 'response', response: { id: 'wd:4:1' } });
      expect(refused).toEqual([]);
    }
  });

  it.each([
    ['nests deeper than 128 levels', nested(127)],
    ['nests deeper than 128 levels', nested(1_000_000)],
    ['is longer than 4 MiB', answer(`{"a":"${'x'.repeat(4_200_000)}"}`)],
    ['is longer than 4 MiB', answer(`{"a":"${'\\"'.repeat(10_000_000)}"}`)],
    ['holds more than 100000 values', answer(`{"tools":[${of(100_001, '{"name":"a"}')}]}`)],
    ['holds more than 100000 values', answer(`{"tools":{${of(100_001, '"k":0')}}}`)],
  ])('that answers us is refused unparsed, and told at once, when it %s', async (excess, text) => {
    const { connection, stdout, noise, refused } = pipe();
    const asked = connection.request('tools/list', {}, never);
    stdout.write(`${text}\n`);
    const detail = `The answer to tools/list ${excess}`;
    expect(await asked).toEqual({ kind: 'failed', reason: 'protocol', detail, isUnread: true });
    expect(refused).toEqual([`${detail}: refused`]);
    expect(noise).toEqual([]);
    // The next one is read as if nothing had been.
    const again = connection.request('ping', undefined, never);
    stdout.write('{"jsonrpc":"2.0","id":"wd:4:2","result":{}}\n');
    expect(await again).toMatchObject({ kind: 'response' });
  });

  it.each([
    ['a batch', 'holds more than 25000 values', `[${of(25_001, '{}')}]`],
    ['a batch', 'is longer than 1 MiB', `[{"a":"${'x'.repeat(1_100_000)}"}]`],
    [
      'a message',
      'holds more than 25000 values',
      `{"jsonrpc":"2.0","method":"x","params":[${of(25_001, '0')}]}`,
    ],
    [
      'a message',
      'is longer than 4 MiB',
      `{"jsonrpc":"2.0","method":"ping","id":"${'x'.repeat(15_000_000)}"}`,
    ],
  ])('unasked for, as %s, is refused when it %s', async (what, excess, text) => {
    const { connection, stdin, stdout, noise, refused } = pipe();
    connection.subscribe({
      onNotification: () => expect.unreachable(),
      onRequest: () => expect.unreachable(),
    });
    stdout.write(`${text}\n`);
    await waitFor(() => refused.length === 1);
    expect(refused).toEqual([`Refused ${what} of the server: it ${excess}`]);
    expect(noise).toEqual([]);
    expect(stdin.read()).toBeNull();
  });

  it('that answers a client is passed on unparsed up to 16 MiB, and beyond as an error', async () => {
    const { connection, stdout, refused } = pipe();
    const heard: ForeignResponse[] = [];
    connection.subscribe({ onForeignResponse: (response) => heard.push(response) });
    const long = (length: number): string =>
      `{"jsonrpc":"2.0","result":{"text":"${'x'.repeat(length)}"},"id":"gw:1"}`;
    stdout.write(`${long(16_000_000)}\n${long(17_000_000)}\n{"jsonrpc":"2.0","id":7,"result":[}}\n`);
    await waitFor(() => heard.length === 3);
    expect(heard[0]?.text()).toBe(long(16_000_000));
    expect(JSON.parse(heard[1]?.text() ?? '')).toEqual({
      jsonrpc: '2.0',
      id: 'gw:1',
      error: { code: -32603, message: 'The answer of the server is longer than 16 MiB' },
    });
    expect(refused).toEqual(['Refused an answer to a client: it is longer than 16 MiB']);
    expect([heard[2]?.id, heard[2]?.read()]).toEqual([7, null]);
  });

  it('that is short and answers a client is passed on parsed, also beside others', async () => {
    const { connection, stdout, refused } = pipe();
    const heard: ForeignResponse[] = [];
    connection.subscribe({ onForeignResponse: (response) => heard.push(response) });
    const line = (id: string, result: string): string => `{"jsonrpc":"2.0","result":${result},"id":"${id}"}`;
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const lines = [
      line('gw:1', '{"text":"é\u2028","method":1}'),
      line('gw:2', '{"text":"é"}'),
      line('wd:4:9', '{}'),
      line('gw:3', `"${'x'.repeat(20_000)}"`),
      line('gw:4', deep(128)),
      line('gw:5', deep(127)),
      line('gw:6', 'null'),
    ];
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    // A line, and a character in it, may come in two pieces.
    stdout.write(bytes.subarray(0, bytes.indexOf('é', 60) + 1));
    stdout.write(bytes.subarray(bytes.indexOf('é', 60) + 1));
    await waitFor(() => heard.length === 6);
    expect(heard.map(({ id, message }) => [id, message?.['result'] ?? null])).toMatchObject([
      ['gw:1', null],
      ['gw:2', null],
      ['gw:3', null],
      ['gw:4', null],
      ['gw:5', JSON.parse(deep(127))],
      ['gw:6', null],
    ]);
    expect(heard.map((response) => response.text()).filter((_, index) => index !== 3)).toEqual(
      lines.filter((_, index) => index !== 2 && index !== 4),
    );
    expect(heard[1]?.read()).toEqual({ kind: 'result', id: 'gw:2', result: { text: 'é' } });
    expect(refused).toEqual(['Refused an answer to a client: it nests deeper than 128 levels']);
    // The one to an id of ours that nobody asked with is no message that shows the server at work.
    expect(connection.counters).toMatchObject({ messages: 6, answersAstray: 1, unmatchedResponses: 1 });
  });

  it('is refused when too much waits for its server already', async () => {
    const { connection, stdout } = pipe();
    expect(connection.budget.take(30 * 1024 * 1024)).toBe(true);
    expect(connection.budget.take(8 * 1024 * 1024)).toBe(false);
    const asked = connection.request('tools/list', {}, never);
    const text = answer(`{"a":"${'x'.repeat(3_000_000)}"}`);
    stdout.write(text.slice(0, 1_500_000));
    stdout.write(`${text.slice(1_500_000)}\n`);
    expect(await asked).toMatchObject({
      kind: 'failed',
      detail: 'The answer to tools/list came while too much waited for this server',
    });
    connection.budget.give(30 * 1024 * 1024);
    // Nothing of it is held any more.
    expect(connection.budget.take(32 * 1024 * 1024)).toBe(true);
  });

  it('within a batch is passed on with its own text', async () => {
    const { connection, stdout } = pipe();
    const heard: string[] = [];
    connection.subscribe({
      onNotification: (_, text) => heard.push(text),
      onForeignResponse: (response) => heard.push(response.text()),
    });
    stdout.write('[{"jsonrpc":"2.0","method":"a"}, {"jsonrpc":"2.0","id":"gw:1","result":{}}]\n');
    await waitFor(() => heard.length === 2);
    expect(heard.map((text) => JSON.parse(text))).toEqual([
      { jsonrpc: '2.0', method: 'a' },
      { jsonrpc: '2.0', id: 'gw:1', result: {} },
    ]);
  });

  it('is refused without its id when that is longer than 256 characters', async () => {
    const { connection, stdout, sent } = pipe();
    const heard: string[] = [];
    connection.subscribe({ onRequest: ({ method }) => heard.push(method) > 0 });
    const ask = (length: number): string =>
      `{"jsonrpc":"2.0","id":"${'i'.repeat(length)}","method":"roots/list"}\n`;
    stdout.write(ask(257) + ask(256));
    await waitFor(() => heard.length === 1);
    await endOfTurn();
    expect(sent()).toMatchObject([{ id: null, error: { code: -32600 } }]);
  });
});

function stdoutIsRead({ readableLength }: PassThrough): boolean {
  return readableLength === 0;
}

/** A connection whose server reads nothing until `drain`, which resolves with the methods of all that was written. */
function blockedPipe() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const connection = openConnection(
    { stdin, stdout },
    { run: 4, version: '0.0.0', onNonProtocolOutput: () => undefined },
  );
  const padding = 'x'.repeat(stdin.writableHighWaterMark + stdin.readableHighWaterMark);
  while (!stdin.writableNeedDrain) connection.send(`{"method":"filler","padding":"${padding}"}`);
  async function drain(): Promise<string[]> {
    let text = '';
    stdin.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitFor(() => text.endsWith('\n') && stdin.readableLength === 0 && stdin.writableLength === 0);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => readRequest(line).method);
  }
  return { connection, drain };
}
