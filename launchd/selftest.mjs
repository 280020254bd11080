// Parts of selftest.sh that need Node: `node selftest.mjs PART ARGUMENTS...`. Each prints lines `ok PROMISE words`,
// `not ok PROMISE words` or `# words`, which selftest.sh counts.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);
const module = (path) => import(new URL(`../dist/${path}.js`, import.meta.url).href);

const PARTS = { server, parsers, paths, tools, agent, connect: tryConnect, status, reload };

function check(promise, holds, words) {
  process.stdout.write(`${holds ? 'ok' : 'not ok'} ${promise} ${words}\n`);
}

function note(words) {
  process.stdout.write(`# ${words}\n`);
}

/** An MCP server over stdio whose child has left its group: what a clean restart has to find. */
function server() {
  const child = spawn('/bin/sh', ['-c', 'sleep 600'], { detached: true, stdio: 'ignore' });
  child.unref();
  const tools = [{ name: 'none', inputSchema: { type: 'object' } }];
  const results = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'selftest', version: String(child.pid) },
    }),
    ping: () => ({}),
    'tools/list': () => ({ tools }),
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    const result = results[method]?.(params ?? {});
    const answer =
      result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
  });
}

/** What we read of the process table, against what this process knows of itself. */
async function parsers() {
  const { readProcessTable, readProcess } = await module('system/process/process-table');
  const began = Date.now() - process.uptime() * 1000;
  const rows = await readProcessTable();
  const self = rows.find(({ pid }) => pid === process.pid);
  check('tree', self?.ppid === process.ppid, 'the process table holds this process and its parent');
  const start = Date.parse(`${self?.startToken} UTC`);
  check('leftovers', Math.abs(start - began) < 2000, `its start is right: ${self?.startToken}`);
  for (const end = Date.now() + 300; Date.now() < end;);
  const later = readProcess(process.pid);
  check(
    'tree',
    (later?.cpuSeconds ?? 0) > 0 && later.residentBytes > 2 ** 20,
    'its CPU time and memory are read',
  );
  check('leftovers', later?.startToken === self?.startToken, 'it is the same when it is read alone');
  check('leftovers', readProcess(99_999) === null, 'a pid that nobody has is nobody');
  process.env.TZ = 'Asia/Tokyo';
  process.env.LC_ALL = 'de_DE.UTF-8';
  const elsewhere = readProcess(process.pid);
  check(
    'leftovers',
    elsewhere?.startToken === self?.startToken,
    'its start does not change with zone and language',
  );
  await zombieGroup();
}

/** A group of zombies only: macOS answers EPERM, which must count as gone; Linux answers as if it lived. */
async function zombieGroup() {
  const { signalGroup } = await module('system/process/process-group');
  const { pid } = spawn('/bin/sh', ['-c', 'exit 0'], { detached: true, stdio: 'ignore' });
  // Nobody buries it while this thread is busy.
  for (const end = Date.now() + 400; Date.now() < end;);
  note(`signal to a group of zombies only: ${signalGroup(pid, 0)} (gone is expected)`);
}

/** A program below a folder with `é`, seen with and without a UTF-8 locale; and marks in environments. */
async function paths(home) {
  const { pathsInUse } = await module('system/process/paths-in-use');
  const { findByEnvironment } = await module('system/process/process-table');
  const folder = join(home, 'é');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'wait.mjs');
  writeFileSync(file, 'setTimeout(() => {}, 20_000);\n');
  const env = { ...process.env, MCPW_SELFTEST: 'yes' };
  const ours = spawn(process.execPath, [file], { env, stdio: 'ignore' });
  const apples = spawn('/bin/sleep', ['20'], { env, stdio: 'ignore' });
  await pause(300);
  check('cleanup', (await pathsInUse(folder)).has('wait.mjs'), 'a program below a folder with é is seen');
  for (const name of ['LANG', 'LC_ALL', 'LC_CTYPE']) delete process.env[name];
  check('cleanup', (await pathsInUse(folder)).has('wait.mjs'), 'and without a locale');
  const found = await findByEnvironment('MCPW_SELFTEST', 'yes');
  check('leftovers', found.includes(ours.pid), 'the mark in the environment of node is seen (ps -E)');
  note(`mark of Apple's own /bin/sleep: ${found.includes(apples.pid) ? 'seen' : 'hidden, as expected'}`);
  for (const child of [ours, apples]) child.kill('SIGKILL');
}

