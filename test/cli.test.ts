import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../src/cli.ts';
import { COMMANDS } from '../src/commands/registry.ts';
import { startControlServer } from '../src/control/server.ts';
import { localTime } from '../src/logs/log-entry.ts';
import type { Paths } from '../src/system/files/paths.ts';
import { type FakeDaemon, fakeDaemon } from './fakes/control-handlers.ts';
import { type FakeIo, type FakeIoOptions, fakeIo } from './fakes/io.ts';
import { serverStatus, status } from './fakes/status.ts';
import { missingHome, tempHome } from './fakes/temp-home.ts';
import { waitFor } from './fakes/wait-for.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(
  argv: readonly string[],
  { home, ...options }: FakeIoOptions & { home?: string } = {},
): Promise<Ran> {
  const io = fakeIo({ ...options, env: { MCP_WATCHDOG_HOME: home ?? missingHome().home, ...options.env } });
  const code = await runCli(argv, io);
  return { code, out: io.stdout(), err: io.stderr() };
}

async function withDaemon(daemon: FakeDaemon = fakeDaemon()): Promise<Paths> {
  const paths = missingHome();
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  return paths;
}

/** Milliseconds are whole in JSON. */
const wholeProbes = Object.fromEntries(
  Object.entries(serverStatus().probes).map(([kind, probe]) => [
    kind,
    { ...probe, took: probe.took === null ? null : Math.round(probe.took) },
  ]),
);

const health = {
  up: false,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 3,
  detail: 'no answer within 5 s',
};

