import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DetailedError, toJson } from '../../../src/commands/shared/json-output.ts';
import type { CommandContext, Flags } from '../../../src/commands/shared/command.ts';
import { type DeployOptions, run } from '../../../src/commands/setup/deploy.ts';
import { processHost } from '../../../src/commands/shared/service.ts';
import { run as uninstall } from '../../../src/commands/setup/uninstall.ts';
import { stepLine } from '../../../src/commands/setup/deploy-report.ts';
import { isUnicodeLocale } from '../../../src/commands/views/style.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { Status } from '../../../src/core/model/status.ts';
import { leftOver } from '../../e2e/daemon.ts';
import { type FakeDaemon, fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { serviceStage } from '../../fakes/service-stage.ts';
import { DOWN, NOW, serverStatus, status } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const CONFIG = 'servers: {context7: {package: p}}';

/** A daemon is there already; there is no service manager. */
async function deploying(shown: Status, { flags = {}, patience = 60_000, env = {} }: Partial<Given> = {}) {
  const paths = tempHome();
  writeFileSync(paths.config, CONFIG, { mode: 0o600 });
  const daemon: FakeDaemon = fakeDaemon(shown);
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const io = fakeIo({ env });
  const context: CommandContext = { paths, arguments: [], flags, colour: false, io };
  const options: DeployOptions = { host: { ...processHost(io), platform: 'plan9' }, verifyTimeout: patience };
  return { io, daemon, ended: run(context, options) };
}

interface Given {
  readonly flags: Flags;
  readonly patience: number;
  readonly env: Record<string, string>;
}

const loaded = { config: { path: 'c', ok: true, error: null, loadedAt: NOW } };
const withServers = (...servers: Parameters<typeof serverStatus>[0][]) =>
  status(servers.map(serverStatus), loaded);
const installing = { state: 'starting', note: 'installing 4.1.1', health: { ...DOWN, up: null } } as const;

describe('deploy', () => {
  it('says what each step did, what it waits for, and what to do next', async () => {
    const { io, daemon, ended } = await deploying(withServers(installing), { env: { LANG: 'en_US.UTF-8' } });
    await waitFor(() => io.stdout().includes('  context7: installing 4.1.1\n'));
    daemon.show(withServers({}));
    expect(await ended).toBe(0);
    expect(daemon.asked).toEqual(['reload']);
    const [config, service, start, ...others] = io.stdout().split('\n');
    expect(config).toMatch(/^✔ config   .*config\.yaml is there already, 1 server to supervise$/u);
    expect(service).toMatch(/^✔ service  no supported service manager/u);
    expect(start).toMatch(/^✔ start    the daemon runs, pid 4000/u);
    expect(others.slice(0, 3)).toEqual([
      '  context7: installing 4.1.1',
      '  context7: answers',
      '✔ verify   the server answers',
    ]);
    for (const word of ['/metrics', 'logs --all -f', 'monitor', 'doctor', 'claude mcp add'])
      expect(io.stdout()).toContain(word);
  });

  it('is one JSON document for programs', async () => {
    const { io, ended } = await deploying(withServers({}), { flags: { json: true, service: false } });
    expect(await ended).toBe(0);
    expect(JSON.parse(io.stdout()).data).toMatchObject({
      steps: [
        { name: 'config', ok: true },
        { name: 'service', ok: true, detail: 'skipped (--no-service): the daemon does not start at login' },
        { name: 'start', ok: true },
        { name: 'verify', ok: true, detail: 'the server answers' },
      ],
    });
  });

  it('names the servers that do not come up within the bound, and the cure', async () => {
    const failure = {
      at: NOW,
      code: 'OFFLINE',
      message: 'no network',
      hint: 'connect',
      retry: 'backoff',
    } as const;
    const sick = { state: 'backoff', nextAttemptAt: NOW + 9000, lastFailure: failure, health: DOWN } as const;
    const { io, ended } = await deploying(withServers({}, { name: 'files', ...sick }), { patience: 300 });
    await expect(ended).rejects.toMatchObject({
      message: expect.stringMatching(
        /the step "verify" failed: 1 server does not answer .*\n {2}files: backoff, .*no network/u,
      ),
      hint: 'connect',
    });
    expect(io.stdout()).toMatch(/^\[failed\] verify {3}1 server does not answer/mu);
    expect(io.listening()).toBe(0);
  });

  it('does not wait for a server that has given up', async () => {
    const { ended } = await deploying(withServers({ state: 'crash_looping', health: DOWN }));
    await expect(ended).rejects.toThrow('context7: crash looping');
  });

  it('waits for a daemon that does not have all servers yet', async () => {
    const { daemon, io, ended } = await deploying(status([], loaded));
    await waitFor(() => daemon.watched() > 0, { what: 'the look at the servers' });
    expect(io.stdout()).not.toContain('verify');
    daemon.show(withServers({}));
    expect(await ended).toBe(0);
  });

  it('leaves everything running when nobody wants to wait any more, and says so', async () => {
    const { io, daemon, ended } = await deploying(withServers(installing));
    await waitFor(() => daemon.watched() > 0);
    io.signal('SIGINT');
    expect(await ended).toBe(1);
    expect(daemon.asked).toEqual(['reload']);
    expect(io.stdout()).toContain('[failed] verify   interrupted; the daemon keeps running');
    expect(io.listening()).toBe(0);
  });

  it('fails with its steps as data when nobody wants to wait any more, for programs', async () => {
    const { io, daemon, ended } = await deploying(withServers(installing), {
      flags: { json: true, service: false },
    });
    await waitFor(() => daemon.watched() > 0);
    io.signal('SIGINT');
    await expect(ended).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      details: { steps: expect.arrayContaining([expect.objectContaining({ name: 'verify', ok: false })]) },
    });
  });

  it('stops at a config that cannot be used, and starts nothing', async () => {
    const paths = tempHome();
    writeFileSync(paths.config, 'servers: {a: {comand: [x], enabled: maybe}}', { mode: 0o600 });
    const io = fakeIo();
    const context: CommandContext = { paths, arguments: [], flags: { json: true }, colour: false, io };
    const error: unknown = await run(context).catch((cause: unknown) => cause);
    if (!(error instanceof DetailedError)) throw error;
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('the step "config" failed'),
    });
    const { steps } = JSON.parse(toJson(error.details));
    expect(steps).toMatchObject([{ name: 'config', ok: false, hint: expect.stringContaining('config') }]);
    expect(io.stdout()).toBe('');
    for (const problem of ['comand', 'enabled']) expect(steps[0].detail).toContain(problem);
  });
});

