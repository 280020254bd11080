// Daily operation of the daemon: deployed in one step, watched in a real terminal, left and found again.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { sharedHome, tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, FIXTURE, fixture, leftOver, runCli, type RunningDaemon, startDaemon } from './daemon.ts';

/** Here the daemon is nobody's child: what was started is ended by the command that a user has for it. */
function cleanHome() {
  const paths = tempHome();
  onTestFinished(async () => {
    runCli(paths.home, ['stop']);
    await waitFor(async () => (await leftOver(paths.home)).length === 0, { what: 'nothing to be left' });
  });
  const write = (servers: object): void =>
    writeFileSync(
      paths.config,
      JSON.stringify({ metrics: { listen: '127.0.0.1:0' }, gateway: { listen: '127.0.0.1:0' }, servers }),
      {
        mode: 0o600,
      },
    );
  return { ...paths, write, run: (...argv: string[]) => runCli(paths.home, argv) };
}

describe('deploy', { timeout: 120_000 }, () => {
  test('sets everything up from what a client starts, and is done again without changing anything', () => {
    const { home, config, run } = cleanHome();
    const client = join(home, 'client.json');
    writeFileSync(
      client,
      JSON.stringify({ mcpServers: { mine: { command: process.execPath, args: [FIXTURE] } } }),
    );
    const first = run('deploy', '--no-service', '--from', client);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/(✔|\[ok\]) verify {3}the server answers/u);
    expect(run('check', 'mine').code).toBe(0);
    const before = [readFileSync(config, 'utf8'), run('status', '--json').out];
    const again = run('deploy', '--no-service', '--json', '--from', client);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(again.out).data.steps.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
    expect(again.out).toContain('nothing was imported');
    const after = [readFileSync(config, 'utf8'), run('status', '--json').out];
    const pids = [before, after].map(([, json = '']) => JSON.parse(json).data.servers[0].pid);
    expect(after[0]).toBe(before[0]);
    expect(pids[1]).toBe(pids[0]);
  });

  test('fails at the step that failed, and says what to do', () => {
    const { home, run, write } = cleanHome();
    write({
      good: fixture(),
      bad: {
        command: ['/bin/sh', '-c', 'echo no key >&2; exit 3'],
        restart: { initialDelay: '1ms', maxDelay: '1ms' },
      },
    });
    const { code, out, err } = run('deploy', '--no-service');
    expect(code).toBe(1);
    expect(out).toMatch(/(✘|\[failed\]) verify/u);
    expect(err).toContain('bad: crash looping');
    expect(err).toMatch(/^hint: /mu);
    // Only that one is not well: the daemon and the other go on.
    expect(run('check', 'good').code).toBe(0);
    expect(existsSync(`${home}/run/control.sock`)).toBe(true);
  });

  test('leaves the daemon running when it is interrupted while it waits', async () => {
    const { home, run, write } = cleanHome();
    write({ slow: { command: ['/bin/sleep', '60'], start: { timeout: '50s' } } });
    const child = spawn(process.execPath, [CLI, 'deploy', '--no-service', '--home', home], { stdio: 'pipe' });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitFor(() => out.includes('slow: '), { what: 'the wait for the server', timeout: 30_000 });
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(out).toContain('interrupted; the daemon keeps running');
    const { daemon, servers } = JSON.parse(run('status', '--json').out).data;
    expect(isRunning(daemon.pid)).toBe(true);
    expect(isRunning(servers[0].pid)).toBe(true);
  });
});

