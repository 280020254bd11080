// Server that is an npm package, from the registry to the first tool, with and without the network.
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { type StaticRegistry, startRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, QUICK, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const NAME = '@fixtures/mcp-server';

let registry: StaticRegistry;

beforeAll(async () => {
  const files = fixtureFiles();
  files['mcp.mjs'] = `#!/usr/bin/env node\n${files['mcp.mjs']}`;
  const manifest = { bin: { 'mcp-server': 'mcp.mjs' }, type: 'module' };
  registry = await startRegistry(
    ['1.0.0', '2.0.0'].map((version) => ({ name: NAME, version, files, manifest })),
  );
});

afterAll(() => registry.close());

async function start(
  home: string,
  settings: Settings,
  others: Record<string, Settings> = {},
): Promise<RunningDaemon> {
  return startDaemon(
    { s: { package: NAME, ...QUICK, ...settings }, ...others },
    {
      home,
      env: {
        npm_config_registry: registry.url,
        npm_config_cache: `${home}/npm-cache`,
        npm_config_fetch_retries: '0',
      },
    },
  );
}

describe('a package server', { timeout: 90_000 }, () => {
  test('is installed once and kept alive; offline the version that is there is used, and said', async () => {
    const { home } = tempHome();
    const first = await start(
      home,
      { version: '1.0.0' },
      { ghost: { package: '@fixtures/no-such', ...QUICK } },
    );
    const server = await first.up('s');
    expect(server).toMatchObject({ version: '1.0.0', handshake: { serverName: 'fixture' } });
    expect(await first.metrics()).toMatch(
      /mcp_watchdog_server_info\{[^}]*package="@fixtures\/mcp-server",version="1\.0\.0"/,
    );
    process.kill(server.pid ?? 0, 'SIGKILL');
    await first.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
    const tarballs = registry.requests.filter((path) => path.endsWith('-1.0.0.tgz'));
    expect(tarballs).toHaveLength(1);
    const ghost = await first.until(
      'ghost',
      'refused',
      // Between two attempts: the next one is soon.
      ({ lastFailure, state }) => lastFailure?.code === 'UNKNOWN_PACKAGE' && state === 'backoff',
    );
    expect(ghost.pid).toBeNull();
    await first.stop();

    for (const part of ['packument', 'tarball'] as const) registry.lie(part, NAME, 'drop');
    const second = await start(home, { version: '2.0.0' });
    expect((await second.up('s')).version).toBe('1.0.0');
    expect(await second.journal('using-installed')).toMatchObject([{ server: 's', version: '1.0.0' }]);
    expect(second.output()).toContain('Using the installed version');
    for (const part of ['packument', 'tarball'] as const) registry.lie(part, NAME, null);
  });

  test('whose installation dies with the daemon is installed whole by the next one', async () => {
    const { home } = tempHome();
    registry.lie('tarball', NAME, 'hang');
    const first = await start(home, {});
    await waitFor(async () => (await registry.connections()) > 0, { what: 'npm to ask' });
    await waitFor(() => namesIn(home).some((name) => name.startsWith('.tmp-')), {
      what: 'a folder half made',
    });
    expect((await first.server('s')).state).toBe('starting');
    await first.stop('SIGKILL');
    await waitFor(async () => (await registry.connections()) === 0, { what: 'the end of npm' });
    registry.lie('tarball', NAME, null);
    const second = await start(home, {});
    expect((await second.up('s')).version).toBe('2.0.0');
    expect(namesIn(home)).toEqual(['2.0.0']);
  });
});

test('doctor reports a newer release of a published watchdog', { timeout: 180_000 }, async () => {
  const { home } = tempHome();
  const cli = publishedCopy(tempHome().home);
  expect(await askDoctor(home, cli)).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('no check for a newer release: '),
  });
  registry.announce('mcp-watchdog', ['0.0.1', '999.0.0']);
  expect(await askDoctor(home, cli)).toMatchObject({
    status: 'warning',
    message: expect.stringMatching(/^999\.0\.0 is available, this is \d/),
    cure: expect.stringContaining('npm install -g mcp-watchdog@999.0.0'),
  });
  // As it is now: whoever takes the name on the registry is somebody else.
  expect(await askDoctor(home, CLI)).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('it is not published on npm'),
    cure: null,
  });
});

/** The program as it would be once its package.json no longer says `private`. @returns its cli.js */
function publishedCopy(folder: string): string {
  const root = join(CLI, '..', '..');
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const manifest: object = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, private: false }));
  return join(folder, 'dist', 'cli.js');
}

/** What it finds out about releases; its npm asks our registry, which lives in this process. */
async function askDoctor(home: string, cli: string): Promise<unknown> {
  const env = { ...process.env, npm_config_registry: registry.url, npm_config_fetch_retries: '0' };
  const options = { env: { ...env, npm_config_cache: `${home}/npm-cache` } };
  const out = await new Promise<string>((resolve) => {
    const argv = [cli, 'doctor', '--json', '--home', home];
    execFile(process.execPath, argv, options, (_, stdout) => resolve(stdout));
  });
  const { checks }: { checks: { id: string; findings: unknown[] }[] } = JSON.parse(out).data;
  return checks.find(({ id }) => id === 'release')?.findings[0];
}

function namesIn(home: string): string[] {
  try {
    return readdirSync(`${home}/servers/s/versions`);
  } catch {
    return [];
  }
}
