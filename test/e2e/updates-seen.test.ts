// Updates as a person sees them: command line, status, metrics and alert, with real packages and npm.
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fullMetricName, METRIC_NAMES } from '../../src/core/metrics/metric-catalogue.ts';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { type StaticRegistry, startRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, QUICK, QUICK_ALERTS, type RunningDaemon, startDaemon } from './daemon.ts';

const NAME = '@fixtures/mcp-server';

let registry: StaticRegistry;

/**
 * @param behaviour as the fixture takes it from its environment
 * @param tried a file: the first start, the canary, writes it and behaves well, however long a busy machine takes for it
 */
function release(version: string, behaviour: Readonly<Record<string, string>> = {}, tried?: string) {
  const files = fixtureFiles();
  const settings = Object.entries(behaviour).map(([name, value]) => `process.env.${name} = '${value}';\n`);
  const begin =
    tried === undefined
      ? settings.join('')
      : `import { existsSync, writeFileSync } from 'node:fs';\nif (existsSync('${tried}')) {\n${settings.join('')}} else writeFileSync('${tried}', '');\n`;
  const start = `#!/usr/bin/env node\n${begin}await import('./mcp.mjs');\n`;
  return {
    name: NAME,
    version,
    files: { ...files, 'start.mjs': start },
    manifest: { bin: { 'mcp-server': 'start.mjs' }, type: 'module' },
  };
}

beforeAll(async () => {
  registry = await startRegistry([release('1.0.0')]);
});

afterAll(() => registry.close());

function npmOf(home: string) {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    npm_config_registry: registry.url,
    npm_config_cache: `${home}/npm-cache`,
    npm_config_fetch_retries: '0',
  };
}

/** The command as a process of its own; asynchronous, because the registry lives in this one. */
function cli(home: string, ...argv: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, ...argv, '--home', home],
      { env: npmOf(home) },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr });
      },
    );
  });
}

async function start(home: string): Promise<RunningDaemon> {
  const daemon = await startDaemon(
    {
      s: {
        package: NAME,
        ...QUICK,
        // A probe that a busy machine misses would be a fault of the version on probation.
        probe: { interval: '500ms', timeout: '5s', failures: 9 },
        update: { probation: '3s', minimumAge: '1d' },
      },
    },
    {
      home,
      more: QUICK_ALERTS,
      env: npmOf(home),
    },
  );
  await daemon.until('s', 'up', ({ health }) => health.up === true, 120_000);
  return daemon;
}

test(
  'an update is offered, done and rolled back, each with a notification',
  { timeout: 400_000 },
  async () => {
    const { home } = tempHome();
    const daemon = await start(home);
    const run = (...argv: string[]) => cli(home, ...argv);

    expect(await run('update')).toEqual({ code: 0, out: 's: nothing to do, 1.0.0 is the newest\n' });
    // It says of its tools that they write, which the versions before did not.
    await registry.publish(release('1.1.0', { MCP_FIXTURE_BEHAVIOUR: 'writing' }), {
      ...release('1.2.0'),
      publishedAt: Date.now() - 3_600_000,
    });
    const checked = await run('update', '--check');
    expect(checked.code).toBe(0);
    expect(checked.out).toMatch(
      /^s +@fixtures\/mcp-server +1\.0\.0 +1\.2\.0 +1\.1\.0 +1\.2\.0: published 1 h ago/mu,
    );
    expect((await run('status')).out).toContain('1.0.0 → 1.1.0');
    expect(await daemon.metric('mcp_watchdog_server_update_available{server="s"}')).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_update_held{server="s"}')).toBe(0);

    const planned = await run('update', 's', '--dry-run');
    expect(planned).toMatchObject({ code: 0, out: expect.stringContaining('1. install 1.1.0 beside 1.0.0') });
    expect((await daemon.server('s')).version).toBe('1.0.0');

    const updated = await run('update', 's', '--wait');
    expect(updated).toMatchObject({
      code: 0,
      out: expect.stringContaining('s: 1.1.0 is kept, it was 1.0.0'),
    });
    expect(updated.out).toContain('1.1.0 on probation');
    const told = (await run('status', 's')).out;
    for (const fact of [
      /^previous +1\.0\.0$/mu,
      /^last update +update 1\.0\.0 → 1\.1\.0 committed /mu,
      /^it changed +"tool-\d" \(hints\), "tool-\d" \(hints\)$/mu,
    ])
      expect(told).toMatch(fact);
    // Our own update brought it: in its report, and no alarm.
    expect(await daemon.metric('mcp_watchdog_server_changed_tools{server="s"}')).toBe(0);
    expect(await daemon.metric('mcp_watchdog_server_updates_total{server="s",result="committed"}')).toBe(1);

    const crash = { MCP_FIXTURE_BEHAVIOUR: 'crash', MCP_FIXTURE_AFTER: '1500' };
    await registry.publish(release('1.3.0', crash, `${home}/tried`));
    const failed = await run('update', 's', '--wait', '--json');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out).data).toMatchObject({
      exitCode: 1,
      servers: [
        { server: 's', from: '1.1.0', to: '1.3.0', result: 'rolled_back', reason: expect.any(String) },
      ],
    });
    await daemon.up('s');
    expect((await daemon.server('s')).version).toBe('1.1.0');
    expect((await run('status', 's')).out).toMatch(/^bad version +1\.3\.0, /mu);
    expect(await daemon.metric('mcp_watchdog_server_bad_versions{server="s"}')).toBe(1);
    expect(await daemon.metric('mcp_watchdog_server_update_held{server="s"}')).toBe(1);
    await waitFor(
      async () =>
        (await (await fetch(`${daemon.url}/api/v1/alerts`)).text()).includes('McpServerUpdateRolledBack'),
      {
        timeout: 60_000,
        what: 'the alert about the rollback',
      },
    );
    expect(await run('update', 's')).toMatchObject({ code: 1, out: expect.stringContaining('--to 1.3.0') });

    const text = await daemon.metrics();
    for (const name of METRIC_NAMES.filter((one) => /_update|_version_info|_bad_versions/u.test(one)))
      expect(text).toContain(`\n${fullMetricName(name)}{server="s"`);

    const back = await run('rollback', 's');
    expect(back).toMatchObject({ code: 0, out: expect.stringContaining('s: 1.0.0 runs again') });
    await daemon.up('s');
    expect((await daemon.server('s')).version).toBe('1.0.0');
    expect(await run('rollback', 's')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing to do'),
    });

    // Without a daemon it is read from the files what runs, and what failed.
    await daemon.stop();
    const alone = await run('update', '--check');
    expect(alone.code).toBe(0);
    expect(alone.out).toMatch(
      /^s +@fixtures\/mcp-server +1\.0\.0 +1\.3\.0 +- +1\.3\.0: a bad version, it ended/mu,
    );
  },
);
