import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as install } from '../../../src/commands/setup/install.ts';
import { run as uninstall } from '../../../src/commands/setup/uninstall.ts';
import { parsePlist } from '../../../src/service/launchd/plist.ts';
import { leftOver, runCli, startDaemon, fixture } from '../../e2e/daemon.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { GOOD_CONFIG, serviceStage } from '../../fakes/service-stage.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

// The fake launchctl reads the file as launchd would, by python3.
describe.skipIf(!requireProgram('python3'))('install', { timeout: 240_000 }, () => {
  test('brings up a daemon that answers, is idempotent, and uninstall leaves nothing running', async () => {
    const { command, launchd, home, file } = serviceStage();
    const first = await command(install);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain(`Installed the service: ${file} (launchd)`);
    expect(first.out).toMatch(/The daemon runs, pid \d+, and starts at every login/u);
    expect(first.out).toContain('Background Items Added');
    expect(launchd.acts()).toEqual(['enable gui/501/com.mcp.daemon', `bootstrap gui/501 ${file}`]);
    await waitFor(() => runCli(home, ['status']).code === 0, { what: 'a healthy server', timeout: 60_000 });

    const again = await command(install);
    expect(again.out).toContain('The service is installed already, and runs');
    expect(launchd.acts()).toHaveLength(2);

    // Its log is its own; what launchd opens stays empty.
    expect(readFileSync(join(home, 'logs', 'launchd.log'), 'utf8')).toBe('');
    expect(readFileSync(join(home, 'logs', 'watchdog.log'), 'utf8')).toContain('Watchdog started');

    const gone = await command(uninstall);
    expect(gone.out).toContain(`Stopped the service and removed ${file}`);
    expect(existsSync(file)).toBe(false);
    await waitFor(async () => (await leftOver(home)).length === 0, { what: 'nothing to be left' });
    expect(existsSync(join(home, 'config.yaml'))).toBe(true);
    expect((await command(uninstall)).out).toBe('No service is installed\n');
  });

  test('--print shows the file alone, and touches nothing', async () => {
    const { command, launchd, file } = serviceStage();
    const { code, out, err } = await command(install, { print: true }, { host: { temporary: ['/'] } });
    expect(code).toBe(0);
    expect(parsePlist(out)).toMatchObject({ Label: 'com.mcp.daemon', RunAtLoad: true });
    expect(err).toMatch(/^warning: the service runs .* folder that the system empties/mu);
    expect(existsSync(file)).toBe(false);
    expect(launchd.read().log).toEqual([]);
  });

  test('gives the service the proxies of the shell, and runs it with them', async () => {
    const { command, home } = serviceStage();
    const proxy = { HTTPS_PROXY: 'http://me:secret@127.0.0.1:9', NODE_EXTRA_CA_CERTS: '/none.pem' };
    await command(install);
    // It runs, its file is the same, and it is restarted for the new environment.
    const { out } = await command(install, {}, { env: proxy });
    expect(out).toContain('Wrote HTTPS_PROXY, NODE_EXTRA_CA_CERTS of this shell to');
    expect(out).not.toContain('secret');
    const { pid } = JSON.parse(runCli(home, ['status', '--json']).out).data.daemon;
    expect(pid).toBeGreaterThan(0);
    await command(uninstall);
    expect(existsSync(join(home, 'service.env'))).toBe(false);
  });

  test('takes the place of a daemon that runs without it, and says so', async () => {
    const { command, home } = serviceStage();
    const other = await startDaemon({ only: fixture() }, { home });
    const { out } = await command(install);
    expect(out).toContain(`Stopped the daemon with pid ${other.pid}, which ran without the service`);
    expect(out).toMatch(/The daemon runs, pid \d+/u);
    expect(other.child.exitCode).toBe(0);
    await command(uninstall);
  });

  test('says what is wrong with the config, and the service starts the servers once it is mended', async () => {
    const { command, home, writeConfig } = serviceStage();
    writeConfig('servers: {only: {comand: [x]}}');
    await expect(command(install)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('comand'),
    });
    writeConfig(GOOD_CONFIG);
    await waitFor(() => runCli(home, ['check', 'only']).code === 0, {
      what: 'a healthy server',
      timeout: 60_000,
    });
    // Told once, where launchd keeps what is said.
    expect(readFileSync(join(home, 'logs', 'launchd.log'), 'utf8').match(/^error:/gmu)).toHaveLength(1);
    await command(uninstall);
  });

  test('keeps apart two homes under one name', async () => {
    const { command, file } = serviceStage();
    await command(install);
    const before = readFileSync(file, 'utf8');
    const { home } = tempHome();
    await expect(command(install, {}, { home })).rejects.toMatchObject({
      message: expect.stringContaining(`not ${home}`),
      hint: expect.stringContaining('--label'),
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    await command(uninstall);
  });

  test('brings back the daemon that ran before when launchd refuses', async () => {
    const { command, launchd, home } = serviceStage({ domains: [] });
    const other = await startDaemon({ only: fixture() }, { home });
    await expect(command(install)).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      hint: expect.stringContaining('not over SSH'),
    });
    expect(launchd.acts().at(-1)).toMatch(/^bootstrap user\/501/u);
    expect(other.child.exitCode).toBe(0);
    expect(runCli(home, ['stop']).out).toMatch(/^Stopped the daemon with pid/u);
  });

  test('leaves a daemon alone for whom no service can be made', async () => {
    const { command, home } = serviceStage();
    const { child } = await startDaemon({ only: fixture() }, { home });
    await expect(command(install, {}, { host: { uid: 0 } })).rejects.toThrow(
      'Cannot install a service for root',
    );
    expect(child.exitCode).toBeNull();
    expect(runCli(home, ['status']).out).toContain(`only`);
  });

  test('is not for root, with sudo or without', async () => {
    const { command, launchd } = serviceStage();
    const root = { host: { uid: 0 } };
    const sudo = { ...root, env: { SUDO_UID: '501' } };
    await expect(command(install, {}, sudo)).rejects.toThrow('Cannot install the service with sudo');
    await expect(command(install, {}, root)).rejects.toThrow('Cannot install a service for root');
    expect(launchd.acts()).toEqual([]);
  });

  test('says where there is no service manager', async () => {
    const { command } = serviceStage();
    await expect(command(install, {}, { host: { platform: 'freebsd' } })).rejects.toMatchObject({
      hint: 'mcp-watchdog start runs it in the background',
    });
  });
});