/** lsof, top and their times. */
async function tools() {
  const { findPortOwner } = await module('system/net/port-owner');
  const { readFootprints } = await module('system/process/process-memory');
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const owner = await findPortOwner(listener.address().port, '127.0.0.1');
  check(
    'port',
    owner?.pid === process.pid && owner.command !== null,
    'the owner of a port is found, with its command',
  );
  listener.close();
  const footprints = (await readFootprints?.()) ?? new Map();
  const ours = footprints.get(process.pid) ?? 0;
  const said = spawnSync('footprint', ['-p', String(process.pid)], { encoding: 'utf8' }).stdout ?? '';
  const [, amount = '?'] = /Footprint: ([\d.]+ \w+)/u.exec(said) ?? [];
  check(
    'tree',
    ours > 2 ** 20,
    `the footprint is read: ${Math.round(ours / 2 ** 20)} MB; footprint(1) says ${amount}`,
  );
  await stdinPeers();
  const commands = {
    ps: ['ps', '-A', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,rss=,time=,lstart='],
    'ps -E': ['ps', '-A', '-E', '-ww', '-o', 'pid=,uid=,tty=,command='],
    top: ['top', '-l', '1', '-stats', 'pid,mem'],
    'top -F': ['top', '-l', '1', '-F', '-stats', 'pid,mem'],
    lsof: ['lsof', '-b', '-w', '-nP', '-iTCP', '-sTCP:LISTEN', '-Fpn'],
  };
  for (const [name, [program, ...args]] of Object.entries(commands)) {
    const began = performance.now();
    const { status } = spawnSync(program, args, { maxBuffer: 64 * 2 ** 20 });
    note(`${name}: ${Math.round(performance.now() - began)} ms, exit ${status}`);
  }
}

/** Standard input of a child whose parent is dead: Node's pipe is a pair of sockets, a shell's is a pipe. */
async function stdinPeers() {
  const { parseInput } = await module('orphans/process-inspector-darwin');
  const script = `
    const child = require('node:child_process').spawn('/bin/sh', ['-c', 'sleep 5'], { stdio: ['pipe', 'ignore', 'ignore'] });
    require('node:fs').writeSync(1, String(child.pid));
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout: pid } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const { stdout } = spawnSync('lsof', ['-b', '-w', '-nP', '-a', '-p', pid, '-d', '0', '-Fftn'], {
    encoding: 'utf8',
  });
  check(
    'orphans',
    parseInput(stdout) === 'gone',
    'a server whose client is dead is recognised by its standard input',
  );
  note(`its descriptor 0: ${stdout.trim().split('\n').join(' ')}`);
}

/** Runs inside an agent of launchd, and writes what it meets there to `file`. */
async function agent(file, lan) {
  const lines = [];
  const say = (text) => lines.push(text);
  const shell = (...args) => spawnSync('/bin/sh', ['-c', ...args], { encoding: 'utf8' }).stdout.trim();
  say(`# files ${shell('ulimit -n')}, TMPDIR ${process.env.TMPDIR ?? 'not set'}, PATH ${process.env.PATH}`);
  say(`# priority ${shell('ps -o pri= -p $PPID')}, nice ${getPriority()}`);
  const env = { ...process.env, DYLD_MCPW: 'kept' };
  const show = [process.execPath, '-p', 'process.env.DYLD_MCPW ?? "lost"'];
  const { stdout } = spawnSync('nice', ['-n', '10', ...show], { env, encoding: 'utf8' });
  say(`# a DYLD_ variable through nice(1): ${stdout?.trim()}`);
  say(`# Documents: ${await documents()}`);
  const gateway = /gateway: (\S+)/u.exec(
    spawnSync('route', ['-n', 'get', 'default'], { encoding: 'utf8' }).stdout ?? '',
  )?.[1];
  if (gateway !== undefined) say(`# gateway, port 53: ${await connectTo(gateway, 53)}`);
  if (lan !== undefined && lan !== '') {
    const outcome = await connectTo(...splitAddress(lan));
    say(`${outcome === 'EHOSTUNREACH' ? 'not ok' : 'ok'} lan ${lan} from an agent: ${outcome}`);
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** A privacy question that nobody answers blocks the call, so another process asks. */
function documents() {
  const script = 'console.log(require("fs").readdirSync(process.env.HOME + "/Documents").length)';
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['-e', script],
      { timeout: 5000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) resolve(`can be read, ${stdout.trim()} entries`);
        else resolve(error.killed ? 'no answer in 5 s' : (/\bE[A-Z]{3,}/u.exec(stderr)?.[0] ?? 'failed'));
      },
    );
  });
}

function splitAddress(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}

async function tryConnect(address) {
  note(`${address} from here: ${await connectTo(...splitAddress(address))}`);
}

function connectTo(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (word) => {
      socket.destroy();
      resolve(word);
    };
    socket.once('connect', () => end('connected'));
    socket.once('timeout', () => end('no answer in 3 s'));
    socket.once('error', (error) => end(error.code));
  });
}

/** Facts of `status --json` on standard input, by their paths: `daemon.gaps.count`, `servers.0.pid`. */
async function status(...paths) {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const { data } = JSON.parse(text === '' ? '{}' : text);
  for (const path of paths) {
    const found = path.split('.').reduce((value, key) => value?.[key], data);
    process.stdout.write(`${found ?? ''}\n`);
  }
}

/** Saves the config as editors do, by a rename, and prints when the daemon has it. */
async function reload(home, url) {
  const { renameSync, readFileSync } = await import('node:fs');
  const config = join(home, 'config.yaml');
  const loadedAt = async () => (await (await fetch(`${url}/api/v1/status`)).json()).daemon.config.loadedAt;
  const before = await loadedAt();
  writeFileSync(`${config}.new`, `${readFileSync(config, 'utf8')}\n# saved again\n`, { mode: 0o600 });
  const began = performance.now();
  renameSync(`${config}.new`, config);
  while ((await loadedAt()) === before && performance.now() - began < 20_000) await pause(50);
  const took = performance.now() - began;
  check('reload', took < 10_000, `a config saved by a rename is applied, after ${Math.round(took)} ms`);
}

const [part, ...args] = process.argv.slice(2);
if (PARTS[part] === undefined) throw new Error(`There is no part ${part} of ${SELF}`);
await PARTS[part](...args);
if (part !== 'server') process.exitCode = 0;
