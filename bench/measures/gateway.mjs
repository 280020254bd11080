// What the gateway costs, beside a raw bridge from HTTP to a pipe and beside the bridges that people use.
import { existsSync } from 'node:fs';
import { Agent } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../lib/http.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { GREETING, greet, post, run } from '../lib/mcp-clients.mjs';
import { threadTime } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { start } from '../lib/start.mjs';
import { sleep } from '../lib/wait.mjs';

export const title =
  'clients of a stdio server over HTTP: processor time of the bridge and latency of a request';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const SERVER = [process.execPath, pathOf('../../test/fixtures/servers/tools.mjs')];
const BRIDGE = pathOf('../programs/pipe-bridge.mjs');
const SUPERGATEWAY = pathOf('../node_modules/supergateway/dist/index.js');
const MCP_PROXY = pathOf('../node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs');

const CONTESTANTS = [
  { name: 'raw pipe bridge', open: openBridge },
  { name: 'mcp-watchdog', open: openWatchdog },
  { name: 'supergateway', program: SUPERGATEWAY, open: openSupergateway },
  { name: 'mcp-proxy', program: MCP_PROXY, open: openMcpProxy },
];

const SMALL = { name: 'read', arguments: { text: 'x' } };
const LARGE = { name: 'big', arguments: { bytes: 100 * 1024 } };
const LOADS = [
  {
    what: '16 clients, small answers',
    clients: 16,
    call: SMALL,
    requests: 600,
    warmUp: 5_000,
    atMost: 1.25,
    atMostOfPeers: 0.25,
    /** 80 % of the requests of the raw bridge in the same time. */
    atMostTime: 1.25,
  },
  {
    what: '4 clients, answers of 100 KiB',
    clients: 4,
    call: LARGE,
    requests: 120,
    warmUp: 400,
    atMost: 1.2,
  },
];
const ALONE = { agent: new Agent({ keepAlive: true }), clients: 1, call: SMALL, requests: 25 };
/** Ms that may be added to the time of a request of one client. */
const MOST_ADDED = 0.5;
/** Rounds of each load. All take part in each round, so that a busy machine is busy for all. */
const ROUNDS = 20;

export async function measure({ quick }) {
  const results = [];
  for (const { name, program, open } of CONTESTANTS) {
    if (program !== undefined && !existsSync(program)) results.push({ name, why: 'not on this machine' });
    else results.push({ name, program, ...(await takePart(await open())) });
  }
  const share = quick ? 0.25 : 1;
  const present = results.filter(({ why }) => why === undefined);
  for (const load of LOADS) await measureLoad(present, load, share);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const one of inTurn(present, round)) one.latency.push(...(await run({ ...one, ...ALONE })));
  for (const { stop } of present) await stop();
  const deaths = await measureDeaths(quick ? 3 : 11);
  return [
    ...LOADS.flatMap((load) => processorRows(load, results)),
    ...LOADS.flatMap((load) => timeRows(load, present)),
    ...latencyRows(present),
    ...deaths,
  ];
}

/** As long as ours: every client sends its session and the version, and a bridge that has no sessions gets them too. */
const NO_SESSION = 'A'.repeat(48);

async function takePart(started) {
  const session = (await greet(started.url)) ?? NO_SESSION;
  return { ...started, session, processor: {}, time: {}, latency: [] };
}

/** Clients keep their connections, as real ones do; code that runs for months has been compiled. */
async function measureLoad(contestants, { what, warmUp, ...load }, share) {
  const requests = Math.round(load.requests * share);
  for (const one of contestants) {
    one.agent = new Agent({ keepAlive: true, maxSockets: load.clients });
    one.processor[what] = [];
    one.time[what] = [];
    await run({ ...load, ...one, requests: warmUp });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of inTurn(contestants, round)) {
      const [before, began] = [await threadTime(one.pid), performance.now()];
      await run({ ...load, ...one, requests });
      one.time[what].push(((performance.now() - began) * 1000) / requests);
      one.processor[what].push((((await threadTime(one.pid)) - before) * 1000) / requests);
    }
  }
  for (const { agent } of contestants) agent.destroy();
}

/** The other way round in every second round: whoever comes later finds the machine warmer. */
function inTurn(contestants, round) {
  return round % 2 === 0 ? contestants : contestants.toReversed();
}

/** Ms after the deaths of a round in which the next processes, and the next spare, have started; and after each of them, in which most has. */
const SETTLED = 2_500;
const APART = 500;
const NAMES = ['started anew', 'with a warm spare'];

