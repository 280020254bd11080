// Remote access with TLS and passwords as exporters have them, tested with a real Prometheus and curl.
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { hashSync } from 'bcryptjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Authority, createAuthority, type Pair } from '../fakes/certificates.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, freePort, type RunningDaemon, startDaemon } from './daemon.ts';

const run = promisify(execFile);
const PASSWORD = 'swordfish-7c1d';
const HASH = hashSync(PASSWORD, 10).replace('$2b$', '$2y$');

const has = {
  openssl: requireProgram('openssl'),
  curl: requireProgram('curl'),
  prometheus: requireProgram('prometheus'),
};

interface Protected {
  readonly daemon: RunningDaemon;
  readonly authority: Authority;
  readonly home: string;
  readonly writeWeb: (web: object) => void;
  /** Status code, and what came with it. */
  readonly curl: (path: string, ...more: string[]) => Promise<{ status: number; body: string }>;
}

function sectionFor(pair: Pair): object {
  return { cert_file: pair.cert, key_file: pair.key };
}

async function startProtected(listen: string): Promise<Protected> {
  const { home } = tempHome();
  const authority = createAuthority();
  onTestFinished(() => authority.remove());
  const server = authority.issue('server', 'DNS:localhost,IP:127.0.0.1');
  for (const [from, to] of [
    [server.cert, 'server.pem'],
    [server.key, 'server.key'],
  ] as const)
    copyFileSync(from, `${home}/${to}`);
  const writeWeb = (web: object): void => {
    writeFileSync(`${home}/web.new`, JSON.stringify(web), { mode: 0o600 });
    renameSync(`${home}/web.new`, `${home}/web.yml`);
  };
  writeWeb({
    tls_server_config: { cert_file: 'server.pem', key_file: 'server.key' },
    basic_auth_users: { ada: HASH },
    http_server_config: { headers: { 'Strict-Transport-Security': 'max-age=60' } },
  });
  const daemon = await startDaemon(
    { s: fixture() },
    { home, more: { metrics: { listen, webConfigFile: 'web.yml' } } },
  );
  const base = `https://127.0.0.1:${new URL(daemon.url).port}`;
  return {
    daemon,
    authority,
    home,
    writeWeb,
    async curl(path, ...more) {
      const args = ['-s', '-k', '-w', '\n%{http_code}', ...more, base + path];
      const { stdout } = await run('curl', args, { maxBuffer: 2 ** 24 });
      const end = stdout.lastIndexOf('\n');
      return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
    },
  };
}

const ADA = ['-u', `ada:${PASSWORD}`];