/** A command in a terminal of its own, 90 columns by 20 rows; `says` is everything that it wrote. */
function inTerminal(home: string, command: string) {
  const state = (when: string): string => `stty -a > ${home}/stty-${when}`;
  const script = `tty > ${home}/tty; stty cols 90 rows 20; ${state('before')}; ${command}; echo "code $?" > ${home}/code; ${state('after')}`;
  const child = spawn('script', ['-qec', script, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh', NO_COLOR: '1' },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(() => void child.kill('SIGKILL'));
  const read = (name: string): string => readFileSync(`${home}/${name}`, 'utf8').trim();
  return {
    says: () => said,
    type: (keys: string) => child.stdin.write(keys),
    /** As a window that is dragged; the system tells the program. */
    resize: (columns: number, rows: number) =>
      spawn('stty', ['-F', read('tty'), 'cols', String(columns), 'rows', String(rows)]),
    /** Waits for the end; how the terminal was and is, and the exit code. */
    async end() {
      await ended;
      return { before: read('stty-before'), after: read('stty-after'), code: read('code') };
    },
  };
}

const monitor = (home: string): string => `${process.execPath} ${CLI} monitor --home ${home}`;

describe.skipIf(!requireProgram('script'))('monitor in a terminal', { timeout: 180_000 }, () => {
  test('follows the servers and the size of the window, and gives the terminal back', async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    await daemon.up('a');
    await daemon.up('b');
    const terminal = inTerminal(daemon.home, monitor(daemon.home));
    await waitFor(() => terminal.says().includes('2 healthy'), { what: 'the first picture' });
    expect(daemon.run('stop', 'b').code).toBe(0);
    await waitFor(() => /b +stopped by you/u.test(terminal.says()), { what: 'the news' });
    const wide = terminal.says().length;
    terminal.resize(40, 8);
    // Another size: all lines are written anew, each at its place.
    const isSmall = (picture: string): boolean => {
      // eslint-disable-next-line no-control-regex -- a terminal's language
      const lines = picture.split(/\u001B\[\d+;1H/u).slice(1);
      // eslint-disable-next-line no-control-regex -- a terminal's language
      const texts = lines.map((line) => line.replaceAll(/\u001B\[[?\d;]*[a-zA-Z]/gu, ''));
      return texts.length === 8 && texts.every((text) => text.trimEnd().length <= 40);
    };
    await waitFor(() => terminal.says().slice(wide).split('\u001B[?2026h').some(isSmall), {
      what: 'a smaller picture',
    });
    terminal.type('q');
    const { before, after, code } = await terminal.end();
    expect(code).toBe('code 0');
    // All but its size is as it was: echo, line by line, Ctrl-C as a signal.
    const modes = (stty: string): string => stty.replace(/rows \d+; columns \d+;/u, '');
    expect(modes(after)).toBe(modes(before));
    expect(terminal.says().trimEnd().endsWith('\u001B[?25h\u001B[?1049l')).toBe(true);
    expect(await daemon.server('a')).toMatchObject({ state: 'running' });
  });

  test('waits for a daemon that is gone, and shows the next one', async () => {
    const first = await startDaemon({ a: fixture() });
    await first.up('a');
    const terminal = inTerminal(first.home, monitor(first.home));
    await waitFor(() => terminal.says().includes('1 healthy'), { what: 'the first picture' });
    await first.stop('SIGKILL');
    await waitFor(() => terminal.says().includes('not reachable since'), { what: 'the loss' });
    const second = await startDaemon({ a: fixture(), later: fixture() }, { home: first.home });
    await second.up('later');
    await waitFor(() => terminal.says().includes('2 healthy'), {
      what: 'the next daemon',
      timeout: 60_000,
    });
    terminal.type('q');
    expect((await terminal.end()).code).toBe('code 0');
  });
});

test('monitor in a pipe ends with 5 when the daemon does', { timeout: 180_000 }, async () => {
  const daemon = await startDaemon({ a: fixture() });
  await daemon.up('a');
  const child = spawn(process.execPath, [CLI, 'monitor', '--home', daemon.home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await waitFor(() => out.includes('a: running, up, pid'), { what: 'the first line' });
  await daemon.stop();
  expect(await ended).toBe(5);
});

test('status says why a server was started again, and who stopped it', { timeout: 180_000 }, async () => {
  const probe = { interval: '200ms', timeout: '300ms', failures: 3 };
  const daemon = await startDaemon({ a: fixture([], { probe }), b: fixture() });
  const [a] = [await daemon.up('a'), await daemon.up('b')];
  process.kill(a.pid ?? 0, 'SIGSTOP');
  await daemon.until('a', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  expect(daemon.run('stop', 'b').code).toBe(0);
  const { out } = daemon.run('status');
  expect(out).toMatch(/restarted (?:just now|.* ago): probe: .*, 3 of 3/u);
  expect(out).toContain('stopped by you');
  expect(daemon.run('status', 'a').out).toMatch(/last restart .*probe: .*, 3 of 3/u);
});

test(
  'an operator’s stop outlives reloads and the daemon, until somebody starts it',
  { timeout: 60_000 },
  async () => {
    const first = await startDaemon({ a: fixture(), b: fixture() });
    await first.up('a');
    await first.up('b');
    expect(first.run('stop', 'a').code).toBe(0);
    first.rewriteConfig({ a: fixture([], { env: { COLOUR: 'red' } }), b: fixture() });
    expect(first.run('reload').code).toBe(0);
    expect(await first.server('a')).toMatchObject({ state: 'stopped', desired: 'down' });
    await first.stop('SIGTERM');
    const second = await startDaemon({ a: fixture(), b: fixture() }, { home: first.home });
    await second.up('b');
    expect(await second.server('a')).toMatchObject({ state: 'stopped', desired: 'down', pid: null });
    expect(second.run('start', 'a').code).toBe(0);
    await second.up('a');
    await second.stop();
    const third = await startDaemon({ a: fixture() }, { home: first.home });
    await third.up('a');
  },
);

test(
  'logs --all -f tells the story of all servers, also of one that is new',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ a: fixture() });
    await daemon.up('a');
    const child = spawn(process.execPath, [CLI, 'logs', '--all', '-f', '--home', daemon.home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await waitFor(() => /^a +\S+ stderr ready$/mu.test(out) && out.includes('Watchdog started'), {
      what: 'the past',
    });
    daemon.rewriteConfig({ a: fixture(), newcomer: fixture() });
    await waitFor(() => /^newcomer +\S+ stderr ready$/mu.test(out), {
      what: 'the newcomer',
      timeout: 60_000,
    });
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  },
);

describe('a daemon that nothing happens to', { timeout: 180_000 }, () => {
  let daemon: RunningDaemon;
  const shared = sharedHome();
  beforeAll(async () => {
    daemon = await startDaemon({ a: fixture(), 'b.c': fixture() }, shared);
  });
  afterAll(() => shared.endAll());

  test('is what completion answers for', async () => {
    await daemon.up('a');
    expect(daemon.run('completion', 'fish', '--servers')).toEqual({ code: 0, out: 'a\nb.c\n', err: '' });
  });

  test.skipIf(!requireProgram('script')).each([
    ['Ctrl-C', null],
    ['SIGTERM', 'SIGTERM'],
  ] as const)('is left by monitor with the terminal given back, after %s', async (_, signal) => {
    await daemon.up('a');
    await daemon.up('b.c');
    const shown = inTerminal(
      daemon.home,
      `sh -c 'echo $$ > ${daemon.home}/pid; exec ${monitor(daemon.home)}'`,
    );
    await waitFor(() => shown.says().includes('2 healthy'), { what: 'the first picture' });
    if (signal === null) shown.type('\u0003');
    else process.kill(Number(readFileSync(`${daemon.home}/pid`, 'utf8')), signal);
    const { before, after, code } = await shown.end();
    expect({ after, code }).toEqual({ after: before, code: 'code 0' });
    expect(shown.says()).toContain('\u001B[?25h\u001B[?1049l');
  });
});
