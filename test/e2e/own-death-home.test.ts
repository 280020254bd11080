// Home that is read-only, full, deleted or oddly named: the servers keep running, or the daemon says why not.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { requireProgram, requireThat } from '../fakes/require-program.ts';
import { missingHome, tempHome } from '../fakes/temp-home.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, runCli, startDaemon } from './daemon.ts';

const FAILURES = 'mcp_watchdog_state_persist_failures_total';

/** Permissions bind root only where it gives up its right to pass over them. */
const isRoot = process.getuid?.() === 0;
const HUMBLE = isRoot ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
const canBeHumble = !isRoot || requireProgram('setpriv');

function run(home: string, wrapper: readonly string[] = []): { code: number | null; err: string } {
  const [program, ...argv] = [...wrapper, process.execPath, CLI, 'run', '--home', home];
  const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8', timeout: 40_000 });
  return { code: status, err: stderr };
}

/** One line that says what and why, and one with the cure. */
const TWO_LINES = /^error: Cannot use .*\nhint: .*\n$/u;

function configure(home: string): void {
  const config = {
    metrics: { listen: '127.0.0.1:0' },
    gateway: { listen: '127.0.0.1:0' },
    servers: { s: fixture() },
  };
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
}

describe.skipIf(!canBeHumble)('a home that cannot be written', { timeout: 120_000 }, () => {
  test('keeps nobody from being restarted, is counted and told, and is forgotten when it can', async () => {
    const { home, run: folder, state } = tempHome();
    const daemon = await startDaemon({ s: fixture(), t: fixture() }, { home, wrapper: HUMBLE });
    const { pid } = await daemon.up('s');
    await daemon.up('t');
    const folders = [
      home,
      ...readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name)),
    ];
    const closed = folders.filter((path) => statSync(path).isDirectory());
    const open = (): void => closed.forEach((path) => chmodSync(path, 0o700));
    onTestFinished(open);
    closed.toReversed().forEach((path) => chmodSync(path, 0o500));

    process.kill(pid ?? 0, 'SIGKILL');
    await daemon.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
    await waitFor(async () => ((await daemon.metric(FAILURES)) ?? 0) > 0, { what: 'a failure to save' });
    await waitFor(() => daemon.output().includes('Cannot save the state'), { what: 'the log line' });
    expect(daemon.run('stop', 't').code).toBe(0);
    expect(readFileSync(state, 'utf8')).not.toContain('"down"');

    open();
    await waitFor(() => readFileSync(state, 'utf8').includes('"signal":1'), { what: 'the counters on disk' });
    const processes = join(folder, 'processes.json');
    const second = await daemon.server('s');
    await waitFor(() => readFileSync(processes, 'utf8').includes(`"pid":${second.pid}`), {
      what: 'the record',
    });
    await daemon.stop('SIGKILL');
    const next = await startDaemon({ s: fixture(), t: fixture() }, { home });
    expect((await next.up('s')).restarts).toMatchObject({ signal: 1, unobserved: 1 });
    expect(await next.server('t')).toMatchObject({ state: 'stopped', desired: 'down' });
  });

  test('is opened where it is ours', async () => {
    const { home, run: folder } = tempHome();
    for (const path of [folder, home]) chmodSync(path, 0o500);
    // Written over later: in a home that is closed nothing new can be made.
    chmodSync(home, 0o700);
    configure(home);
    chmodSync(home, 0o500);
    const daemon = await startDaemonIn(home);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(await daemon.stop()).toBe(143);
  });

  test('is one line and a cure, and exit code 73', () => {
    const { home } = tempHome();
    const file = join(home, 'file');
    writeFileSync(file, '');
    const closed = join(home, 'closed');
    mkdirSync(closed, { mode: 0o500 });
    for (const place of [file, join(file, 'home'), join(closed, 'home')]) {
      expect(run(place, HUMBLE)).toEqual({ code: 73, err: expect.stringMatching(TWO_LINES) });
    }
    // What guards against a second daemon cannot be left out.
    const lock = join(home, 'run', 'lock');
    mkdirSync(lock, { mode: 0o500 });
    expect(run(home, HUMBLE)).toEqual({ code: 73, err: expect.stringMatching(TWO_LINES) });
  });
});

