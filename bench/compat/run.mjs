// `npm run compat -- [--write] [--at-once N] [NAME…]`: each real server of servers.mjs is installed, started, killed, frozen, stopped and
// updated under a watchdog of its own; what happened is one row of a table. Then clients of other SDKs use some of them through the
// gateway (clients.mjs). It asks the registries and takes most of an hour.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endAll, temporaryFolder } from '../lib/clean-up.mjs';
import { exchange, freePort } from '../lib/http.mjs';
import { CLI } from '../lib/keepers.mjs';
import { signal } from '../lib/processes.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';
import { CLIENTS, clientTable, examineClients } from './clients.mjs';
import { keepRows } from './keep-rows.mjs';
import { SERVERS } from './servers.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url));
const COLUMNS = [
  'server',
  'version',
  'installed',
  'up',
  'tools',
  'memory PSS / RSS sum',
  'kill -9',
  'frozen',
  'update',
  'stop',
  'remark',
];
const PROBE = { interval: '2s', timeout: '5s', failures: 2 };
const UP_WITHIN = 240_000;
/** Restarts that the story itself causes. */
const EXPECTED = { signal: 1, exit: 1, probe: 1, update: 2 };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, 'at-once': { type: 'string', default: '1' } },
});
const rows = [];
// Whoever breaks it off sees what is there so far.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(name, () => {
    process.stdout.write(`${table(rows)}\n`);
    void leave(130);
  });
await leave(await main());

async function main() {
  const all = [...SERVERS, ...CLIENTS].map(({ name }) => name);
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    say(`error: There is no server or client "${unknown}"\nhint: ${all.join(', ')}`);
    return 2;
  }
  const isChosen = ({ name }) => positionals.length === 0 || positionals.includes(name);
  const servers = await runServers(SERVERS.filter(isChosen));
  const clients = await runClients(CLIENTS.filter(isChosen));
  return servers || clients ? 1 : 0;
}

/** @returns whether something was not as it should be */
async function runClients(chosen) {
  if (chosen.length === 0) return false;
  const examined = await examineClients(chosen, say);
  const text = `${describeMachine()}\n\n${clientTable(examined)}\n`;
  process.stdout.write(text);
  if (options.write)
    await keep(
      text,
      'clients',
      CLIENTS.map(({ title }) => title),
    );
  return examined.some(({ isWrong }) => isWrong);
}

/** @returns whether something was not as it should be */
async function runServers(chosen) {
  if (chosen.length === 0) return false;
  const queue = [...chosen];
  const work = async () => {
    for (let server = queue.shift(); server !== undefined; server = queue.shift()) {
      const row = await examine(server).catch((error) => ({
        remark: `not finished: ${error.message}`,
        isWrong: true,
      }));
      rows.push({ server, ...row });
      say(`${rows.length}/${chosen.length} ${server.name}: ${row.remark || 'as it should be'}`);
    }
  };
  await Promise.all(Array.from({ length: Number(options['at-once']) }, work));
  rows.sort((one, other) => SERVERS.indexOf(one.server) - SERVERS.indexOf(other.server));
  const text = `${describeMachine()}\n\n${table(rows)}\n`;
  process.stdout.write(text);
  if (options.write)
    await keep(
      text,
      'results',
      SERVERS.map(({ name }) => name),
    );
  return rows.some(({ isWrong }) => isWrong);
}

async function examine(server) {
  const scene = await prepare(server);
  const daemon = start([process.execPath, CLI, 'run', '--home', scene.home], {
    log: join(scene.home, 'run.log'),
    // Proxies and certificates of this machine are needed to reach the registry.
    env: process.env,
  });
  try {
    return await (server.expect === 'up' ? story(server, scene) : refusal(server, scene));
  } finally {
    await daemon.stop();
  }
}

/** A server that cannot start has to say why, in the words of its own output. */
async function refusal({ expect }, scene) {
  const seen = await until(
    async () => {
      const { lastFailure, lastLines, state } = await statusOf(scene);
      return lastFailure !== null &&
        (state === 'crash_looping' || state === 'needs_attention' || state === 'backoff')
        ? [lastFailure.message, lastFailure.hint, ...(lastLines ?? [])].join(' ')
        : null;
    },
    { within: UP_WITHIN, every: 500, what: 'a reason' },
  );
  const isSaid = expect.test(seen) || expect.test(await cli(scene, 'status', 's'));
  return {
    isWrong: !isSaid,
    remark: isSaid ? 'cannot start here, and says why' : `the reason is lost: ${seen.slice(0, 80)}`,
  };
}