describe('mcp-watchdog', () => {
  it('lists every command in its help', async () => {
    const { code, out, err } = await cli(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const { name, summary } of COMMANDS) {
      expect(out).toContain(name);
      expect(out).toContain(summary);
    }
  });

  it.each(COMMANDS.map(({ name }) => name))('helps with %s, its options and its exit codes', async (name) => {
    const spec = COMMANDS.find((each) => each.name === name);
    const { code, out } = await cli([name, '-h']);
    expect(code).toBe(0);
    for (const { flags } of spec?.options ?? []) expect(out).toContain(flags);
    for (const note of spec?.notes ?? []) expect(out).toContain(note);
    expect(out).toContain('--home');
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await cli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it.each([
    [['statsu'], 'Cannot read the command line: there is no command "statsu"', 'Did you mean status?'],
    [
      ['status', '--jsn'],
      'Cannot read the command line: there is no option "--jsn" here',
      'Did you mean --json?',
    ],
    [
      ['rollback', '--wait'],
      'Cannot read the command line: there is no option "--wait" here',
      'mcp-watchdog --help lists the commands, mcp-watchdog <command> -h their options',
    ],
    [
      ['config', 'shwo'],
      'Cannot read the command line: the argument "action" must be one of validate, show, got "shwo"',
      'Did you mean show?',
    ],
    [
      ['config'],
      'Cannot read the command line: the argument "action" is missing',
      'It is one of: validate, show',
    ],
    [
      ['add', '--package', 'x'],
      'Cannot read the command line: the argument "new", name of the server, of your choice, is missing',
      null,
    ],
    [
      ['help', 'statsu'],
      'Cannot read the command line: there is no command "statsu"',
      'Did you mean status?',
    ],
    [['status', 'a', 'b'], 'Cannot read the command line: too many arguments', null],
    [
      ['logs', '-n', 'many'],
      'Cannot read -n, --lines <count>: it must be a whole number, got "many"',
      'For example -n 100',
    ],
    [
      ['logs', '-n', '1000000000'],
      'Cannot read -n, --lines <count>: it must be at most 999999999, got "1000000000"',
      'For example -n 100',
    ],
  ])('refuses %j in one line with a hint, exit code 2', async (argv, message, hint) => {
    const { code, out, err } = await cli(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const [first, second, ...others] = err.trimEnd().split('\n');
    expect(first).toContain(`error: ${message}`);
    expect(second).toMatch(hint === null ? /^hint: ./u : `hint: ${hint}`);
    expect(others).toEqual([]);
  });

  it('shows its help when it is not told what to do', async () => {
    const { code, out, err } = await cli([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Commands:');
  });

  it('refuses connect with --json: what it speaks is MCP', async () => {
    expect(await cli(['connect', 'x', '--json'])).toMatchObject({
      code: 2,
      out: expect.stringContaining('Cannot connect with --json'),
      err: '',
    });
  });

  it('shows where an error came from only when asked', async () => {
    expect((await cli(['status'])).err).not.toContain('    at ');
    expect((await cli(['status'], { env: { MCP_LOG_LEVEL: 'debug' } })).err).toContain('    at ');
  });

  it('takes --home before and after the command', async () => {
    const { home } = await withDaemon();
    for (const argv of [
      ['--home', home, 'status'],
      ['status', '--home', home],
    ])
      expect((await cli(argv)).code).toBe(0);
  });

  it('does not take an empty --home for the folder it stands in', async () => {
    const { code, err } = await cli(['--home', '', 'status']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: Cannot read --home <dir>: it is empty\nhint: /u);
  });
});

describe('without a daemon', () => {
  it.each([
    [['status'], 5],
    [['status', '--watch'], 5],
    [['check'], 5],
    [['start', 'context7'], 1],
    [['stop', 'context7'], 1],
    [['restart', 'context7'], 1],
  ])('%j says so and how to start it', async (argv, code) => {
    const ran = await cli(argv);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toMatch(
      /^error: Cannot reach the daemon: none is running in ".*"\nhint: Start it with mcp-watchdog start/u,
    );
  });

  it('stop has nothing to do, and has not failed', async () => {
    expect(await cli(['stop'])).toEqual({ code: 0, out: 'No daemon is running\n', err: '' });
  });
});

describe('status', () => {
  it('shows a table, and exits with 0 when all is well', async () => {
    const { home } = await withDaemon();
    const { code, out } = await cli(['status'], { home });
    expect(code).toBe(0);
    expect(out).toMatch(/^SERVER .*\ncontext7 +running +up /u);
    expect(out).not.toContain('\u001B');
  });

  it('exits with 1 when something is not well', async () => {
    const { home } = await withDaemon(
      fakeDaemon(status([serverStatus(), serverStatus({ name: 'files', health })])),
    );
    expect((await cli(['status'], { home })).code).toBe(1);
    expect((await cli(['status', 'context7'], { home })).code).toBe(0);
    expect((await cli(['status', 'files'], { home })).code).toBe(1);
  });

  it('exits with 1, and says why, while there is no config to run on', async () => {
    const config = { path: 'c', ok: false, error: 'line 3 is wrong', loadedAt: null };
    const { home } = await withDaemon(fakeDaemon(status([], { config })));
    const { code, out } = await cli(['status'], { home });
    expect(code).toBe(1);
    expect(out).toContain('There is no config to run on yet: line 3 is wrong');
  });

  it('prints JSON for programs', async () => {
    const { home } = await withDaemon();
    const { out } = await cli(['status', '--json'], { home });
    const shown = status([serverStatus({ probes: wholeProbes })]);
    expect(JSON.parse(out)).toEqual({ version: 1, ok: true, data: shown });
  });

  it('suggests the nearest name', async () => {
    const { home } = await withDaemon();
    const { code, err } = await cli(['status', 'contxt7'], { home });
    expect(code).toBe(1);
    expect(err).toBe(
      'error: Cannot find the server "contxt7": the config has no such name\nhint: Did you mean context7?\n',
    );
  });

  it('colours on a terminal, and not when that is refused', async () => {
    const { home } = await withDaemon();
    const terminal = { columns: 120, rows: 30 };
    expect((await cli(['status'], { home, terminal })).out).toContain('\u001B[32m');
    expect((await cli(['status', '--no-color'], { home, terminal })).out).not.toContain('\u001B');
    expect((await cli(['status'], { home, terminal, env: { NO_COLOR: '1' } })).out).not.toContain('\u001B');
    expect((await cli(['status'], { home, env: { FORCE_COLOR: '1' } })).out).toContain('\u001B[32m');
  });
});

describe('status --watch', () => {
  async function watching(
    argv: readonly string[],
    options: FakeIoOptions = {},
  ): Promise<{ io: FakeIo; daemon: FakeDaemon; ended: Promise<number> }> {
    const daemon = fakeDaemon();
    const { home } = await withDaemon(daemon);
    const io = fakeIo({ ...options, env: { MCP_WATCHDOG_HOME: home } });
    return { io, daemon, ended: runCli(argv, io) };
  }

  it('prints changes where there is no terminal, until Ctrl-C', async () => {
    const { io, daemon, ended } = await watching(['status', '--watch']);
    await waitFor(() => io.stdout().includes('context7: running, up, pid 4242'));
    daemon.show(status([serverStatus({ health })]));
    await waitFor(() => io.stdout().includes('context7: running, down, pid 4242 (no answer within 5 s)'));
    io.signal('SIGINT');
    expect(await ended).toBe(0);
    expect(io.stdout().trimEnd().split('\n')).toHaveLength(2);
    expect(io.listening()).toBe(0);
  });

  it('redraws on a terminal, and gives the cursor back', async () => {
    const { io, daemon, ended } = await watching(['status', '-w'], { terminal: { columns: 120, rows: 30 } });
    await waitFor(() => io.stdout().includes('running'));
    daemon.show(status([serverStatus({ state: 'crash_looping' })]));
    await waitFor(() => io.stdout().includes('crash looping'));
    io.signal('SIGTERM');
    expect(await ended).toBe(0);
    expect(io.stdout().endsWith('\u001B[?25h')).toBe(true);
  });

  it('ends with 5 when the daemon goes away', async () => {
    const paths = missingHome();
    const server = await startControlServer({ socketPath: paths.socket, handlers: fakeDaemon().handlers });
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
    const ended = runCli(['status', '--watch'], io);
    await waitFor(() => io.stdout() !== '');
    await server.close();
    expect(await ended).toBe(5);
    expect(io.stderr()).toContain('the daemon ended the connection');
  });

  it('prints one JSON document a line', async () => {
    const { io, daemon, ended } = await watching(['status', '--watch', '--json']);
    await waitFor(() => io.stdout() !== '');
    daemon.show(status([]));
    await waitFor(() => io.stdout().split('\n').length > 2);
    io.signal('SIGINT');
    await ended;
    const documents = io.stdout().trimEnd().split('\n');
    expect(documents.map((each) => JSON.parse(each))).toEqual([
      status([serverStatus({ probes: wholeProbes })]),
      status([]),
    ]);
  });
});

describe('check', () => {
  const { limits } = serverStatus();
  const fat = serverStatus({ limits: { ...limits, memory: { soft: 1024, hard: null } } });
  const busy = serverStatus({ limits: { ...limits, cpu: { soft: 0.001, hard: null, for: 1 } } });
  it.each([
    ['ok', serverStatus(), 0, 'context7  ok: answered in 3.4 ms\n'],
    [
      'not running',
      serverStatus({ state: 'starting', note: 'installing' }),
      1,
      'context7  not running: starting, installing\n',
    ],
    ['memory', fat, 2, 'context7  memory is 117 MiB, the limit is 1 KiB\n'],
    ['CPU', busy, 3, 'context7  CPU is 3.4 %, the limit is 0.1 %\n'],
    ['not responding', serverStatus({ health }), 4, 'context7  not responding: no answer within 5 s\n'],
  ])('%s', async (_, server, code, out) => {
    const daemon = fakeDaemon(status([server]));
    const { home } = await withDaemon(daemon);
    expect(await cli(['check'], { home })).toEqual({ code, out, err: '' });
    expect(await cli(['check', 'context7', '--json'], { home })).toMatchObject({ code });
    expect(daemon.asked).toEqual(['check', 'check context7']);
  });
});

describe('start, stop and restart with names', () => {
  it('stops each once', async () => {
    const daemon = fakeDaemon(status([serverStatus(), serverStatus({ name: 'files' })]));
    const { home } = await withDaemon(daemon);
    expect(await cli(['stop', 'files', 'context7', 'files'], { home })).toEqual({
      code: 0,
      out: 'Stopped files, context7\n',
      err: '',
    });
    expect(daemon.asked).toEqual(['stop files,context7']);
  });

  it('asks nothing when one of the names is wrong', async () => {
    const daemon = fakeDaemon();
    const { home } = await withDaemon(daemon);
    expect(await cli(['stop', 'context7', 'nobody'], { home })).toMatchObject({ code: 1 });
    expect(daemon.asked).toEqual([]);
  });

  it('start finds done what runs already', async () => {
    const { home } = await withDaemon();
    expect(await cli(['start', 'context7'], { home })).toEqual({
      code: 0,
      out: 'context7 runs, pid 4242\n',
      err: '',
    });
  });

  it('restart waits for the next run', async () => {
    const daemon = fakeDaemon();
    const { home } = await withDaemon(daemon);
    const restarted = cli(['restart', 'context7'], { home });
    await waitFor(() => daemon.watched() === 1);
    daemon.show(status([serverStatus({ state: 'stopping' })]));
    daemon.show(status([serverStatus({ state: 'starting', run: 2 })]));
    daemon.show(status([serverStatus({ run: 2, pid: 5000 })]));
    expect(await restarted).toEqual({ code: 0, out: 'context7 runs, pid 5000\n', err: '' });
  });

  it('start fails with the reason and the cure when the server does not come up', async () => {
    const stopped = serverStatus({ state: 'stopped', desired: 'down', pid: null });
    const daemon = fakeDaemon(status([stopped]));
    const { home } = await withDaemon(daemon);
    const started = cli(['start', 'context7'], { home });
    await waitFor(() => daemon.watched() === 1);
    const lastFailure = {
      at: 1,
      code: 'OFFLINE',
      message: 'the registry cannot be reached',
      hint: 'Connect',
      retry: 'backoff',
    } as const;
    daemon.show(status([serverStatus({ state: 'backoff', run: 2, pid: null, lastFailure })]));
    expect(await started).toEqual({
      code: 1,
      out: '',
      err: 'error: Cannot start "context7": the registry cannot be reached\nhint: Connect\n',
    });
  });
});

describe('init and config', () => {
  it('writes a first config once, and never over another', async () => {
    const { home, config } = missingHome();
    expect(await cli(['init'], { home })).toMatchObject({ code: 0, err: '' });
    writeFileSync(config, `${readFileSync(config, 'utf8')}# mine\n`);
    expect(await cli(['init'], { home })).toMatchObject({ code: 2, out: '' });
    expect(readFileSync(config, 'utf8')).toContain('# mine');
    expect(await cli(['config', 'validate'], { home })).toEqual({
      code: 0,
      out: `${config} is valid: 1 server\n`,
      err: '',
    });
  });

  it('shows every default, as YAML and as JSON', async () => {
    const { home } = missingHome();
    await cli(['init'], { home });
    expect((await cli(['config', 'show'], { home })).out).toContain('interval: 15s');
    expect(JSON.parse((await cli(['config', 'show', '--json'], { home })).out)).toHaveProperty(
      'data.servers.context7',
    );
  });

  it('says what is wrong, exit code 2', async () => {
    const { home, config } = tempHome();
    writeFileSync(config, 'servers: {a: {package: x, enabld: true}}\nschedule: {update: "0 3 * * *"}\n', {
      mode: 0o600,
    });
    const { code, err } = await cli(['config', 'validate'], { home });
    expect(code).toBe(2);
    expect(err).toMatch(/enabld.*did you mean/u);
    const json = await cli(['config', 'validate', '--json'], { home });
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      error: { code: 'CONFIG_INVALID', details: { problems: [{ path: 'servers.a.enabld' }] } },
    });
  });
});

describe('logs', () => {
  it('shows the last lines of a server, with control characters made visible', async () => {
    const { home, serverLogs } = tempHome();
    writeFileSync(join(serverLogs, 'a.log'), 'one\ntwo\u0007\n\u001B]0;title\u0007three\n');
    expect(await cli(['logs', 'a', '-n', '2'], { home })).toEqual({
      code: 0,
      out: 'two\\x07\nthree\n',
      err: '',
    });
  });

  it('reads the daemon’s own log as sentences', async () => {
    const { home, watchdogLog } = tempHome();
    writeFileSync(
      watchdogLog,
      '{"level":"info","time":"2026-01-01T00:00:00.000Z","pid":7,"msg":"Watchdog started"}\n',
    );
    expect((await cli(['logs'], { home })).out).toBe(
      `${localTime(Date.parse('2026-01-01T00:00:00.000Z'))} info  Watchdog started (pid: 7)\n`,
    );
  });

  it('follows until Ctrl-C', async () => {
    const { home, serverLogs } = tempHome();
    const path = join(serverLogs, 'a.log');
    writeFileSync(path, 'one\n');
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: home } });
    const ended = runCli(['logs', 'a', '-f'], io);
    await waitFor(() => io.stdout() === 'one\n');
    writeFileSync(path, 'two\n', { flag: 'a' });
    await waitFor(() => io.stdout() === 'one\ntwo\n');
    io.signal('SIGINT');
    expect(await ended).toBe(0);
  });

  it.each([
    ['abc', 'Did you mean ab?'],
    ['other', 'Logs: ab'],
    ['../../etc/passwd', 'Logs: ab'],
    ['..', 'Logs: ab'],
  ])('has no log of %s', async (name, hint) => {
    const { home, serverLogs } = tempHome();
    writeFileSync(join(serverLogs, 'ab.log'), 'x\n');
    const { code, err } = await cli(['logs', name], { home });
    expect(code).toBe(1);
    expect(err).toContain(`hint: ${hint}`);
  });
});