function startDaemonIn(home: string) {
  return startDaemon({ s: fixture() }, { home, wrapper: HUMBLE });
}

describe.skipIf(!requireThat('the right to mount', canMount()))('a disk', { timeout: 120_000 }, () => {
  function disk(size: string): string {
    const mounted = mountTinyDisk(size);
    onTestFinished(() => mounted?.remove());
    return mounted?.folder ?? '';
  }

  test('that is full refuses a backup in one line and leaves no half of one; the journal goes on when there is room', async () => {
    const home = disk('2m');
    const daemon = await startDaemon({ s: fixture() }, { home });
    await daemon.up('s');
    const filler = join(home, 'filler');
    fill(filler);
    const refused = daemon.run('backup', 'create');
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/^error: .*\n/u) });
    expect(existsSync(join(home, 'backups')) ? readdirSync(join(home, 'backups')) : []).toEqual([]);
    expect(daemon.run('restart', 's').code).toBe(0);
    await daemon.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
    rmSync(filler);
    await waitFor(async () => (await daemon.journal('spawned')).length === 2, {
      what: 'the journal to go on',
    });
    expect(daemon.run('backup', 'create').code).toBe(0);
  });
});

function fill(path: string): void {
  for (const size of [65_536, 4096, 512, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}

/** A daemon that is just writing may put something back before its folder is removed: then once more. */
function takeAway(home: string): void {
  for (let tries = 0; ; tries += 1) {
    try {
      return rmSync(home, { recursive: true });
    } catch (error) {
      if (tries === 100) throw error;
    }
  }
}

describe('a home that is deleted while the daemon runs', { timeout: 120_000 }, () => {
  test('is made anew, with all that was counted and asked for; the servers notice nothing', async () => {
    const { home } = missingHome();
    mkdirSync(home, { mode: 0o700 });
    const daemon = await startDaemon({ s: fixture(), t: fixture() }, { home });
    const { pid } = await daemon.up('s');
    await daemon.up('t');
    expect(daemon.run('stop', 't').code).toBe(0);
    takeAway(home);
    await waitFor(() => runCli(home, ['status', 's']).code === 0, {
      longestPause: 500,
      timeout: 40_000,
      what: 'commands to work again',
    });
    expect(await daemon.server('s')).toMatchObject({ pid, run: 1 });
    await waitFor(() => daemon.output().includes('were recreated'), { what: 'the log line' });
    expect(statSync(home).mode & 0o777).toBe(0o700);
    // Without a config there is nothing to take over, so that the one in memory stays.
    await waitFor(async () => (await daemon.status()).daemon.config.error?.includes('no such file'));
    process.kill(pid ?? 0, 'SIGKILL');
    await daemon.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
    const state = join(home, 'run', 'state.json');
    await waitFor(() => existsSync(state) && readFileSync(state, 'utf8').includes('"signal":1'));
    expect(run(home)).toMatchObject({
      code: 0,
      err: expect.stringContaining(`pid ${daemon.pid} already does`),
    });
    await daemon.stop('SIGKILL');
    const next = await startDaemon({ s: fixture(), t: fixture() }, { home });
    expect((await next.up('s')).restarts).toMatchObject({ signal: 1, unobserved: 1 });
    expect(await next.server('t')).toMatchObject({ state: 'stopped', desired: 'down' });
  });

  test('and taken by another daemon: the first one ends with its servers, and leaves the other’s alone', async () => {
    const { home } = missingHome();
    mkdirSync(home, { mode: 0o700 });
    const first = await startDaemon({ s: fixture() }, { home });
    const { pid } = await first.up('s');
    // Else it might make its home anew before the other comes.
    first.child.kill('SIGSTOP');
    takeAway(home);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const second = await startDaemon({ s: fixture() }, { home });
    const { pid: own } = await second.up('s');
    first.child.kill('SIGCONT');
    await waitFor(() => first.child.exitCode !== null, { timeout: 40_000, what: 'the first to end' });
    expect(first.child.exitCode).toBe(0);
    expect(first.output()).toContain('Another daemon holds the home now');
    expect(isRunning(pid ?? 0)).toBe(false);
    expect(isRunning(own ?? 0)).toBe(true);
    await waitFor(() => runCli(home, ['status']).code === 0, {
      longestPause: 500,
      timeout: 40_000,
      what: 'the other to be reachable',
    });
    expect(run(home)).toMatchObject({
      code: 0,
      err: expect.stringContaining(`pid ${second.pid} already does`),
    });
  });

  test('a socket alone that is tidied away comes back', async () => {
    const daemon = await startDaemon({ s: fixture() });
    await daemon.up('s');
    const socket = join(daemon.home, 'run', 'control.sock');
    rmSync(socket, { force: true });
    // It is waited for. On a busy machine that may end too early, but never with "none is running": it does.
    const { code, err } = daemon.run('status');
    if (code !== 0) expect(err).toContain(`pid ${daemon.pid} runs in`);
    await waitFor(() => daemon.run('status').code === 0, {
      longestPause: 500,
      timeout: 60_000,
      what: 'the socket to be back',
    });
    expect(existsSync(socket)).toBe(true);
    expect(daemon.run('stop').code).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });
});

describe('a home that goes away and comes back', { timeout: 120_000 }, () => {
  test('is used again within seconds; meanwhile no command says that none runs', async () => {
    const { home } = missingHome();
    mkdirSync(home, { mode: 0o700 });
    const daemon = await startDaemon({ s: fixture() }, { home });
    const { pid } = await daemon.up('s');
    renameSync(home, `${home}.away`);
    // A link to nowhere, like a volume that is not mounted: the daemon cannot make another home.
    symlinkSync('/nowhere/at/all', home);
    await waitFor(() => daemon.output().includes('cannot be recreated'), {
      timeout: 60_000,
      what: 'the loss',
    });
    if (process.platform === 'linux') {
      for (const command of ['status', 'stop', 'start'])
        expect(runCli(home, [command])).toMatchObject({
          code: 1,
          err: expect.stringContaining(`pid ${daemon.pid} runs in`),
        });
    }
    rmSync(home);
    renameSync(`${home}.away`, home);
    await waitFor(() => runCli(home, ['status']).code === 0, {
      longestPause: 500,
      timeout: 60_000,
      what: 'commands to work again',
    });
    expect(await daemon.server('s')).toMatchObject({ pid, run: 1 });
    expect(runCli(home, ['stop']).out).toContain(`pid ${daemon.pid}`);
  });
});

describe('a home', { timeout: 120_000 }, () => {
  test.each([
    ['that a shell would trip over', 'my  home $HOME `id` "q" \\ ; # Größe 🐕 '],
    ['with a line break', 'two\nlines'],
    ['of more than 103 bytes', join('x'.repeat(90), 'y'.repeat(90))],
  ])('%s is one like any other', async (_, name) => {
    const { home } = missingHome(name);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const daemon = await startDaemon({ s: fixture() }, { home });
    const { pid } = await daemon.up('s');
    const note = join(home, 'run', 'control.sock.path');
    const isElsewhere = existsSync(note);
    const socket = isElsewhere ? readFileSync(note, 'utf8') : join(home, 'run', 'control.sock');
    expect(isElsewhere).toBe(Buffer.byteLength(home) > 103 - '/run/control.sock'.length);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(daemon.run('status', 's').code).toBe(0);
    expect(daemon.run('restart', 's').code).toBe(0);
    await daemon.until('s', 'restarted', (server) => server.pid !== pid && server.health.up === true);
    expect(run(home)).toMatchObject({ code: 0, err: expect.stringContaining(String(daemon.pid)) });
    expect(daemon.run('stop').code).toBe(0);
    expect([socket, note].filter((path) => existsSync(path))).toEqual([]);
    // Nor the folder that was made for it elsewhere.
    expect(existsSync(dirname(socket))).toBe(!isElsewhere);
  });
});