async function story(server, scene) {
  const began = performance.now();
  const row = {};
  await until(
    async () => {
      const status = await statusOf(scene);
      if (status.version !== null) row.installed ??= seconds(began);
      return status.health.up === true && status.state === 'running';
    },
    { within: UP_WITHIN, every: 100, what: 'it to be up' },
  ).catch(async (error) => {
    const { state, health, lastFailure } = await statusOf(scene);
    throw new Error(
      `${error.message}; ${state}: ${lastFailure?.message ?? health.detail ?? 'nothing is told'}`,
    );
  });
  row.up = seconds(began);
  const listed = await until(async () => (await statusOf(scene)).tools !== null && (await statusOf(scene)), {
    within: 20_000,
    every: 200,
  }).catch(() => statusOf(scene));
  row.tools = listed.tools;
  row.version = listed.version;
  await sleep(5000);
  row.memory = await memoryOf((await statusOf(scene)).pid);
  row.killed = await recovery(scene, 'SIGKILL', 120_000);
  row.frozen = await recovery(scene, 'SIGSTOP', 60_000);
  if (scene.newest !== null) Object.assign(row, await updated(scene));
  const { restarts } = await statusOf(scene);
  const pids = await treeOf((await statusOf(scene)).pid);
  await cli(scene, 'stop', 's');
  const left = await until(async () => (await alive(pids)).length === 0, { within: 15_000, every: 100 }).then(
    () => 0,
    async () => (await alive(pids)).length,
  );
  row.stop = left === 0 ? 'nothing left' : `${left} left`;
  const unasked = Object.entries(restarts).filter(([reason, count]) => count > (EXPECTED[reason] ?? 0));
  const faults = [
    ...unasked.map(([reason, count]) => `restarts for ${reason}: ${count}`),
    ...(row.killed === null ? ['not back after kill -9'] : []),
    ...(left > 0 ? [row.stop] : []),
    ...(row.update?.isWrong ? [row.update.text] : []),
  ];
  return { ...row, remark: faults.join('; '), isWrong: faults.length > 0 };
}

async function updated(scene) {
  const text = await cli(scene, 'update', 's', '--to', scene.newest);
  const { version, health } = await until(
    async () => {
      const status = await statusOf(scene);
      return status.health.up === true && status.version === scene.newest && status;
    },
    { within: 120_000, every: 200 },
  ).catch(() => statusOf(scene));
  const isDone = version === scene.newest && health.up === true;
  const back = isDone && scene.isPython ? await rolledBack(scene) : '';
  const said = text.trim().split('\n').at(-1) ?? '';
  return {
    update: {
      text: isDone ? `${scene.oldest} → ${version}${back}` : `stays ${version}: ${said.slice(0, 70)}`,
      isWrong: false,
    },
  };
}

async function rolledBack(scene) {
  await cli(scene, 'rollback', 's');
  const { version } = await until(
    async () => {
      const status = await statusOf(scene);
      return status.health.up === true && status.version === scene.oldest && status;
    },
    { within: 60_000, every: 200 },
  ).catch(() => statusOf(scene));
  return version === scene.oldest ? ` → ${version}` : `, not rolled back: ${version}`;
}

/** Seconds from the signal until a process with another pid is up; null when that does not happen. */
async function recovery(scene, name, within) {
  const { pid } = await statusOf(scene);
  const since = performance.now();
  signal(pid, name);
  const isBack = async () => {
    const status = await statusOf(scene);
    return (
      status.pid !== null && status.pid !== pid && status.health.up === true && status.state === 'running'
    );
  };
  const took = await until(isBack, { within, every: 50 }).then(
    () => seconds(since),
    () => null,
  );
  if (took === null && name === 'SIGSTOP') signal(pid, 'SIGCONT');
  return took;
}

async function prepare(server) {
  const home = await temporaryFolder();
  const port = await freePort();
  const metrics = await freePort();
  const folder = join(home, 'work');
  await mkdir(folder, { recursive: true });
  if (server.bridge === undefined)
    for (const [name, text] of Object.entries(server.files ?? {})) await writeFile(join(folder, name), text);
  if (server.repository === true) await run('git', ['init', '-q', folder]);
  const versions = server.isPinned === true ? await versionsOf(server.package) : null;
  const entry =
    server.package === undefined
      ? await bridgeEntry(server, folder, port)
      : packageEntry(server, { folder, port, version: versions?.before ?? server.version ?? 'latest' });
  const config = {
    metrics: { listen: `127.0.0.1:${metrics}` },
    gateway: { listen: `127.0.0.1:${await freePort()}` },
    alerts: { notify: [] },
    defaults: { probe: PROBE, start: { timeout: '60s' }, update: { probation: '5s' } },
    servers: { s: entry },
  };
  await writeFile(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  return {
    home,
    metrics,
    isPython: server.package?.startsWith('pypi:') === true,
    oldest: versions?.before ?? null,
    newest: versions === null || versions.before === null ? null : versions.newest,
  };
}

function packageEntry(server, { folder, port, version }) {
  const url = server.url?.(port);
  return {
    package: server.package,
    version,
    args: server.args(port, folder),
    env: server.env(port),
    ...server.keys,
    ...(server.bin === undefined ? {} : { bin: server.bin }),
    ...(url === undefined ? {} : { transport: 'http', url }),
  };
}

async function bridgeEntry(server, folder, port) {
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  for (const [name, text] of Object.entries(server.files)) await writeFile(join(folder, name), text);
  const { code } = await run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...server.bridge],
    { cwd: folder },
  );
  if (code !== 0) throw new Error(`npm could not install ${server.bridge.join(', ')}`);
  const bin = (id) => {
    const manifest = join(folder, 'node_modules', id, 'package.json');
    const { bin: bins } = JSON.parse(readFileSync(manifest, 'utf8'));
    return join(manifest, '..', typeof bins === 'string' ? bins : Object.values(bins)[0]);
  };
  return { command: server.command(port, bin, folder), url: server.url(port), transport: 'http' };
}

