// Secrets of every shape in every place where a config can hold one: none of them leaves it.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../src/cli.ts';
import { fakeIo } from '../fakes/io.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort, QUICK, startDaemon } from './daemon.ts';

// In two parts each: no scanner of repositories shall take them for real.
const of = (...parts: readonly string[]): string => parts.join('');

/** By the place where the config holds them. */
const SECRETS = {
  env: of('plain-in-env-', '5f0c9b1d2e'),
  envFile: of('plain-in-file-', '77aa31c0de'),
  flag: of('plain-in-flag-', '0a1b2c3d4e'),
  assignedFlag: of('plain-assigned-', '1f2e3d4c5b'),
  positional: of('gh', 'p_0123456789abcdefghijABCDEFGHIJ012345'),
  positionalLogin: of('plain-in-login-', '6a7b8c9d0e'),
  urlUser: of('plain-in-user-', '9a8b7c6d5e'),
  urlQuery: of('plain-in-query-', '2b3c4d5e6f'),
  urlPath: of('s0mePathKey', '4f7a9c1e3b5d7f9a1c3e'),
  header: of('plain-in-header-', '9e8d7c6b5a'),
  bearer: of('ey', 'JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLTEyMzQ1'),
  webhookUrl: of('T0ABCDEFG1B0', 'HIJKLMN2xyzw9876'),
  webhookHeader: of('plain-hook-header-', '3c4d5e6f7a'),
  webhookSecret: of('plain-hook-key-', '8b9c0d1e2f'),
  channelArgument: of('xo', 'xb-1234567890-abcdefghij'),
  channelEnv: of('plain-channel-env-', '4d5e6f7a8b'),
  passwordHash: hashSync('let me in', 4),
  alertmanagerUser: of('plain-am-', '5e6f7a8b9c'),
  prometheusQuery: of('plain-prom-', '6f7a8b9c0d'),
  webhookToken: of('plain-webhook-token-', '7a8b9c0d1e'),
} as const;

/** In no config: the server brings them along, and they are known by their form alone. */
const BROUGHT = {
  version: of('gl', 'pat-AbCdEf0123456789xyzw'),
  toolName: of('AK', 'IAIOSFODNN7EXAMPLE'),
  line: of('sk', '-proj-0123456789abcdefABCDEF'),
  error: of('h', 'f_abcdefghijABCDEFGHIJklmnopqrstuvwx'),
} as const;

/** Tells all that it was given and all that it brings, wherever a server can say anything. */
const TATTLER = `
  const told = [...Object.values(process.env), ...process.argv.slice(1)].filter((text) => /plain-|_|-/.test(text) && text.length < 200);
  console.error('given', told.join(' '), 'brought', '${BROUGHT.line}');
  console.log('not a message', told.join(' '), '${BROUGHT.line}');
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (id === undefined) return;
    const serverInfo = { name: 'tattler', version: '${BROUGHT.version}' };
    const result =
      method === 'initialize'
        ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
        : method === 'tools/list'
          ? { tools: [{ name: '${BROUGHT.toolName}', description: told.join(' '), inputSchema: { type: 'object' } }] }
          : null;
    const error = { code: -32000, message: told.join(' ').slice(0, 2000) + ' ${BROUGHT.error}' };
    console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(result === null ? { error } : { result }) }));
  });
  setTimeout(() => process.argv.includes('dies') && process.exit(3), 300);
`;

function everyFile(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Receives notifications; the returned list grows. */
async function receiver(): Promise<{ port: number; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      // Refused once in a while, so that there is a failure to tell.
      response.writeHead(bodies.length % 2 === 0 ? 500 : 204).end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, bodies };
}

function configOf(port: number, { home, hook }: { home: string; hook: number }) {
  const given = [
    '--api-key',
    SECRETS.flag,
    `--token=${SECRETS.assignedFlag}`,
    SECRETS.positional,
    `postgresql://anna:${SECRETS.positionalLogin}@localhost:5432/shop`,
  ];
  const secrets = { env: { API_TOKEN: SECRETS.env }, envFile: 'tokens.env' };
  const command = [process.execPath, `${home}/tattler.cjs`];
  const url = `http://me:${SECRETS.urlUser}@127.0.0.1:${port}/${SECRETS.urlPath}/mcp?api_key=${SECRETS.urlQuery}`;
  const headers = { 'X-Token': SECRETS.header, Authorization: `Bearer ${SECRETS.bearer}` };
  const servers = {
    talks: { command: [...command, ...given], ...QUICK, ...secrets },
    dies: { command: [...command, 'dies', ...given], ...QUICK, ...secrets },
    missing: { command: ['no-such-program', ...given], ...QUICK, ...secrets },
    remote: { transport: 'http', url, headers, ...QUICK },
  };
  const keep = `cat >> '${home}/told'; echo "$0 $1 $KEY" >&2; exit 1`;
  const notify = [
    {
      kind: 'webhook',
      url: `http://127.0.0.1:${hook}/services/${SECRETS.webhookUrl}`,
      headers: { 'X-Hook': SECRETS.webhookHeader },
      secret: SECRETS.webhookSecret,
      retries: 0,
    },
    {
      kind: 'command',
      command: ['/bin/sh', '-c', keep, SECRETS.channelArgument, '--password', SECRETS.channelEnv],
      env: { KEY: SECRETS.channelEnv },
    },
  ];
  const more = {
    metrics: { listen: '127.0.0.1:0', webConfigFile: 'web.yaml' },
    alerts: {
      evaluateEvery: '1s',
      notify,
      alertmanager: { url: `http://am:${SECRETS.alertmanagerUser}@127.0.0.1:1/` },
      prometheus: { url: `http://127.0.0.1:1/?token=${SECRETS.prometheusQuery}` },
      webhookToken: SECRETS.webhookToken,
    },
  };
  return { servers, more };
}

