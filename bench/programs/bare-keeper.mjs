// The least that keeping ten servers can cost: each is asked once an interval, its process is read, and a text from memory is handed out.
// No rules, no state, no logs, no restarts. With the flags of the daemon, so that V8 spares memory and time as it does there.
//
//   node bare-keeper.mjs BYTES SERVERS : SERVERS is JSON, a list of { argv, port }, where port is null over stdio; says its url
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import {
  deferOptimising,
  limitOldGeneration,
  limitYoungGeneration,
  settle,
} from '../../dist/system/v8-flags.js';

limitYoungGeneration(process.env);
limitOldGeneration();
deferOptimising();

/** Of probes and of samples, ms; every fourth probe asks for the tools: the defaults of the config. */
const INTERVAL = 15_000;
const DEEP_EVERY = 4;
/** Ms after which the daemon takes its start for over. */
const SETTLED = 25_000;
const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bare', version: '1' } },
};

const [bytes, list] = process.argv.slice(2);
const keepers = JSON.parse(list).map(({ argv, port }) => {
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: 'pipe' });
  child.stderr.resume();
  return { child, send: port === null ? overStdio(child) : overHttp(child, port), usage: null };
});
const buffer = Buffer.alloc(4096);
let answered = 0;
let ids = 0;
let rounds = 0;

const body = Buffer.alloc(Number(bytes), 'mcp_watchdog_server_up{server="x"} 1\n');
const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-length': body.length };
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/metrics`));

setTimeout(() => {
  for (const { send } of keepers) {
    send({ id: (ids += 1), ...INITIALIZE });
    send({ method: 'notifications/initialized' });
  }
}, 3000);
setTimeout(settle, SETTLED);
setInterval(() => {
  if (rounds >= DEEP_EVERY && answered === 0) throw new Error('No server has answered');
  rounds += 1;
  // All in one turn: nobody can wake up more seldom.
  for (const keeper of keepers) {
    keeper.send({ id: (ids += 1), method: rounds % DEEP_EVERY === 0 ? 'tools/list' : 'ping' });
    keeper.usage = usageOf(keeper.child.pid);
  }
}, INTERVAL);

function take(text) {
  if (JSON.parse(text).result !== undefined) answered += 1;
}

function overStdio(child) {
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach(take);
  });
  return (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function overHttp(child, port) {
  child.stdout.resume();
  const options = { host: '127.0.0.1', port, path: '/mcp', method: 'POST', agent: false };
  return (message) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    const sent = ask({
      ...options,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'content-length': Buffer.byteLength(text),
      },
    });
    sent.once('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('end', () => message.id === undefined || take(Buffer.concat(chunks).toString()));
    });
    sent.end(text);
  };
}

/** As the daemon reads a process: one file of /proc, and how many files it has open. */
function usageOf(pid) {
  const file = openSync(`/proc/${pid}/stat`);
  const text = buffer.latin1Slice(0, readSync(file, buffer));
  closeSync(file);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentBytes: Number(fields[21]) * 4096,
    threads: Number(fields[17]),
    openFds: statSync(`/proc/${pid}/fd`).size,
  };
}
