import { describe, expect, it } from 'vitest';
import { createBridge } from '../../../src/commands/connect/bridge.ts';
import type { ExchangeOutcome, ExchangeRequest } from '../../../src/commands/connect/gateway-client.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { waitFor } from '../../fakes/wait-for.ts';

interface Asked {
  readonly what: ExchangeRequest;
  readonly method: string;
  readonly session: string | undefined;
  readonly answer: (outcome: ExchangeOutcome) => void;
}

const answered = (more: object = {}): ExchangeOutcome => ({
  kind: 'answered',
  status: 200,
  session: null,
  refusal: '',
  ...more,
});
const forgotten = answered({
  status: 404,
  refusal: JSON.stringify({ error: { code: -32_001, message: 'Session not found' } }),
});

/** A bridge to a gateway that answers when the test says so, with a session that is open and has its own stream. */
async function greetedBridge() {
  const asked: Asked[] = [];
  const said: string[] = [];
  let reconnects = 0;
  const bridge = createBridge({
    server: 'files',
    clock: new FakeClock(),
    exchange: (what) =>
      new Promise((answer) => {
        const { method } = what.body === undefined ? what : JSON.parse(what.body);
        asked.push({ what, method, session: what.headers['mcp-session-id'], answer });
      }),
    reconnect: async () => (reconnects += 1) > 0,
    say: (line) => void said.push(line),
    tell: () => {},
    onGone: () => {},
    onOver: () => {},
  });
  /** The next exchange that was not seen yet, with this method. */
  const next = async (method: string): Promise<Asked> => {
    const found = await waitFor(() => asked.find((one) => one.method === method), { what: method });
    asked.splice(asked.indexOf(found), 1);
    return found;
  };
  const answerGreeting = async (session: string): Promise<void> => {
    const greeting = await next('initialize');
    await greeting.what.onMessage?.(
      JSON.stringify({ jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25' } }),
    );
    greeting.answer(answered({ session }));
  };
  void bridge.take(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }));
  await answerGreeting('s1');
  void bridge.take(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  (await next('notifications/initialized')).answer(answered({ status: 202 }));
  const stream = await next('GET');
  expect(stream.session).toBe('s1');
  return { bridge, asked, next, answerGreeting, stream, said, reconnects: () => reconnects };
}

const LIST = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' });

describe('the bridge of a shim', () => {
  it('sends what comes while a new session is opened in that session', async () => {
    const { bridge, asked, next, answerGreeting, stream } = await greetedBridge();
    stream.answer(forgotten);
    await waitFor(() => asked.some(({ method }) => method === 'initialize'));
    void bridge.take(LIST);
    await answerGreeting('s2');
    (await next('notifications/initialized')).answer(answered({ status: 202 }));
    expect((await next('tools/list')).session).toBe('s2');
  });

  it('asks for the new session again when the connection breaks meanwhile', async () => {
    const { bridge, next, answerGreeting, stream, said, reconnects } = await greetedBridge();
    stream.answer(forgotten);
    void bridge.take(LIST);
    (await next('initialize')).answer({ kind: 'broken' });
    await answerGreeting('s2');
    expect(reconnects()).toBe(1);
    (await next('notifications/initialized')).answer(answered({ status: 202 }));
    expect((await next('tools/list')).session).toBe('s2');
    expect(said).toHaveLength(1);
  });
});
