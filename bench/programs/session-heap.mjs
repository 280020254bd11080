// Prints the bytes of heap that a session takes in the router of one server: `node --expose-gc session-heap.mjs`.
import { GATEWAY_LIMITS } from '../../dist/core/gateway/model.js';
import { Router } from '../../dist/core/gateway/router/router.js';

const SESSIONS = 1_000;
const rules = { isFilter: false, mayCall: () => true, mayRepeat: () => true };
const introduction = {
  era: 'legacy',
  capabilities: { tools: {}, logging: {} },
  serverInfo: {},
  instructions: null,
};

function heap() {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** Opens sessions as clients do: a greeting, a level, a call that is answered. */
function fill(router, prefix, count) {
  for (let index = 0; index < count; index += 1) {
    // As long as the ids that the gateway gives.
    const session = `${prefix}${index}`.padEnd(66, 'x');
    router.take({
      kind: 'opened',
      at: 0,
      session,
      facts: { version: '2025-11-25', capabilities: ['roots'] },
    });
    say(router, session, 1, { method: 'logging/setLevel', params: { level: 'info' } });
    say(router, session, 2, { method: 'tools/call', params: { name: 'read' } });
  }
}

let port = 0;
function say(router, session, id, more) {
  const message = { jsonrpc: '2.0', id, ...more };
  port += 1;
  const text = JSON.stringify(message);
  const said = { kind: 'said', at: 0, port, session, era: 'legacy', channel: 'tcp', message, text };
  for (const action of router.take(said)) {
    if (action.kind !== 'write' || action.key === null) continue;
    const answer = { jsonrpc: '2.0', id: action.key, result: {} };
    router.take({ kind: 'answered', at: 0, message: answer, text: JSON.stringify(answer) });
  }
}

function create() {
  const router = new Router(GATEWAY_LIMITS, rules);
  router.take({ kind: 'ready', at: 0, run: 1, introduction, rules, changed: [] });
  return router;
}

/** Bytes a session: in a call of its own, after which nothing of the router is left. */
function measure() {
  const router = create();
  const before = heap();
  fill(router, 's', SESSIONS);
  const bytes = (heap() - before) / SESSIONS;
  return { bytes, sessions: router.load.sessions };
}

// Code and shapes first, so that only what a session keeps is counted.
measure();
await new Promise((resolve) => setImmediate(resolve));
const { bytes, sessions } = measure();
process.stdout.write(`${bytes} ${sessions}\n`);
