// Privacy: other users of the machine and pages in the browser learn no secret, file or page from the daemon.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import {
  CLI,
  FIXTURE,
  fixture,
  freePort,
  httpFixture,
  QUICK,
  type RunningDaemon,
  runCli,
  startDaemon,
} from './daemon.ts';

const SECRETS = {
  env: 'tok-in-env-5f0c9b1d2e',
  file: 'tok-in-file-77aa31c0de',
  header: 'tok-in-header-9e8d7c6b5a',
  option: 'tok-in-option-0a1b2c3d4e',
  /** Nobody told us of these: they are on the command line of a stranger. */
  flag: 'tok-of-stranger-1f2e3d4c5b',
  login: 'tok-in-login-6a7b8c9d0e',
  key: 'sk-proj-0123456789abcdefABCDEF',
} as const;

/** Tells its secrets on both streams, in its protocol, and with its last breath. */
const TATTLER = `console.error('env', process.env.API_TOKEN, 'file', process.env.FILE_TOKEN, process.argv.slice(1));
  console.log('no message, but', process.env.API_TOKEN);`;

/** Answers with what it was sent: an error whose words are the secret itself. */
const ECHO = `require('http').createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const message = 'bad token ' + request.headers['x-token'];
    console.error(message);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, error: { code: -32000, message } }));
  }).listen(PORT, '127.0.0.1');`;

/** Holds a port that a server of ours wants. */
async function startThief(port: number): Promise<void> {
  const listen = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('has it'))`;
  const args = ['--token', SECRETS.flag, `https://me:${SECRETS.login}@api.example/`, SECRETS.key];
  const thief = spawn(process.execPath, ['-e', listen, 'thief', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void thief.kill('SIGKILL'));
  await new Promise((resolve) => thief.stdout.once('data', resolve));
}

function everyFile(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function statusOf(daemon: RunningDaemon, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${daemon.url}/metrics`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

test(
  'no secret of a server is on any page, in any log, in the journal or in the config shown',
  { timeout: 180_000 },
  async () => {
    const { home } = tempHome();
    writeFileSync(`${home}/tokens.env`, `export FILE_TOKEN="${SECRETS.file}"\n`, { mode: 0o600 });
    const secret = { env: { API_TOKEN: SECRETS.env }, envFile: 'tokens.env' };
    const tattle = ['--import', `data:text/javascript,${encodeURIComponent(TATTLER)}`];
    const more = ['--api-key', SECRETS.option];
    const port = await freePort();
    const stolen = await freePort();
    await startThief(stolen);
    const daemon = await startDaemon(
      {
        talks: { command: [process.execPath, ...tattle, FIXTURE, ...more], ...QUICK, ...secret },
        dies: {
          command: [
            process.execPath,
            ...tattle,
            FIXTURE,
            '--behaviour',
            'exit-at-once',
            '--code',
            '3',
            ...more,
          ],
          ...QUICK,
          ...secret,
        },
        echoes: {
          command: [process.execPath, '-e', ECHO.replace('PORT', String(port))],
          transport: 'http',
          url: `http://127.0.0.1:${port}/mcp`,
          headers: { 'X-Token': SECRETS.header },
          start: { timeout: '2s' },
          ...QUICK,
        },
        taken: httpFixture(port, more, secret),
        robbed: httpFixture(stolen),
      },
      { home },
    );
    await daemon.up('talks');
    await daemon.until('dies', 'given up', ({ state }) => state === 'crash_looping');
    await daemon.until('echoes', 'a failed start', ({ startFailures }) => startFailures > 0);
    await waitFor(() => readFileSync(`${home}/logs/servers/talks.log`, 'utf8').includes('no message, but'));
    const robbed = await daemon.until('robbed', 'a failed start', ({ lastFailure }) => lastFailure !== null);
    expect(robbed.lastFailure?.message).toContain(
      'thief --token [secret] https://[secret]@api.example/ [secret]',
    );
    const pages = await Promise.all(
      ['/metrics', '/api/v1/status', '/'].map(async (page) => (await fetch(daemon.url + page)).text()),
    );
    const shown = [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['status', '--json'],
      ['status', 'robbed'],
      ['check'],
      ['orphans', '--json'],
      ['logs', 'talks'],
      ['logs', 'dies'],
    ].map((argv) => daemon.run(...argv));
    await daemon.stop();

    const files = everyFile(home).filter((path) => !/config\.yaml$|tokens\.env$/.test(path));
    expect(files.map((path) => path.slice(home.length))).toEqual(
      expect.arrayContaining([
        '/logs/watchdog.log',
        '/logs/servers/talks.log',
        '/journal/events.jsonl',
        '/run/state.json',
      ]),
    );
    const told = [
      ...pages.map((text, index) => [`page ${index}`, text]),
      ...shown.map(({ out, err }, index) => [`command ${index}`, out + err]),
      ...files.map((path) => [path, readFileSync(path, 'utf8')]),
      ['standard output', daemon.output()],
    ];
    const leaks = told.flatMap(([where, text = '']) =>
      Object.entries(SECRETS)
        .filter(([, value]) => text.includes(value))
        .map(([which]) => `${which} in ${where}`),
    );
    expect(leaks).toEqual([]);
  },
);