describe('as a process', { timeout: 120_000 }, () => {
  const program = join(import.meta.dirname, '..', 'dist', 'cli.js');
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, [program, ...argv], { encoding: 'utf8', timeout: 60_000 });

  it('ends with the exit code of the command', () => {
    const { home } = missingHome();
    expect(run('status', '--home', home)).toMatchObject({ status: 5, stdout: '' });
    expect(run('--help').stdout).toContain('Commands:');
  });

  it('ends quietly when the reader of its output has gone', async () => {
    const { home, serverLogs } = tempHome();
    writeFileSync(join(serverLogs, 'a.log'), `${'x'.repeat(200)}\n`.repeat(20_000));
    const child = spawn(process.execPath, [program, 'logs', 'a', '-n', '20000', '--home', home]);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => void child.once('exit', resolve));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });

  it('says why the daemon did not start in the background', () => {
    const { home, config } = tempHome();
    writeFileSync(config, 'servers: {a: {package: x, enabld: true}}\n', { mode: 0o600 });
    const { status, stdout, stderr } = run('start', '--home', home);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: Cannot start the daemon: it ended with exit code 2: Cannot use .*enabld/u,
    );
  });

  it('says how to get a first config when there is none', () => {
    const { status, stderr } = run('start', '--home', missingHome().home);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: Cannot start the daemon: .*\nhint: .*mcp-watchdog init/u);
  });

  it('refuses a home that cannot be used, exit code 73', () => {
    const { home } = missingHome();
    writeFileSync(home, 'a file');
    expect(run('run', '--home', home).status).toBe(73);
    expect(run('start', '--home', home)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: Cannot use the folder ".*": .*\nhint: .*--home/u),
    });
  });

  it('kills at once after a second Ctrl-C what does not want to end', async () => {
    const { home, config, serverLogs } = tempHome();
    const stubborn = '["/bin/sh", "-c", "trap \\"\\" TERM; echo $$ >&2; while :; do sleep 0.1; done"]';
    const server = `{command: ${stubborn}, stop: {grace: 5m}, start: {timeout: 5m}}`;
    writeFileSync(config, `metrics: {listen: "127.0.0.1:0"}\nservers: {stubborn: ${server}}\n`, {
      mode: 0o600,
    });
    const child = spawn(process.execPath, [program, 'run', '--home', home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise((resolve) => void child.once('exit', resolve));
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const pid = Number((await waitFor(() => /"pid":(\d+).*"Server started"/u.exec(printed)))[1]);
    // It says its pid once it ignores TERM.
    const log = join(serverLogs, 'stubborn.log');
    await waitFor(() => existsSync(log) && readFileSync(log, 'utf8').includes(String(pid)), {
      what: 'the trap',
    });
    child.kill('SIGINT');
    const state = () => run('status', '--json', '--home', home).stdout;
    await waitFor(() => state().includes('"stopping"'));
    child.kill('SIGINT');
    expect(await ended).toBe(143);
    await waitFor(() => spawnSync('kill', ['-0', String(pid)]).status !== 0, {
      what: 'the end of the server',
    });
  });

  it('starts in the background, is found running, and stops', { timeout: 240_000 }, async () => {
    const { home, config, run: runFolder } = tempHome();
    writeFileSync(config, 'metrics: {listen: "127.0.0.1:0"}\nservers: {}\n', { mode: 0o600 });
    onTestFinished(() => void run('stop', '--home', home));
    expect(run('start', '--home', home)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^The daemon runs, pid \d+/u),
    });
    expect(run('start', '--home', home)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^The daemon already runs, pid \d+/u),
    });
    const second = run('run', '--home', home);
    expect(second.status).toBe(0);
    expect(second.stderr).toMatch(/Cannot run in ".*": the daemon with pid \d+ already does/u);
    const restarted = run('restart', '--home', home);
    expect(restarted.stdout).toMatch(/^Stopped the daemon with pid (\d+)\nThe daemon runs, pid (?!\1\b)\d+/u);
    expect(run('stop', '--home', home)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Stopped the daemon with pid \d+/u),
    });
    expect(existsSync(join(runFolder, 'control.sock'))).toBe(false);
  });
});

describe('docs/commands.md', () => {
  const text = readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8');
  it.each(COMMANDS.map((spec) => [spec.name, spec] as const))(
    'describes %s with all its options',
    (name, { options }) => {
      const [, section = ''] = text.split(`\n## \`${name}`);
      expect(section).not.toBe('');
      for (const { flags } of options) expect(section.split('\n## ')[0]).toContain(`\`${flags}\``);
    },
  );
});