async function versionsOf(id) {
  if (id.startsWith('pypi:')) return pythonVersionsOf(id.slice('pypi:'.length));
  const { out } = await run('npm', ['view', id, 'versions', 'dist-tags', '--json']);
  const { versions, 'dist-tags': tags } = JSON.parse(out);
  const stable = [versions].flat().filter((version) => !version.includes('-'));
  const at = stable.indexOf(tags.latest);
  return { newest: tags.latest, before: at > 0 ? stable[at - 1] : null };
}

async function pythonVersionsOf(name) {
  const ask = (...flags) =>
    run('python3', ['-m', 'pip', 'index', 'versions', '--disable-pip-version-check', ...flags, name]);
  const read = ({ out }) => /^Available versions: (.*)$/mu.exec(out)?.[1]?.split(', ') ?? [];
  const stable = read(await ask());
  const [newest = null, before = null] = stable.length > 0 ? stable : read(await ask('--pre'));
  return { newest, before };
}

async function statusOf({ metrics }) {
  const asked = await exchange({ port: metrics, path: '/api/v1/status' }).catch(() => null);
  const none = {
    state: 'starting',
    health: { up: null, detail: null },
    version: null,
    pid: null,
    tools: null,
    restarts: {},
    lastFailure: null,
  };
  return asked === null || asked.status !== 200
    ? none
    : (JSON.parse(asked.body.toString()).servers[0] ?? none);
}

async function cli({ home }, ...args) {
  const { out, err } = await run(process.execPath, [CLI, ...args, '--home', home, '--no-color']);
  return `${out}${err}`;
}

function run(file, args, { cwd } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env: process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (texts.out += chunk));
    child.stderr.on('data', (chunk) => (texts.err += chunk));
    child.once('error', (error) => resolve({ ...texts, err: error.message, code: 1 }));
    child.once('close', (code) => resolve({ ...texts, code }));
  });
}

/** Proportional and resident memory of a tree, MiB. */
async function memoryOf(pid) {
  const sums = { pss: 0, rss: 0 };
  for (const member of await treeOf(pid)) {
    const text = await readFile(`/proc/${member}/smaps_rollup`, 'utf8').catch(() => '');
    sums.pss += Number(/^Pss:\s+(\d+)/mu.exec(text)?.[1] ?? 0) / 1024;
    sums.rss += Number(/^Rss:\s+(\d+)/mu.exec(text)?.[1] ?? 0) / 1024;
  }
  return sums.rss === 0 ? '–' : `${Math.round(sums.pss)} / ${Math.round(sums.rss)} MiB`;
}

async function treeOf(root) {
  if (root === null) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const parents = await Promise.all(
    pids.map(async (pid) => [
      Number(pid),
      Number((await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ')[1]),
    ]),
  );
  const tree = [root];
  for (const parent of tree) for (const [pid, ppid] of parents) if (ppid === parent) tree.push(pid);
  return tree;
}

async function alive(pids) {
  const states = await Promise.all(
    pids.map(
      async (pid) => (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.[0],
    ),
  );
  return pids.filter((_, index) => states[index] !== undefined && states[index] !== 'Z');
}

function table(rows) {
  const cells = rows.map((row) => [
    row.server.package === undefined ? row.server.name : `${row.server.name} (${row.server.package})`,
    row.version ?? '–',
    row.server.package === undefined ? 'by hand' : (row.installed ?? '–'),
    row.up ?? '–',
    row.tools ?? '–',
    row.memory ?? '–',
    row.killed ?? '–',
    row.frozen === undefined ? '–' : (row.frozen ?? 'goes on serving'),
    row.update?.text ?? '–',
    row.stop ?? '–',
    row.remark,
  ]);
  return [COLUMNS, COLUMNS.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function describeMachine() {
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} CPUs, ${options['at-once']} at once.`;
}

/** Each table stands between two marks; the words around it are written by hand, and rows that were not run stay. */
async function keep(text, mark, names) {
  const [begin, end] = [`<!-- ${mark} -->\n`, `<!-- end of ${mark} -->`];
  const before = await readFile(DOCUMENT, 'utf8');
  const [from, to] = [before.indexOf(begin) + begin.length, before.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`${DOCUMENT} lacks the marks around the results`);
  const kept = keepRows(before.slice(from, to).trim(), text, names);
  await writeFile(DOCUMENT, `${before.slice(0, from)}\n${kept}\n${before.slice(to)}`);
}

async function leave(code) {
  await endAll();
  process.exit(code);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