const COMMANDS: readonly (readonly string[])[] = [
  ['status'],
  ['status', 'talks'],
  ['status', 'dies'],
  ['status', 'remote'],
  ['check'],
  ['check', 'remote'],
  ['tools', 'talks'],
  ['config', 'show'],
  ['config', 'validate'],
  ['logs', 'talks'],
  ['logs', 'dies'],
  ['logs', '--all'],
  ['logs'],
  ['doctor'],
  ['orphans'],
  ['reload', '--dry-run'],
  ['update', '--check'],
  ['calls'],
  ['notify', 'test'],
  ['backup'],
  ['backup', 'list'],
  ['init', '--from', 'CLIENT', '--dry-run'],
];

const PAGES = ['/', '/metrics', '/api/v1/status', '/api/v1/alerts', '/api/v1/rules', '/-/ready', '/nothing'];

/** The gateway compares tools by their names, and needs them as they are. */
const NAMES = /^toolName in \/run\/(?:gateway-lists|approved-tools)/u;

/** Command lines of all processes but the servers and channels themselves, which are started with what the config says. */
function processTable(): string {
  const { stdout } = spawnSync('ps', ['-eww', '-o', 'args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => !line.includes('tattler.cjs') && !line.startsWith('/bin/sh -c cat >>'))
    .join('\n');
}

test(
  'twenty secrets of the config and four that a server brings are found nowhere',
  { timeout: 120_000 },
  async () => {
    const { home } = tempHome();
    const hook = await receiver();
    const port = await freePort();
    serveFailures(port);
    writeFileSync(`${home}/tattler.cjs`, TATTLER);
    writeFileSync(`${home}/tokens.env`, `FILE_PASSWORD=${SECRETS.envFile}\n`, { mode: 0o600 });
    const web = `basic_auth_users: { ada: "${SECRETS.passwordHash}" }\n`;
    writeFileSync(`${home}/web.yaml`, web, { mode: 0o600 });
    const { servers, more } = configOf(port, { home, hook: hook.port });
    const client = `${home}/client.json`;
    writeFileSync(client, JSON.stringify({ mcpServers: asClient(servers) }), { mode: 0o600 });
    const daemon = await startDaemon(servers, { home, more });
    const serverLog = (name: string): string => {
      const path = `${home}/logs/servers/${name}.log`;
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    await waitFor(() => serverLog('talks').includes('not a message'), { what: 'talks to tell' });
    const log = `${home}/logs/alerts.log`;
    await waitFor(() => existsSync(log) && /dies/u.test(readFileSync(log, 'utf8')), {
      timeout: 60_000,
      what: 'an alert about dies',
    });
    await waitFor(() => hook.bodies.length > 0 && existsSync(`${home}/told`), {
      timeout: 60_000,
      what: 'a notification by both channels',
    });

    const authorization = `Basic ${Buffer.from('ada:let me in').toString('base64')}`;
    const told: [string, string][] = [['processes', processTable()]];
    for (const page of PAGES) {
      const response = await fetch(daemon.url + page, { headers: { authorization, connection: 'close' } });
      told.push([page, JSON.stringify([...response.headers]) + (await response.text())]);
    }
    for (const argv of COMMANDS.flatMap((one) => [one, [...one, '--json']])) {
      const io = fakeIo({ env: { PATH: process.env['PATH'] ?? '', HOME: home } });
      const words = argv.map((word) => (word === 'CLIENT' ? client : word));
      await runCli([...words, '--home', home], io);
      told.push([argv.join(' '), io.stdout() + io.stderr()]);
    }
    await daemon.stop();
    told.push(['standard output', daemon.output()]);
    told.push(...hook.bodies.map((body, index): [string, string] => [`notification ${index}`, body]));
    const own = /config\.yaml$|tokens\.env$|web\.yaml$|client\.json$|tattler\.cjs$|\.gz$|\/backups\//u;
    for (const path of everyFile(home).filter((one) => !own.test(one)))
      told.push([path.slice(home.length), readFileSync(path, 'utf8')]);

    const everything = new Map<string, string>(told);
    const leaks = told.flatMap(([where, text]) =>
      Object.entries({ ...SECRETS, ...BROUGHT })
        .filter(([, value]) => text.includes(value))
        .map(([which]) => `${which} in ${where}`)
        .filter((leak) => !NAMES.test(leak)),
    );
    expect(leaks).toEqual([]);
    // It was told, and masked.
    expect(everything.get('/logs/servers/talks.log')).toContain('not a message');
    expect(everything.get('/metrics')).toContain('mcp_watchdog_build_info');
    expect(everything.get('tools talks')).toContain('[secret]');
    expect([...everything.keys()]).toContain('/told');
  },
);

/** The servers as a client's file has them. */
function asClient(servers: Readonly<Record<string, Record<string, unknown>>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(servers).map(([name, { command, env, url, headers }]) => {
      if (!Array.isArray(command)) return [name, { url, headers }];
      const [program, ...args] = command.map(String);
      return [name, { command: program, args, env }];
    }),
  );
}

/** A server that is there only to refuse, with what it was sent. */
function serveFailures(port: number): void {
  const server = createServer((request, response) => {
    response.writeHead(500).end(`cannot serve ${request.url} with ${String(request.headers['x-token'])}`);
  }).listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
}
