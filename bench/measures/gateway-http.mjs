// What the gateway costs in front of a server over HTTP, beside raw bridges with Node's client and with undici.
import { Agent } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { answers, freePort } from '../lib/http.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { greet, run } from '../lib/mcp-clients.mjs';
import { threadTime } from '../lib/processes.mjs';
import { row } from '../lib/rows.mjs';
import { start } from '../lib/start.mjs';
import { until } from '../lib/wait.mjs';

export const title = 'clients of an HTTP server through a bridge: processor time of the bridge';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const SERVER = pathOf('../programs/http-tools.mjs');
const BRIDGE = pathOf('../programs/http-bridge.mjs');
const CLIENTS = 16;
const CALL = { name: 'read', arguments: { text: 'x' } };
const REQUESTS = 600;
const WARM_UP = 5_000;
const ROUNDS = 20;
/** As long as ours: a bridge that has no sessions gets one too. */
const NO_SESSION = 'A'.repeat(48);

export async function measure({ quick }) {
  const contestants = [
    { name: "raw bridge, Node's client", ...(await openBridge('node')) },
    { name: 'raw bridge, undici', ...(await openBridge('undici')) },
    { name: 'mcp-watchdog', ...(await openWatchdog()) },
  ];
  const requests = quick ? REQUESTS / 4 : REQUESTS;
  for (const one of contestants) {
    one.session = (await greet(one.url)) ?? NO_SESSION;
    one.agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    one.samples = [];
    await run({ ...one, clients: CLIENTS, call: CALL, requests: WARM_UP });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const before = await threadTime(one.pid);
      await run({ ...one, clients: CLIENTS, call: CALL, requests });
      one.samples.push((((await threadTime(one.pid)) - before) * 1000) / requests);
    }
  }
  for (const { agent, stop } of contestants) {
    agent.destroy();
    await stop();
  }
  const rows = [];
  for (const { name, samples } of contestants)
    rows.push(
      row({
        who: `${name}, ${CLIENTS} clients, small answers`,
        short: 'raw',
        samples,
        unit: 'µs CPU',
        floor: rows[0],
      }),
    );
  return rows;
}

/** Each has a server of its own, so that none waits for another's. */
async function openServer() {
  const port = await freePort();
  const { stop } = start([process.execPath, SERVER, String(port)]);
  await until(() => answers(port), { within: 60_000, every: 50, what: 'the server' });
  return { url: `http://127.0.0.1:${port}/mcp`, port, stop };
}

async function openBridge(client) {
  const server = await openServer();
  const started = start([process.execPath, BRIDGE, client, server.url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await new Promise((resolve) => {
    createInterface({ input: started.stdout }).once('line', resolve);
  });
  const stop = async () => {
    await started.stop();
    await server.stop();
  };
  return { pid: started.pid, url, stop };
}

async function openWatchdog() {
  const port = await freePort();
  const own = await freePort();
  const started = await watchdog.start(
    [{ name: 's', argv: [process.execPath, SERVER, String(own)], port: own }],
    {
      gateway: { listen: `127.0.0.1:${port}` },
      alerts: { notify: [] },
    },
  );
  return { pid: started.pid, url: `http://127.0.0.1:${port}/s/mcp`, stop: started.stop };
}