/** From kill -9 of the server to the answer of the call that comes right after it. */
async function measureDeaths(rounds) {
  const servers = NAMES.map((_, index) => ({ name: `s${index}`, argv: SERVER, port: null }));
  const port = await freePort();
  const { stop } = await watchdog.start(servers, {
    gateway: { listen: `127.0.0.1:${port}` },
    alerts: { notify: [] },
    defaults: { restart: { stableAfter: '1s', budget: [] } },
    servers: { s0: { command: SERVER }, s1: { command: SERVER, gateway: { spare: true } } },
  });
  const samples = [[], []];
  const bare = [];
  const clients = await Promise.all(
    NAMES.map(async (_, index) => {
      const url = `http://127.0.0.1:${port}/s${index}/mcp`;
      return { url, session: await greet(url) };
    }),
  );
  for (let round = 0; round < rounds; round += 1) {
    const pair = await openPair();
    const callOf = ({ url, session }) =>
      post(url, { jsonrpc: '2.0', id: 5, method: 'tools/call', params: SMALL }, { session });
    const pids = [];
    for (const client of clients) pids.push(Number(/"text":"(\d+) /.exec((await callOf(client)).text)[1]));
    // One wait for all three.
    await sleep(SETTLED);
    bare.push(await bareDeath(pair));
    for (const [index, client] of clients.entries()) {
      await sleep(APART);
      const begin = performance.now();
      process.kill(pids[index], 'SIGKILL');
      await callOf(client);
      samples[index].push(performance.now() - begin);
    }
  }
  await stop();
  const floor = row({
    who: 'kill -9 to the answer of a second process that stands by, pipes alone',
    short: 'bare',
    samples: bare,
    unit: 'ms',
  });
  const rows = NAMES.map((name, index) => {
    const target = index === 1 ? { target: { of: 'median', atMost: 20 } } : {};
    return row({
      who: `kill -9 to the next answer, ${name}`,
      samples: samples[index],
      unit: 'ms',
      floor,
      ...target,
    });
  });
  return [floor, ...rows];
}

async function openPair() {
  const [first, second] = [openPiped(), openPiped()];
  await first.greet();
  return [first, second];
}

/** From kill -9 of a process until a second one, started before, has greeted and answered: no less is possible. */
async function bareDeath([first, second]) {
  const begin = performance.now();
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  await second.greet();
  await second.ask({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: SMALL });
  const took = performance.now() - begin;
  await second.stop();
  return took;
}

/** The server with nobody between; one request at a time. */
function openPiped() {
  const started = start(SERVER, { stdio: ['pipe', 'pipe', 'ignore'] });
  let onLine = () => {};
  createInterface({ input: started.stdout }).on('line', (line) => onLine(line));
  const write = (message) => started.stdin.write(`${JSON.stringify(message)}\n`);
  const ask = (message) =>
    new Promise((resolve) => {
      onLine = resolve;
      write(message);
    });
  return {
    ...started,
    ask,
    async greet() {
      await ask(GREETING);
      write({ jsonrpc: '2.0', method: 'notifications/initialized' });
    },
  };
}

function processorRows({ what, atMost, atMostOfPeers }, results) {
  const rows = [];
  for (const { name, why, processor } of results) {
    const who = `${name}, ${what}`;
    if (why !== undefined) {
      rows.push(absent(who, why));
      continue;
    }
    const target = name === 'mcp-watchdog' ? { of: 'ratio', atMost } : undefined;
    rows.push(row({ who, short: 'raw', samples: processor[what], unit: 'µs CPU', floor: rows[0], target }));
  }
  return [
    ...rows,
    ...(atMostOfPeers === undefined ? [] : besidePeers(what, { rows, results, atMostOfPeers })),
  ];
}

/** The same figure again, beside each of the bridges that people use. */
function besidePeers(what, { rows, results, atMostOfPeers }) {
  const own = results.find(({ name }) => name === 'mcp-watchdog');
  return results
    .filter(({ program, why }) => program !== undefined && why === undefined)
    .map(({ name }) =>
      row({
        who: `mcp-watchdog beside ${name}, ${what}`,
        samples: own.processor[what],
        unit: 'µs CPU',
        floor: { ...rows.find(({ who }) => who === `${name}, ${what}`), short: name },
        target: { of: 'ratio', atMost: atMostOfPeers },
      }),
    );
}

/** Time in which a request is answered while others are too: its reverse is the number of requests in a second. */
function timeRows({ what, atMostTime }, present) {
  if (atMostTime === undefined) return [];
  const rows = [];
  for (const { name, time } of present) {
    const target = name === 'mcp-watchdog' ? { of: 'ratio', atMost: atMostTime } : undefined;
    const who = `${name}, ${what}: time for each`;
    rows.push(row({ who, short: 'raw', samples: time[what], unit: 'µs', floor: rows[0], target }));
  }
  return rows;
}

function latencyRows(present) {
  const rows = [];
  for (const { name, latency } of present) {
    const target =
      name === 'mcp-watchdog' ? { of: 'median', atMost: round(rows[0].median + MOST_ADDED) } : undefined;
    const who = `${name}, one client`;
    rows.push(row({ who, short: 'raw', samples: latency, unit: 'ms', floor: rows[0], target }));
  }
  return rows;
}

function round(ms) {
  return Math.round(ms * 100) / 100;
}

async function openBridge() {
  const started = start([process.execPath, BRIDGE, ...SERVER], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [url] = await new Promise((resolve) =>
    createInterface({ input: started.stdout }).once('line', (line) => resolve([line])),
  );
  return { ...started, url };
}

async function openWatchdog() {
  const port = await freePort();
  const started = await watchdog.start([{ name: 's', argv: SERVER, port: null }], {
    gateway: { listen: `127.0.0.1:${port}` },
    alerts: { notify: [] },
  });
  return { ...started, url: `http://127.0.0.1:${port}/s/mcp` };
}

async function openSupergateway() {
  const port = await freePort();
  const started = start([
    process.execPath,
    SUPERGATEWAY,
    '--stdio',
    SERVER.join(' '),
    '--outputTransport',
    'streamableHttp',
    '--stateful',
    '--port',
    String(port),
    '--logLevel',
    'none',
  ]);
  return { ...started, url: `http://127.0.0.1:${port}/mcp` };
}

async function openMcpProxy() {
  const port = await freePort();
  const started = start([
    process.execPath,
    MCP_PROXY,
    '--port',
    String(port),
    '--server',
    'stream',
    '--',
    ...SERVER,
  ]);
  return { ...started, url: `http://127.0.0.1:${port}/mcp` };
}