/** The command under the most careless umask. */
function runCarelessly(home: string, ...argv: string[]): string {
  const args = ['-c', 'umask 000; exec "$0" "$@"', process.execPath, CLI, ...argv, '--home', home];
  const { status, stdout, stderr } = spawnSync('/bin/sh', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

test('the home belongs to its owner alone, and so does everything in it', { timeout: 180_000 }, async () => {
  const { home } = tempHome();
  chmodSync(home, 0o777);
  const config = {
    metrics: { listen: '127.0.0.1:0' },
    gateway: { listen: '127.0.0.1:0' },
    servers: { s: fixture() },
  };
  writeFileSync(`${home}/config.yaml`, JSON.stringify(config), { mode: 0o600 });
  onTestFinished(() => void spawnSync(process.execPath, [CLI, 'stop', '--home', home]));
  runCarelessly(home, 'start');
  await waitFor(() => statSync(`${home}/logs/servers/s.log`, { throwIfNoEntry: false }));
  runCarelessly(home, 'restart', 's');
  runCarelessly(home, 'backup');
  runCarelessly(home, 'cleanup');
  await waitFor(() => statSync(`${home}/run/state.json`, { throwIfNoEntry: false }));
  const entries = readdirSync(home, { withFileTypes: true, recursive: true });
  const modes = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(home.length), entry.isDirectory(), (statSync(path).mode & 0o777).toString(8)];
  });
  expect((statSync(home).mode & 0o777).toString(8)).toBe('700');
  expect(modes.filter(([, isFolder, mode]) => mode !== (isFolder === true ? '700' : '600'))).toEqual([]);
  expect(
    entries
      .filter((entry) => entry.isSocket())
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['control.sock', 'gateway.sock']);
  expect(modes.map(([path]) => path)).toEqual(
    expect.arrayContaining([
      '/backups',
      '/journal/events.jsonl',
      '/logs/start.log',
      '/logs/watchdog.log',
      '/run/processes.json',
      '/run/state.json',
    ]),
  );
  runCarelessly(home, 'stop');
});

test('a config that others could replace starts nothing', { timeout: 180_000 }, async () => {
  const { home } = tempHome();
  writeFileSync(`${home}/config.yaml`, JSON.stringify({ servers: { s: fixture() } }));
  chmodSync(`${home}/config.yaml`, 0o666);
  const { code, err } = runCli(home, ['config', 'validate']);
  expect([code, err]).toEqual([2, expect.stringContaining('others may write it, its mode is 666')]);
});

test(
  'a server gets what a program needs to run, and nothing of what we know',
  { timeout: 60_000 },
  async () => {
    const tell = `console.error(JSON.stringify({ names: Object.keys(process.env), umask: process.umask() }));`;
    const tattle = ['--import', `data:text/javascript,${encodeURIComponent(tell)}`];
    const own = { command: [process.execPath, ...tattle, FIXTURE], ...QUICK, env: { MINE: '1' } };
    const daemon = await startDaemon({ s: own }, { env: { OUR_TOKEN: 'x', NODE_OPTIONS: '--no-warnings' } });
    await daemon.up('s');
    const told = await waitFor(
      () =>
        /\{"names":.*\}/.exec(
          readFileSync(`${daemon.home}/logs/servers/s.log`, 'utf8').replaceAll('\\', ''),
        )?.[0],
    );
    const { names, umask }: { names: string[]; umask: number } = JSON.parse(told);
    expect(names).toContain('MINE');
    expect(names).toContain('PATH');
    expect(names).not.toContain('OUR_TOKEN');
    expect(names).not.toContain('NODE_OPTIONS');
    expect(umask).toBe(0o077);
  },
);

test('a page of another name gets nothing', { timeout: 180_000 }, async () => {
  const daemon = await startDaemon({ s: fixture() });
  const { port } = new URL(daemon.url);
  expect(await statusOf(daemon, { host: `localhost:${port}` })).toBe(200);
  expect(await statusOf(daemon, { host: `rebound.example:${port}` })).toBe(403);
  expect(await statusOf(daemon, { host: `127.0.0.1:${port}`, origin: 'http://evil.example' })).toBe(403);
});
