// A served server without processes: what is written to it, what it does for clients, on virtual time.
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/base/json-rpc.ts';
import type { ClientAction } from '../../src/core/gateway/model.ts';
import { createServedServer } from '../../src/daemon/gateway/served-server.ts';
import { openGatewayMemory } from '../../src/daemon/gateway/server-memory.ts';
import type { UpstreamEvents, WriteResult } from '../../src/gateway/upstream/upstream.ts';
import { legacyPeer } from '../../src/wire/handshake.ts';
import { FakeClock } from './clock.ts';
import { specOf } from './spec.ts';
import { tempHome } from './temp-home.ts';

export function servedStage({
  home = tempHome().home,
  gateway = {},
}: { home?: string; gateway?: object } = {}) {
  const clock = new FakeClock();
  const path = join(home, 'lists.json');
  const memory = openGatewayMemory({ path, clock, scrub: (value) => value, onFault: () => undefined });
  const actions: ClientAction[] = [];
  const spec = specOf();
  const server = createServedServer(
    { ...spec, gateway: { ...spec.gateway, ...gateway } },
    {
      clock,
      version: '1',
      generation: 1,
      settings: () => ({ timeout: 600_000 }),
      lists: { add: () => {}, read: () => ({}) },
      memory: memory.of('server', 'program'),
      perform: (action) => void actions.push(action),
      onExchange: () => undefined,
      onWake: () => undefined,
      onUse: () => undefined,
      judgeTools: () => new Set(),
      onFault(error) {
        throw error;
      },
    },
  );
  let runs = 0;
  let ports = 0;

  /** A process that offers these tools; `takes` says whether it takes what is written. */
  function spawn(tools: readonly object[], takes: () => WriteResult = () => 'written') {
    const written: JsonObject[] = [];
    /** Methods in the order in which the server got them: those of clients, and ours. */
    const methods: unknown[] = [];
    let events: UpstreamEvents | null = null;
    const process = server.attach({
      run: (runs += 1),
      version: null,
      call(method) {
        methods.push(method);
        return Promise.resolve({
          kind: 'response',
          response: { kind: 'result', id: 'x', result: { tools } },
        });
      },
      open(given) {
        events = given;
        return {
          write(text) {
            const message: JsonObject = JSON.parse(text);
            written.push(message);
            methods.push(message['method']);
            return takes();
          },
          close: () => undefined,
        };
      },
    });
    const peer = legacyPeer({
      protocolVersion: '2025-11-25',
      capabilities: { tools: {}, logging: {} },
      serverInfo: { name: 's', version: '1' },
    });
    if (peer !== null) events!.onHandshake(peer);
    const answer = (id: unknown): void => {
      const message = { jsonrpc: '2.0', id, result: {} };
      events!.onMessage(message, JSON.stringify(message));
    };
    return { ...process, written, methods, answer, events: events! };
  }

  function say(message: JsonObject, session = 'one'): number {
    const full = { jsonrpc: '2.0', ...message };
    const port = (ports += 1);
    if (!server.knows(session))
      server.take({ kind: 'opened', at: 0, session, facts: { version: '2025-11-25', capabilities: [] } });
    const text = JSON.stringify(full);
    server.take({
      kind: 'said',
      at: clock.monotonic(),
      port,
      session,
      era: 'legacy',
      channel: 'tcp',
      message: full,
      text,
    });
    return port;
  }

  const sent = (port: number): JsonObject[] =>
    actions.flatMap((one) => (one.kind === 'send' && one.port === port ? [JSON.parse(one.text)] : []));
  return { clock, server, memory, actions, home, spawn, say, sent };
}
