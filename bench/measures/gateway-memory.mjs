// Memory that the gateway takes: what it adds to a daemon that clients have used, and what a session takes of the heap.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { exchange, freePort } from '../lib/http.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { residentMegabytes } from '../lib/processes.mjs';
import { row } from '../lib/rows.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = 'memory of the gateway';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const SERVER = [process.execPath, pathOf('../../test/fixtures/servers/tools.mjs')];
const PROGRAM = pathOf('../programs/session-heap.mjs');
/** Ms after which a daemon has collected what its start left. */
const SETTLING = 30_000;

export async function begin({ quick }) {
  const pairs = [];
  for (let round = 0; round < (quick ? 1 : 3); round += 1) pairs.push(await startPair());
  const since = performance.now();
  const added = [];
  return {
    async look() {
      await sleep(Math.max(0, since + (quick ? SETTLING / 3 : SETTLING) - performance.now()));
      for (const pair of pairs) added.push(await addedMemory(pair));
      for (const { bare, full } of pairs) await Promise.all([bare.stop(), full.stop()]);
    },
    finish: () =>
      report(
        added,
        Array.from({ length: 3 }, () => sessionHeap()),
      ),
  };
}

function report(added, heaps) {
  return [
    row({
      who: 'added to a daemon with one server and one client',
      samples: added,
      unit: 'MiB',
      target: { of: 'median', atMost: 6 },
    }),
    row({ who: 'heap of a session', samples: heaps, unit: 'KiB', target: { of: 'median', atMost: 2 } }),
  ];
}

/** A daemon with the gateway, which a client has used, and one without. */
async function startPair() {
  const servers = [{ name: 's', argv: SERVER, port: null }];
  const port = await freePort();
  const alerts = { notify: [] };
  const bare = await watchdog.start(servers, { alerts, gateway: { listen: null, socket: false } });
  const full = await watchdog.start(servers, { alerts, gateway: { listen: `127.0.0.1:${port}` } });
  await until(() => greet(port), { within: 60_000, every: 200, what: 'the gateway' });
  return { bare, full };
}

/** Resident memory of the one with the gateway less that of the other, after both were left alone for as long. */
async function addedMemory({ bare, full }) {
  return (await residentMegabytes(full.pid)) - (await residentMegabytes(bare.pid));
}

async function greet(port) {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const asked = { port, path: '/s/mcp', method: 'POST', headers };
  const { status } = await exchange(asked, body).catch(() => ({ status: 0 }));
  return status === 200;
}

function sessionHeap() {
  const [bytes, sessions] = execFileSync(process.execPath, ['--expose-gc', PROGRAM], {
    encoding: 'utf8',
  }).split(' ');
  if (Number(sessions) !== 1_000) throw new Error(`The router keeps ${sessions} of 1,000 sessions`);
  return Number(bytes) / 1024;
}
