// Doctor against a real daemon, healthy at first, then broken in one way after the other.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, freePort, httpFixture, startDaemon } from './daemon.ts';

interface Told {
  readonly code: number | null;
  readonly checks: Readonly<Record<string, { status: string; message: string; cure: string | null }[]>>;
  readonly text: string;
}

/** In a user's folder of its own, so that the services of whoever runs the tests are not looked at. */
function doctor(home: string, env: Record<string, string>): Told {
  const ask = (...more: string[]) =>
    spawnSync(process.execPath, [CLI, 'doctor', ...more, '--home', home], {
      encoding: 'utf8',
      env: { ...process.env, ...env, NO_COLOR: '1', LC_ALL: 'C.UTF-8' },
    });
  const { status: code, stdout, stderr } = ask('--json');
  if (stdout === '') throw new Error(stderr);
  const { checks } = JSON.parse(stdout).data;
  return {
    code,
    checks: Object.fromEntries(
      checks.map((one: { id: string; findings: object[] }) => [one.id, one.findings]),
    ),
    text: ask().stdout,
  };
}

test(
  'doctor: nothing to tell of a healthy daemon, and a cure for everything that is broken',
  { timeout: 120_000 },
  async () => {
    const { home } = tempHome();
    const userHome = tempHome().home;
    const env = { HOME: userHome, XDG_CONFIG_HOME: join(userHome, 'config') };
    const port = await freePort();
    const off = { enabled: false };
    const daemon = await startDaemon(
      { files: fixture(), web: httpFixture(port, [], off) },
      { home, more: { alerts: { notify: [] } } },
    );
    await daemon.up('files');

    const well = doctor(home, env);
    expect(well.checks).toMatchObject({
      home: [{ status: 'ok' }],
      config: [{ status: 'ok' }],
      daemon: [{ status: 'ok', message: expect.stringContaining(`pid ${daemon.pid}`) }],
      guardian: [{ status: 'ok' }],
      servers: [{ status: 'ok' }],
      ports: [{ status: 'ok' }],
      npm: [{ status: 'ok' }],
      disk: [{ status: 'ok' }],
    });
    expect(well.code).toBe(0);
    expect(well.text).toContain('✔ Daemon');

    // Somebody reads /metrics, a browser looks at the page.
    await fetch(`${daemon.url}/`);
    expect((await daemon.status()).daemon.lastScrapeAt).toBeNull();
    await daemon.metrics();
    expect((await daemon.status()).daemon.lastScrapeAt).not.toBeNull();
    expect(doctor(home, env).checks['scraped']).toMatchObject([
      { status: 'ok', message: expect.stringContaining('was scraped') },
    ]);

    chmodSync(home, 0o777);
    const open = doctor(home, env);
    expect(open.checks['home']).toMatchObject([{ status: 'problem', cure: `chmod 700 ${home}` }]);
    expect(open.code).toBe(1);
    expect(open.text).toContain(`→ chmod 700 ${home}`);
    chmodSync(home, 0o700);

    const thief = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => thief.once('listening', resolve));
    onTestFinished(() => void thief.close());
    daemon.rewriteConfig({ files: fixture(), web: httpFixture(port) });
    const robbed = doctor(home, env);
    expect(robbed.checks['ports']).toMatchObject([
      { status: 'problem', message: expect.stringContaining(`held by pid ${process.pid}`) },
    ]);
    thief.close();
    daemon.rewriteConfig({ files: fixture(), web: httpFixture(port, [], off) });

    if (process.platform === 'linux') {
      const { stdout: unit } = spawnSync(process.execPath, [CLI, 'install', '--print', '--home', home], {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      });
      const file = join(env.XDG_CONFIG_HOME, 'systemd/user/mcp-watchdog.service');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(
        file,
        unit.slice(unit.indexOf('# Written')).replace(/^ExecStart=\S+/mu, 'ExecStart=/opt/gone/bin/node'),
      );
      expect(doctor(home, env).checks['service']).toMatchObject([
        {
          status: 'problem',
          message: expect.stringContaining('/opt/gone/bin/node, which no longer exists'),
          cure: 'mcp-watchdog install --force',
        },
      ]);
    }

    await daemon.stop('SIGKILL');
    await waitFor(() => existsSync(join(home, 'run/control.sock')));
    const dead = doctor(home, env);
    expect(dead.checks['daemon']).toMatchObject([
      { status: 'problem', message: 'not running', cure: 'mcp-watchdog start' },
      {
        status: 'warning',
        message: expect.stringContaining('control.sock is left over from a daemon that has ended'),
      },
    ]);
    expect(dead.checks['guardian']).toMatchObject([{ status: 'unknown' }]);

    writeFileSync(join(home, 'config.yaml'), 'servers: {a: {packge: x}}', { mode: 0o600 });
    expect(doctor(home, env).checks['config']).toMatchObject([
      { status: 'problem', message: expect.stringContaining('packge') },
    ]);
  },
);
