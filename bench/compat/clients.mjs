// Clients of other SDKs at real servers through the gateway: each lists, calls, gets progress, cancels, and goes on after kill -9
// of its server and of the daemon. One that cannot be built here is skipped by name.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onEnd, temporaryFolder } from '../lib/clean-up.mjs';
import { exchange, freePort } from '../lib/http.mjs';
import { CLI } from '../lib/keepers.mjs';
import { signal } from '../lib/processes.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';

const SOURCES = fileURLToPath(new URL('clients/', import.meta.url));
/** What was built stays for the next run: compiling takes minutes. */
const BUILT = join(SOURCES, '.built');

const python = (script) => ({
  tool: 'python3',
  build: [
    ['python3', '-m', 'venv', join(BUILT, 'python')],
    [
      join(BUILT, 'python', 'bin', 'pip'),
      'install',
      '--quiet',
      '-r',
      join(SOURCES, 'python', 'requirements.txt'),
    ],
  ],
  argv: [join(BUILT, 'python', 'bin', 'python'), join(SOURCES, 'python', script)],
});

export const CLIENTS = [
  { name: 'client-python-sdk', title: 'Python SDK, mcp 2.3.0', ...python('sdk_client.py') },
  { name: 'client-fastmcp', title: 'FastMCP 4.2.3', ...python('fastmcp_client.py') },
  {
    name: 'client-go-sdk',
    title: 'Go SDK 1.8.0',
    tool: 'go',
    build: [['go', 'build', '-C', join(SOURCES, 'go'), '-p', '1', '-o', join(BUILT, 'go-client'), '.']],
    argv: [join(BUILT, 'go-client')],
  },
  {
    name: 'client-rust-sdk',
    title: 'Rust SDK, rmcp 3.11.0',
    tool: 'cargo',
    build: [
      [
        'cargo',
        'build',
        '--quiet',
        '--locked',
        '--jobs',
        '1',
        '--manifest-path',
        join(SOURCES, 'rust', 'Cargo.toml'),
        '--target-dir',
        join(BUILT, 'rust'),
      ],
    ],
    argv: [join(BUILT, 'rust', 'debug', 'judge')],
  },
];

const COLUMNS = [
  'client',
  'list',
  'call',
  'progress',
  'cancel',
  'kill -9 of the server',
  'kill -9 of the daemon',
  'remark',
];

/** Servers with a call that needs neither network nor browser. */
const SERVERS = {
  everything: {
    entry: { package: '@modelcontextprotocol/server-everything' },
    tool: 'echo',
    arguments: { message: 'hello' },
  },
  context7: {
    entry: { package: '@upstash/context7-mcp' },
    tool: 'resolve-library-id',
    arguments: { libraryName: 'react', query: 'hooks' },
  },
  filesystem: {
    entry: { package: '@modelcontextprotocol/server-filesystem' },
    tool: 'list_allowed_directories',
    arguments: {},
  },
  memory: { entry: { package: '@modelcontextprotocol/server-memory' }, tool: 'read_graph', arguments: {} },
  playwright: {
    entry: { package: '@playwright/mcp', args: ['--headless'] },
    // Without a browser its answer is an error of the tool, which is an answer.
    tool: 'browser_snapshot',
    arguments: {},
  },
};
const NAMES = Object.keys(SERVERS);
const SLOW = 'trigger-long-running-operation';
const PATIENCE = 90_000;

/** @returns a row of cells for each client */
export async function examineClients(clients, say) {
  const place = await openPlace();
  const rows = [];
  for (const client of clients) {
    const row = await examineOne(client, place).catch((error) => ({
      remark: `not finished: ${error.message}`,
      isWrong: true,
    }));
    rows.push({ client, ...row });
    say(`${client.name}: ${row.remark || 'as it should be'}`);
  }
  await place.daemon.stop();
  return rows;
}

