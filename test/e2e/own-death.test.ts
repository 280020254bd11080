// Death of the daemon in every way: no process is left behind and no counter is lost.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { isRunning } from '../fakes/processes.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, leftOver, runCli, type RunningDaemon, startDaemon } from './daemon.ts';
import { killWithGuardian, STUBBORN } from './own-death.ts';

describe('a daemon that is killed', { timeout: 120_000 }, () => {
  test('leaves nothing alive 5 s later, and its counters to the next one', async () => {
    const first = await startDaemon({
      polite: fixture(),
      stubborn: STUBBORN,
      escapee: fixture(['--behaviour', 'escapee,ignore-eof,ignore-term']),
    });
    const { pid } = await first.up('polite');
    await first.up('escapee');
    const stubborn = await first.until('stubborn', 'started', (server) => server.pid !== null);
    process.kill(pid ?? 0, 'SIGKILL');
    await first.until(
      'polite',
      'restarted',
      ({ restarts, state }) => restarts.signal === 1 && state === 'running',
    );
    await first.until('escapee', 'its tree seen', ({ usage }) => usage?.processes === 2);
    expect(await leftOver(first.home)).toContain(stubborn.pid);
    await first.stop('SIGKILL');
    await waitFor(async () => (await leftOver(first.home)).length === 0, {
      timeout: 5000,
      what: 'the end of all servers',
    });

    const second = await startDaemon({ polite: fixture() }, { home: first.home });
    await second.up('polite');
    expect(await second.metric('mcp_watchdog_server_restarts_total{server="polite",reason="signal"}')).toBe(
      1,
    );
    expect(
      await second.metric('mcp_watchdog_server_restarts_total{server="polite",reason="unobserved"}'),
    ).toBe(1);
  });

  test('leaves a server that crashes what is left of its restart budget; one that is asked to end, a fresh one', async () => {
    const server = {
      command: ['/bin/sh', '-c', 'exit 3'],
      restart: {
        initialDelay: '10ms',
        maxDelay: '20ms',
        retryAfter: '1h',
        budget: [{ restarts: 3, within: '1h' }],
      },
    };
    const first = await startDaemon({ s: server });
    await first.until('s', 'its budget spent', ({ state }) => state === 'crash_looping');
    await first.stop('SIGKILL');
    const second = await startDaemon({ s: server }, { home: first.home });
    const { startFailures } = await second.until(
      's',
      'crash looping',
      ({ state }) => state === 'crash_looping',
    );
    expect(startFailures).toBe(4);
    await second.stop();
    const third = await startDaemon({ s: server }, { home: first.home });
    expect(await third.until('s', 'crash looping', ({ state }) => state === 'crash_looping')).toMatchObject({
      startFailures: 7,
    });
  });

  test('together with its guardian: the next one ends what is left, and starts each server once', async () => {
    const first = await startDaemon({ s: fixture(['--behaviour', 'ignore-eof,ignore-term']) });
    const { pid } = await first.up('s');
    await killWithGuardian(first);
    expect(isRunning(pid ?? 0)).toBe(true);
    const second = await startDaemon({ s: fixture() }, { home: first.home });
    expect(isRunning(pid ?? 0)).toBe(false);
    await second.up('s');
    expect(second.output()).toContain('Killed a process left by an earlier daemon');
  });
});

test('a daemon that is asked to end stops everything and says 143', { timeout: 120_000 }, async () => {
  const daemon = await startDaemon({
    a: fixture(),
    b: fixture(['--behaviour', 'ignore-term,ignore-eof']),
    c: fixture(['--behaviour', 'grandchild']),
  });
  for (const name of ['a', 'b', 'c']) await daemon.up(name);
  expect(await daemon.stop('SIGINT')).toBe(143);
  expect(await leftOver(daemon.home)).toEqual([]);
  expect(existsSync(`${daemon.home}/run/control.sock`)).toBe(false);
});

test('an operator’s stop outlives the daemon', { timeout: 120_000 }, async () => {
  const first = await startDaemon({ a: fixture(), b: fixture() });
  await first.up('a');
  await first.up('b');
  expect(first.run('stop', 'a').code).toBe(0);
  await first.stop('SIGKILL');
  const second = await startDaemon({ a: fixture(), b: fixture() }, { home: first.home });
  await second.up('b');
  expect(await second.server('a')).toMatchObject({ state: 'stopped', desired: 'down', pid: null });
  expect(await second.metric('mcp_watchdog_server_desired_running{server="a"}')).toBe(0);
});

