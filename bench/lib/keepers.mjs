// Everybody who keeps servers alive here: mcp-watchdog and its peers, started the way their documentation says.
// Each is { name, find() -> why it cannot take part, or null; start(servers, settings) -> { pid, stop, … } }.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onEnd, temporaryFolder } from './clean-up.mjs';
import { exchange, freePort } from './http.mjs';
import { killTree } from './processes.mjs';
import { environment, start } from './start.mjs';
import { until } from './wait.mjs';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** What `mcp-watchdog` names where it is installed. */
export const COMMAND = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const PM2 = fileURLToPath(new URL('../node_modules/pm2/bin/pm2', import.meta.url));
const NOT_HERE = 'not on this machine';

export const watchdog = {
  name: 'mcp-watchdog',
  find: () => null,
  /** `settings`: further keys of the config, `defaults` for instance; and `preload`: a module that the daemon loads first. */
  async start(servers, { preload, ...settings } = {}, { within = 90_000 } = {}) {
    const home = await temporaryFolder();
    const port = await freePort();
    const config = {
      metrics: { listen: `127.0.0.1:${port}` },
      // Several run at once: on the default port all but one would try again and again, and look for its holder.
      gateway: { listen: '127.0.0.1:0' },
      servers: Object.fromEntries(servers.map((server) => [server.name, entryFor(server)])),
      ...settings,
    };
    await writeFile(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
    return await runIn(home, port, { preload, within });
  },
};

/** @param within ms in which it has to be ready: starts are spread over 150 ms for each server */
async function runIn(home, port, { preload, within }) {
  const log = join(home, 'bench.log');
  const first = preload === undefined ? [] : ['--import', preload];
  const daemon = start([process.execPath, ...first, CLI, 'run', '--home', home], { log, cwd: home });
  const isReady = async () => {
    const { status } = await exchange({ port, path: '/-/ready' }).catch(() => ({ status: 0 }));
    return status === 200;
  };
  await Promise.race([
    until(isReady, { within, every: 100, what: 'mcp-watchdog to be ready' }),
    daemon.ended.then(async (how) => {
      throw new Error(`mcp-watchdog ended (${how}): ${(await readFile(log, 'utf8')).slice(-1000)}`);
    }),
  ]);
  return {
    ...daemon,
    home,
    port,
    url: `http://127.0.0.1:${port}`,
    command: (...args) => [process.execPath, COMMAND, ...args, '--home', home],
    /** Another one in the same home, once this one is dead. */
    again: () => runIn(home, port, { preload, within }),
  };
}

function entryFor({ argv, port }) {
  return { command: argv, ...(port === null ? {} : { url: `http://127.0.0.1:${port}/mcp` }) };
}

export const pm2 = {
  name: 'pm2',
  find: () => (existsSync(PM2) ? null : NOT_HERE),
  async start(servers) {
    const home = await temporaryFolder();
    const env = { ...environment, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' };
    const apps = servers.map(({ name, script, args }) => ({ name, script, args, exec_mode: 'fork' }));
    await writeFile(join(home, 'ecosystem.json'), JSON.stringify({ apps }));
    const started = promisify(execFile)(process.execPath, [PM2, 'start', join(home, 'ecosystem.json')], {
      env,
    });
    // The daemon that this leaves behind is not our child; registered before it can be forgotten.
    const readPid = async () => Number(await readFile(join(home, 'pm2.pid'), 'utf8').catch(() => '0'));
    const stop = onEnd(async () => {
      await started.catch(() => {});
      const pid = await readPid();
      if (pid > 0) await killTree(pid);
    });
    await started;
    return { pid: await until(readPid, { what: 'the pid of pm2' }), stop };
  },
};

export const runit = {
  name: 'runit (runsv)',
  find: () => (isOnPath('runsv') ? null : NOT_HERE),
  /** One runsv keeps one server. */
  async start([{ argv }]) {
    const home = await temporaryFolder();
    await mkdir(join(home, 'service'));
    const script = join(home, 'service', 'run');
    await writeFile(script, `#!/bin/sh\nexec ${argv.map((word) => `'${word}'`).join(' ')}\n`);
    await chmod(script, 0o755);
    return start(['runsv', join(home, 'service')], { log: join(home, 'log') });
  },
};

export const supervisord = {
  name: 'supervisord',
  find: () => (isOnPath('supervisord') ? null : NOT_HERE),
  async start(servers) {
    const home = await temporaryFolder();
    const programs = servers.map(({ name, argv }) => {
      const command = argv.map((word) => `"${word.replaceAll('%', '%%')}"`).join(' ');
      return `[program:${name}]\ncommand=${command}\nautorestart=true\n`;
    });
    const own = `[supervisord]\nnodaemon=true\nlogfile=${home}/supervisord.log\npidfile=${home}/pid\nchildlogdir=${home}\n`;
    await writeFile(join(home, 'supervisord.conf'), [own, ...programs].join('\n'));
    return start(['supervisord', '-c', join(home, 'supervisord.conf')], { cwd: home });
  },
};

export const processCompose = {
  name: 'process-compose',
  find: () => (isOnPath('process-compose') ? null : NOT_HERE),
  async start(servers) {
    const home = await temporaryFolder();
    const processes = Object.fromEntries(
      servers.map(({ name, argv }) => {
        const command = argv.map((word) => `'${word}'`).join(' ');
        return [name, { command, availability: { restart: 'always', backoff_seconds: 1 } }];
      }),
    );
    const file = join(home, 'process-compose.yaml');
    await writeFile(file, JSON.stringify({ version: '0.5', processes }));
    // Neither its screen nor its server: the peers only keep processes.
    const env = { PC_DISABLE_TUI: '1', PC_NO_SERVER: '1' };
    return start(['process-compose', 'up', '-f', file], { cwd: home, env });
  },
};

const EXPORTERS = ['process-exporter', 'prometheus-process-exporter'];

/** Keeps nothing: it measures the processes that others keep, for who would run it beside a supervisor to have metrics. */
export const processExporter = {
  name: 'process-exporter',
  find: () => (EXPORTERS.some(isOnPath) ? null : NOT_HERE),
  /** Measures the processes of `servers`, whoever runs them. */
  async start(servers) {
    const [home, port] = [await temporaryFolder(), await freePort()];
    const groups = servers.map(({ name, args }) => ({ name, cmdline: [args.join(' ')] }));
    const file = join(home, 'config.yaml');
    await writeFile(file, JSON.stringify({ process_names: groups }));
    const address = `127.0.0.1:${port}`;
    const program = EXPORTERS.find(isOnPath);
    const running = start([program, '-config.path', file, '-web.listen-address', address], { cwd: home });
    const isReady = async () => {
      const { status } = await exchange({ port, path: '/metrics' }).catch(() => ({ status: 0 }));
      return status === 200;
    };
    await until(isReady, { within: 30_000, every: 100, what: 'process-exporter to answer' });
    return { ...running, url: `http://${address}` };
  },
};

function isOnPath(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}