describe.skipIf(!has.openssl || !has.curl)('a protected daemon', () => {
  test('shows itself to who knows a password, over TLS only', { timeout: 120_000 }, async () => {
    const { daemon, curl, home } = await startProtected('127.0.0.1:0');
    expect(daemon.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(daemon.run('status').out).toContain('s');
    for (const path of ['/', '/metrics', '/api/v1/status', '/-/healthy', '/-/ready', '/nothing'])
      expect([path, (await curl(path)).status]).toEqual([path, 401]);
    expect((await curl('/metrics', '-u', 'ada:wrong')).status).toBe(401);
    expect((await curl('/metrics', '-u', `eve:${PASSWORD}`)).status).toBe(401);
    const metrics = await curl('/metrics', ...ADA, '-D', `${home}/headers.txt`);
    expect([metrics.status, metrics.body.includes('mcp_watchdog_server_up{server="s"}')]).toEqual([
      200,
      true,
    ]);
    expect(readFileSync(`${home}/headers.txt`, 'utf8')).toMatch(
      /^strict-transport-security: max-age=60\r$/im,
    );
    expect((await curl('/metrics', ...ADA, '-H', 'Host: evil.example')).status).toBe(403);
    await expect(fetch(daemon.url.replace('https', 'http'))).rejects.toThrow();
    await daemon.stop();
    const written = [daemon.output(), readFileSync(`${home}/logs/watchdog.log`, 'utf8')].join('\n');
    expect(written).not.toContain(PASSWORD);
    expect(written).not.toContain(HASH);
  });

  test(
    'takes new passwords and certificates, and stays with the old ones when the new are broken',
    { timeout: 120_000 },
    async () => {
      const { daemon, authority, curl, home, writeWeb } = await startProtected('127.0.0.1:0');
      const tls = { cert_file: 'server.pem', key_file: 'server.key' };
      expect((await curl('/-/healthy', ...ADA)).status).toBe(200);
      writeWeb({ tls_server_config: tls, basic_auth_users: { eve: hashSync('other', 4) } });
      await waitFor(async () => (await curl('/-/healthy', '-u', 'eve:other')).status === 200);
      expect((await curl('/-/healthy', ...ADA)).status).toBe(401);

      writeWeb({ tls_server_config: tls, basic_auth_users: { eve: 'plain text' } });
      await waitFor(async () => {
        await curl('/-/healthy');
        return readFileSync(`${home}/logs/watchdog.log`, 'utf8').includes('Cannot use the web config');
      });
      expect((await curl('/-/healthy', '-u', 'eve:other')).status).toBe(200);
      expect(readFileSync(`${home}/logs/watchdog.log`, 'utf8')).not.toContain('plain text');
      const reloaded = async (): Promise<string | undefined> =>
        /config_last_reload_successful (\d)/.exec((await curl('/metrics', '-u', 'eve:other')).body)?.[1];
      await waitFor(async () => (await reloaded()) === '0', { timeout: 60_000, what: 'the metric to tell' });

      const renewed = authority.issue('renewed', 'DNS:localhost');
      writeWeb({ tls_server_config: sectionFor(renewed), basic_auth_users: { eve: hashSync('other', 4) } });
      await waitFor(async () => (await subjectAt(daemon)) === 'CN=renewed', {
        what: 'the renewed certificate',
      });
      await waitFor(async () => (await reloaded()) === '1', {
        timeout: 60_000,
        what: 'the metric to tell that all is well',
      });
    },
  );

  test('may be open to the network', { timeout: 120_000 }, async () => {
    const { daemon, curl, writeWeb, home } = await startProtected('0.0.0.0:0');
    expect((await curl('/metrics', ...ADA)).status).toBe(200);
    expect((await curl('/metrics')).status).toBe(401);
    // What protects it cannot be taken away.
    writeWeb({ tls_server_config: { cert_file: 'server.pem', key_file: 'server.key' } });
    await waitFor(async () => {
      await curl('/metrics');
      return readFileSync(`${home}/logs/watchdog.log`, 'utf8').includes(
        'nobody in the network may be let in',
      );
    });
    expect((await curl('/metrics')).status).toBe(401);
    expect(daemon.run('config', 'validate').out + daemon.run('config', 'validate').err).toContain(
      'is open to the network without basic_auth_users',
    );
  });
});

test('a daemon does not open to the network without a web config', { timeout: 120_000 }, async () => {
  const starting = startDaemon({ s: fixture() }, { more: { metrics: { listen: '0.0.0.0:0' } } });
  await expect(starting).rejects.toThrow('is open to the network without a webConfigFile');
});

describe.skipIf(!has.openssl || !has.prometheus)('a real Prometheus', () => {
  test(
    'scrapes over TLS with a password: up 1, and up 0 with a wrong one',
    { timeout: 120_000 },
    async () => {
      const { daemon, authority, home } = await startProtected('127.0.0.1:0');
      const job = (name: string, password: string): object => ({
        job_name: name,
        scheme: 'https',
        basic_auth: { username: 'ada', password },
        tls_config: { ca_file: authority.cert },
        static_configs: [{ targets: [new URL(daemon.url).host] }],
      });
      const config = {
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: [job('right', PASSWORD), job('wrong', 'other')],
      };
      writeFileSync(`${home}/prometheus.yml`, JSON.stringify(config));
      const port = await freePort();
      const prometheus = spawn(
        'prometheus',
        [
          `--config.file=${home}/prometheus.yml`,
          `--storage.tsdb.path=${home}/tsdb`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        { stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => prometheus.once('exit', resolve));
      onTestFinished(async () => {
        prometheus.kill('SIGKILL');
        await ended;
      });
      const value = async (query: string): Promise<string | undefined> => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
        const response = await fetch(url).catch(() => null);
        if (response?.ok !== true) return undefined;
        const { data }: { data: { result: { value: [number, string] }[] } } = JSON.parse(
          await response.text(),
        );
        return data.result[0]?.value[1];
      };
      await waitFor(async () => (await value('up{job="right"}')) === '1', { timeout: 45_000, what: 'up 1' });
      await waitFor(async () => (await value('up{job="wrong"}')) === '0', { timeout: 60_000, what: 'up 0' });
      expect(await value('mcp_watchdog_build_info{job="right"}')).toBe('1');
      expect(await value('mcp_watchdog_build_info{job="wrong"}')).toBeUndefined();
    },
  );
});

function subjectAt(daemon: RunningDaemon): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const where = { host: '127.0.0.1', port: Number(new URL(daemon.url).port), rejectUnauthorized: false };
    const socket = connect(where, () => {
      resolve(socket.getPeerX509Certificate()?.subject);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