export function clientTable(rows) {
  const cells = rows.map(({ client, cells: of = {}, remark }) => [
    client.title,
    ...['list', 'call', 'progress', 'cancel', 'server', 'daemon'].map((key) => of[key] ?? '–'),
    remark,
  ]);
  return [COLUMNS, COLUMNS.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

async function examineOne(client, place) {
  const trouble = await buildClient(client);
  if (trouble !== null) return { remark: `skipped: ${trouble}`, isWrong: false };
  const judges = {};
  try {
    for (const name of NAMES) judges[name] = await openJudge(client.argv, place.url(name));
    return await story(judges, place);
  } finally {
    for (const judge of Object.values(judges)) judge.stop();
  }
}

async function story(judges, place) {
  await place.up();
  const faults = [];
  /** One question to the client of each server; what did not hold is a fault. */
  async function each(what, ask, holds) {
    const held = await Promise.all(
      NAMES.map(async (name) => {
        const answer = await ask(name).catch((error) => ({ error: error.message }));
        const isRight = answer.error === undefined && holds(answer, name);
        if (!isRight)
          faults.push(`${what} ${name}: ${(answer.error ?? JSON.stringify(answer)).slice(0, 80)}`);
        return isRight;
      }),
    );
    return `${held.filter(Boolean).length} of ${held.length}`;
  }
  const call = (name) => judges[name].ask({ do: 'call', ...callOf(name) });
  const isText = ({ text }) => typeof text === 'string' && text !== '';
  const cells = {};
  const tools = Object.fromEntries(
    (await place.status()).servers.map((server) => [server.name, server.tools]),
  );
  cells.list = await each(
    'list',
    (name) => judges[name].ask({ do: 'list' }),
    (answer, name) => answer.tools === tools[name],
  );
  cells.call = await each('call', call, isText);
  const { everything } = judges;
  const { steps, error } = await everything.ask({
    do: 'progress',
    tool: SLOW,
    arguments: { duration: 2, steps: 4 },
  });
  cells.progress = error ?? `${steps} of 4 steps`;
  if (!(steps >= 3)) faults.push(`progress: ${cells.progress}`);
  const before = await place.cancelled();
  const given = await everything.ask({ do: 'cancel', tool: SLOW, arguments: { duration: 30, steps: 30 } });
  const isCancelled = await until(async () => (await place.cancelled()) > before, {
    within: 40_000,
    every: 200,
  }).catch(() => false);
  cells.cancel = isCancelled && given.cancelled ? 'reaches the server' : 'no';
  if (cells.cancel === 'no') faults.push(`cancel: ${given.error ?? 'the server was not told'}`);
  for (const { pid } of (await place.status()).servers) signal(pid, 'SIGKILL');
  cells.server = await each('after kill -9', call, isText);
  await place.up();
  await place.replaceDaemon();
  cells.daemon = await each('after kill -9 of the daemon', call, isText);
  return { cells, remark: faults.join('; '), isWrong: faults.length > 0 };
}

function callOf(name) {
  const { tool, arguments: given } = SERVERS[name];
  return { tool, arguments: given };
}

/** A home with all servers, whose daemon can be killed and started again. */
async function openPlace() {
  const home = await temporaryFolder();
  const [metrics, gateway] = [await freePort(), await freePort()];
  const folder = join(home, 'work');
  await mkdir(folder, { recursive: true });
  const servers = Object.fromEntries(
    NAMES.map((name) => [
      name,
      name === 'filesystem' ? { ...SERVERS[name].entry, args: [folder] } : SERVERS[name].entry,
    ]),
  );
  const config = {
    metrics: { listen: `127.0.0.1:${metrics}` },
    gateway: { listen: `127.0.0.1:${gateway}` },
    alerts: { notify: [] },
    // One death a client is no crash loop, and half a minute of patience is not for a busy machine.
    defaults: {
      restart: { budget: [] },
      gateway: { queue: { patience: '90s' } },
      start: { timeout: '120s' },
    },
    servers,
  };
  await writeFile(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  const launch = () =>
    start([process.execPath, CLI, 'run', '--home', home], {
      log: join(home, 'run.log'),
      // Proxies and certificates of this machine are needed to reach the registry.
      env: process.env,
    });
  const get = async (path) => (await exchange({ port: metrics, path })).body.toString();
  const place = {
    daemon: launch(),
    url: (name) => `http://127.0.0.1:${gateway}/${name}/mcp`,
    status: async () => JSON.parse(await get('/api/v1/status')),
    async cancelled() {
      const lines = (await get('/metrics')).split('\n');
      const counts = lines.filter((line) =>
        /^mcp_server_operation_duration_seconds_count\{.*error_type="cancelled"/u.test(line),
      );
      return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async up() {
      const isUp = async () => {
        const all = await place.status().catch(() => null);
        return (
          all?.servers.length === NAMES.length &&
          all.servers.every(({ health, tools }) => health.up === true && tools !== null)
        );
      };
      await until(isUp, { within: 300_000, every: 200, what: 'all servers to be up' });
    },
    async replaceDaemon() {
      signal(place.daemon.pid, 'SIGKILL');
      await place.daemon.ended;
      place.daemon = launch();
      await until(() => exchange({ port: gateway, path: '/-/healthy' }).catch(() => null), {
        within: 60_000,
        every: 50,
        what: 'the next daemon',
      });
    },
  };
  await place.up();
  return place;
}

/** @returns why it cannot be built here; null when it is there */
async function buildClient({ tool, build }) {
  if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `${tool} is not on this machine`;
  await mkdir(BUILT, { recursive: true });
  for (const [file, ...args] of build) {
    if (args.includes('venv') && existsSync(args.at(-1))) continue;
    const { status, stderr } = spawnSync('nice', ['-n', '15', file, ...args], { encoding: 'utf8' });
    if (status !== 0) return `it cannot be built: ${(stderr ?? '').trim().split('\n').at(-1)?.slice(0, 80)}`;
  }
  return null;
}

/** A client program that does what it is told, one thing at a time. */
async function openJudge([file, ...args], url) {
  const child = spawn(file, [...args, url], { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = [];
  let ending = null;
  const end = (reason) => {
    ending ??= reason;
    for (const { reject } of waiting.splice(0)) reject(new Error(ending));
  };
  child.once('error', ({ message }) => end(message));
  child.once('exit', (code, name) => end(`the client ended with ${name ?? code}`));
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const answer = () =>
    new Promise((resolve, reject) => {
      if (ending !== null) reject(new Error(ending));
      else waiting.push({ resolve, reject });
    });
  const stop = onEnd(async () => void child.kill('SIGKILL'));
  const inTime = (promise) =>
    Promise.race([promise, sleep(PATIENCE, { error: 'no answer within 90 s' }, { ref: false })]);
  const ready = await inTime(answer());
  if (ready.ready !== true) throw new Error(`it does not connect: ${ready.error}`);
  return {
    stop,
    async ask(command) {
      const given = inTime(answer());
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return await given;
    },
  };
}