test(
  'a second daemon for the same home says who holds it and leaves with 0',
  { timeout: 120_000 },
  async () => {
    const first = await startDaemon({ s: fixture() });
    const second = runCli(first.home, ['run']);
    expect(second.code).toBe(0);
    expect(second.err).toContain(String(first.pid));
  },
);

test(
  'each server is started once by the next daemon, and its lost end is counted once',
  { timeout: 120_000 },
  async () => {
    const names = ['a', 'b', 'c'];
    const servers = Object.fromEntries(names.map((name) => [name, fixture()]));
    const { home } = tempHome();
    for (const deaths of [0, 1, 2]) {
      const daemon = await startDaemon(servers, { home });
      for (const name of names) {
        const { run, restarts } = await daemon.up(name);
        expect({ run, restarts }).toMatchObject({
          run: 1,
          restarts: { unobserved: deaths, exit: 0, signal: 0 },
        });
      }
      const spawned = await waitFor(async () => {
        const all = await daemon.journal('spawned');
        return all.length >= (deaths + 1) * names.length && all;
      });
      expect(spawned).toHaveLength((deaths + 1) * names.length);
      await daemon.stop('SIGKILL');
    }
  },
);

test(
  'ten servers that ignore TERM are ended at the same time, within one grace',
  { timeout: 120_000 },
  async () => {
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    const stubborn = { ...STUBBORN, stop: { grace: '3s' } };
    const daemon = await startDaemon(Object.fromEntries(names.map((name) => [name, stubborn])));
    for (const name of names) await daemon.until(name, 'started', ({ pid }) => pid !== null);
    const askedAt = performance.now();
    expect(await daemon.stop()).toBe(143);
    const took = performance.now() - askedAt;
    expect(await leftOver(daemon.home)).toEqual([]);
    // A second for the end of stdin and the grace; one after the other it would be forty.
    expect(took).toBeGreaterThan(3000);
    expect(took).toBeLessThan(12_000);
  },
);

test(
  'without a terminal SIGHUP means that the config is read again, and ends nobody',
  { timeout: 120_000 },
  async () => {
    const daemon = await startDaemon({ a: fixture() });
    const { pid } = await daemon.up('a');
    await waitFor(async () => (await daemon.journal('config-loaded')).length === 1, {
      what: 'the journal to tell',
    });
    // The file has not changed: nothing else would read it again.
    process.kill(daemon.pid, 'SIGHUP');
    await waitFor(async () => (await daemon.journal('config-loaded')).length === 2, {
      what: 'a second reading',
    });
    expect(await daemon.server('a')).toMatchObject({ pid, run: 1 });
    expect(await daemon.stop('SIGTERM')).toBe(143);
  },
);

test.skipIf(process.platform !== 'linux' || !requireProgram('script'))(
  'a terminal that is closed ends everything in order',
  { timeout: 120_000 },
  async () => {
    const { home, config } = tempHome();
    writeFileSync(
      config,
      JSON.stringify({
        metrics: { listen: '127.0.0.1:0' },
        gateway: { listen: '127.0.0.1:0' },
        servers: { s: fixture() },
      }),
      {
        mode: 0o600,
      },
    );
    const command = `exec ${process.execPath} ${CLI} run --home ${home}`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void terminal.kill('SIGKILL'));
    await waitFor(() => runCli(home, ['check', 's']).code === 0, {
      longestPause: 500,
      timeout: 40_000,
      what: 'the server',
    });
    const { daemon } = JSON.parse(runCli(home, ['status', '--json']).out).data;
    terminal.kill('SIGKILL');
    await waitFor(() => !isRunning(daemon.pid), { timeout: 40_000, what: 'the end of the daemon' });
    expect(await leftOver(home)).toEqual([]);
    // Who was killed would have left it.
    expect(existsSync(join(home, 'run', 'control.sock'))).toBe(false);
    const log = readFileSync(join(home, 'logs', 'watchdog.log'), 'utf8');
    expect(log).toContain('"cause":"stop"');
  },
);