// The fake launchctl reads the file as launchd would, by python3.
describe.skipIf(!requireProgram('python3'))('deploy on a Mac', { timeout: 240_000 }, () => {
  it('brings up the service, once', async () => {
    const { command, launchd, home, file } = serviceStage();
    const deploy = () => command((context, host) => run(context, { host }));
    const first = await deploy();
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain(`${file} (launchd) installed: it starts at every login`);
    expect(first.out).toContain('the server answers');
    const acts = launchd.acts();
    const text = readFileSync(file, 'utf8');
    const again = await deploy();
    expect(again.code).toBe(0);
    expect(again.out).toContain(`${file} (launchd) is there already`);
    expect(again.out).toMatch(/the daemon runs, pid \d+$/mu);
    expect(launchd.acts()).toEqual(acts);
    expect(readFileSync(file, 'utf8')).toBe(text);
    await command(uninstall);
    await waitFor(async () => (await leftOver(home)).length === 0, { what: 'nothing to be left' });
  });

  it('names the step that launchd refuses, with the cure', async () => {
    const { command } = serviceStage();
    const failing = command(
      (context, host) => run(context, { host }),
      {},
      {
        host: { uid: 0 },
        env: { SUDO_UID: '501' },
      },
    );
    await expect(failing).rejects.toMatchObject({
      message: expect.stringContaining('the step "service" failed: Cannot install the service with sudo'),
      hint: 'Run it as yourself: mcp-watchdog install',
    });
  });
});

describe('stepLine()', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8' }, '✔'],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, '[ok]'],
    [{ LC_ALL: '', LC_CTYPE: 'C.utf8' }, '✔'],
    [{}, '[ok]'],
  ])('%j', (env, mark) => {
    const line = stepLine(
      { name: 'start', ok: true, detail: 'd' },
      { colour: false, isUnicode: isUnicodeLocale(env) ?? false },
    );
    expect(line).toBe(`${mark} start    d`);
  });
});