test(
  'what a server says until the daemon dies is in its log, whole and in order',
  { timeout: 120_000 },
  async () => {
    const { home } = tempHome();
    const told = join(home, 'told');
    const talker = {
      command: [
        '/bin/sh',
        '-c',
        `i=0; while :; do i=$((i+1)); echo "word $i of it" >&2; echo $i > ${told}; sleep 0.02; done`,
      ],
      start: { timeout: '60s' },
    };
    const log = join(home, 'logs', 'servers', 's.log');
    const words = (): number[] =>
      readFileSync(log, 'utf8')
        .split('\n')
        .flatMap((line) => (/word (\d+) of it$/u.exec(line)?.slice(1) ?? []).map(Number));
    const first = await startDaemon({ s: talker }, { home });
    await waitFor(() => existsSync(log) && words().length > 30, { what: 'thirty words' });
    const before = Number(readFileSync(told, 'utf8'));
    await first.stop('SIGKILL');
    await waitFor(async () => (await leftOver(home)).length === 0, { what: 'the end of the server' });
    const kept = words();
    expect(kept).toEqual(kept.map((_, index) => index + 1));
    // A word is read and written down within a few milliseconds; on a machine that is busy some more are under way.
    expect(kept.length).toBeGreaterThanOrEqual(before - 10);

    await startDaemon({ s: talker }, { home });
    await waitFor(() => words().length > kept.length + 5, { what: 'more words' });
    // Nothing is glued to what the dead one was writing.
    expect(words().slice(kept.length, kept.length + 5)).toEqual([1, 2, 3, 4, 5]);
  },
);

/** The same program, as a later release in another place. */
function laterRelease(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const project = fileURLToPath(new URL('../..', import.meta.url));
  cpSync(join(project, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
  return join(folder, 'dist', 'cli.js');
}

test('a later release takes over with one clean start of each server', { timeout: 120_000 }, async () => {
  const first = await startDaemon({ a: fixture(), b: fixture() });
  const { home } = first;
  const { pid } = await first.up('a');
  await first.up('b');
  process.kill(pid ?? 0, 'SIGKILL');
  await first.until('a', 'restarted', ({ run, health }) => run === 2 && health.up === true);
  expect(first.run('stop', 'b').code).toBe(0);
  const later = laterRelease('9.9.9');
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, [later, ...argv, '--home', home], { encoding: 'utf8', timeout: 120_000 });
  onTestFinished(() => void run('stop'));
  expect(run('restart')).toMatchObject({ status: 0 });
  expect(await first.stop()).toBe(0);
  const { daemon, servers } = await waitFor(async () => {
    const status: Awaited<ReturnType<RunningDaemon['status']>> | undefined = JSON.parse(
      run('status', '--json').stdout,
    ).data;
    return status?.servers.some(({ name, health }) => name === 'a' && health.up === true) && status;
  });
  expect(daemon.version).toBe('9.9.9');
  expect(servers).toMatchObject([
    { name: 'a', run: 1, restarts: { signal: 1, unobserved: 0 } },
    { name: 'b', state: 'stopped', desired: 'down', pid: null },
  ]);
  expect(run('stop').status).toBe(0);
});

test(
  'of two daemons that are started at the same moment one runs, and the other names it',
  { timeout: 120_000 },
  async () => {
    const { home, config } = tempHome();
    writeFileSync(
      config,
      JSON.stringify({
        metrics: { listen: '127.0.0.1:0' },
        gateway: { listen: '127.0.0.1:0' },
        servers: { s: fixture() },
      }),
      {
        mode: 0o600,
      },
    );
    const both = [1, 2].map(() => {
      const child = spawn(process.execPath, [CLI, 'run', '--home', home], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
      return { child, exit, said: () => said };
    });
    const [loser] = await Promise.race(both.map(async (one) => [one, await one.exit] as const));
    const winner = both.find((one) => one !== loser);
    expect(await loser.exit).toBe(0);
    expect(loser.said()).toContain(`the daemon with pid ${winner?.child.pid} already does`);
    await waitFor(() => runCli(home, ['check', 's']).code === 0, {
      longestPause: 500,
      timeout: 40_000,
      what: 'a server that answers',
    });
    winner?.child.kill('SIGTERM');
    expect(await winner?.exit).toBe(143);
    expect(await leftOver(home)).toEqual([]);
  },
);
