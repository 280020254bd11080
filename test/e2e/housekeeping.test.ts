// Cleanup and backup with the built command, with a daemon and without.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../src/control/lock.ts';
import type { CleanupReport } from '../../src/core/model/cleanup-report.ts';
import { NO_UPDATES } from '../../src/core/model/update.ts';
import { isRunning } from '../fakes/processes.ts';
import { untidyHome } from '../fakes/rubbish.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { FIXTURE, fixture, QUICK, runCli, startDaemon } from './daemon.ts';

const CONFIG = {
  metrics: { listen: '127.0.0.1:0' },
  gateway: { listen: '127.0.0.1:0' },
  sampling: { interval: '1s' },
};

function writeConfig(home: string, servers: object): void {
  writeFileSync(join(home, 'config.yaml'), JSON.stringify({ ...CONFIG, servers }), { mode: 0o600 });
}

describe('cleanup', { timeout: 180_000 }, () => {
  test('without a daemon says what would go, then removes it, then has nothing to do', () => {
    const home = untidyHome();
    writeConfig(home.paths.home, { a: { command: ['x'], logs: { keep: 1 } } });
    home.file('logs/servers/a.log.2', { bytes: 2 * 1024 ** 2 });
    for (const [index, version] of ['1.0.0', '1.1.0', '1.2.0', '1.3.0'].entries())
      home.version('a', version, (10 - index) * 86_400_000);
    home.current('a', '1.3.0');
    const run = (...argv: string[]) => runCli(home.paths.home, ['cleanup', ...argv]);
    expect(run('--dry-run')).toMatchObject({
      code: 0,
      out: expect.stringContaining('would remove servers/a/versions/1.0.0 (1 KiB)'),
    });
    const { removed, freed }: CleanupReport = JSON.parse(run('--json').out).data;
    expect(removed.map(({ path }) => path)).toEqual(['logs/servers/a.log.2', 'servers/a/versions/1.0.0']);
    expect(freed).toBe(2 * 1024 ** 2 + 1000);
    expect(run()).toEqual({ code: 0, out: 'Nothing to remove\n', err: '' });
    expect(existsSync(join(home.paths.servers, 'a/versions/1.0.0'))).toBe(false);
  });

  test('without a daemon keeps what its updates were about', () => {
    const home = untidyHome();
    writeConfig(home.paths.home, { a: { package: 'p' } });
    for (const [index, version] of ['1.0.0', '1.1.0', '1.2.0', '1.3.0'].entries())
      home.version('a', version, (10 - index) * 86_400_000);
    home.current('a', '1.3.0');
    const update = { package: 'p', memory: { ...NO_UPDATES, previous: '1.0.0' } };
    mkdirSync(home.paths.run, { recursive: true });
    const state = { version: 1, wishes: {}, servers: {}, counters: null, updates: { a: update } };
    writeFileSync(home.paths.state, JSON.stringify(state));
    const { removed }: CleanupReport = JSON.parse(runCli(home.paths.home, ['cleanup', '--json']).out).data;
    expect(removed.map(({ path }) => path)).toEqual(['servers/a/versions/1.1.0']);
  });

  test('does nothing while a daemon that does not answer yet holds the home', () => {
    const home = untidyHome();
    const { paths } = home;
    home.file('logs/servers/a.log.9');
    // We are that daemon: alive, and not listening.
    const lock = acquireLock(join(paths.run, 'lock'));
    expect(runCli(paths.home, ['cleanup'])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`pid ${process.pid} runs in`),
    });
    expect(existsSync(join(paths.serverLogs, 'a.log.9'))).toBe(true);
    if (lock.held) lock.release();
    expect(runCli(paths.home, ['cleanup']).code).toBe(0);
    expect(existsSync(join(paths.serverLogs, 'a.log.9'))).toBe(false);
  });

  test('says that there is no such home', () => {
    const missing = join(tempHome().home, 'missing');
    expect(runCli(missing, ['cleanup'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no such folder'),
    });
    expect(existsSync(missing)).toBe(false);
  });

  test('with a daemon never removes what a server runs from, and tells it everywhere', async () => {
    const home = untidyHome();
    const old = join(home.paths.servers, 's/versions/1.0.0');
    mkdirSync(old, { recursive: true });
    symlinkSync(FIXTURE, join(old, 'server.mjs'));
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) home.version('s', version);
    home.date('servers/s/versions/1.0.0', 90 * 86_400_000);
    const servers = { s: { command: [process.execPath, join(old, 'server.mjs')], ...QUICK } };
    const daemon = await startDaemon(servers, { home: home.paths.home });
    const { pid } = await daemon.up('s');
    home.file('logs/servers/s.log.9');
    const first = daemon.run('cleanup');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toBe(
      'kept servers/s/versions/1.0.0: a process runs from it\nFreed 0 KiB: 1 rotated log\n',
    );
    expect(existsSync(old)).toBe(true);
    expect((await daemon.server('s')).pid).toBe(pid);
    const [job] = await waitFor(async () => {
      const jobs = await daemon.journal('job');
      return jobs.length > 0 && jobs;
    });
    expect(job).toMatchObject({ job: 'cleanup', said: 'freed 0 KiB: 1 rotated log', error: null });
    expect(daemon.run('stop', 's').code).toBe(0);
    expect(daemon.run('cleanup').out).toContain('1 old version');
    expect(existsSync(old)).toBe(false);
  });
});

describe('the schedule', { timeout: 180_000 }, () => {
  test('counts from a reload on, and its jobs are in log and state', async () => {
    const daemon = await startDaemon(
      { s: fixture() },
      { more: { schedule: { cleanup: null, backup: null } } },
    );
    await daemon.up('s');
    daemon.rewriteConfig({ s: fixture() }, { schedule: { cleanup: null, backup: '* * * * * *' } });
    daemon.child.kill('SIGHUP');
    const jobs = await waitFor(async () => {
      const done = await daemon.journal('job');
      return done.length >= 2 && done;
    });
    expect(jobs[0]).toMatchObject({
      job: 'backup',
      error: null,
      said: expect.stringContaining('backed up 2 files'),
    });
    expect(jobs.at(-1)?.said).toContain('nothing changed since');
    await waitFor(() => daemon.output().includes('Job done'), { what: 'the log line' });
    expect(daemon.output()).not.toMatch(/"took":\d+\.\d/u);
    expect((await daemon.server('s')).run).toBe(1);
    const state: { jobs: object } = JSON.parse(readFileSync(`${daemon.home}/run/state.json`, 'utf8'));
    expect(state.jobs).toMatchObject({ backup: { rule: '* * * * * *', lastRunAt: expect.any(Number) } });
    expect(readdirSync(`${daemon.home}/backups`)).toHaveLength(1);
  });
});

describe('backup', { timeout: 90_000 }, () => {
  test('creates, lists and restores where no daemon runs', () => {
    const { home } = tempHome();
    const run = (...argv: string[]) => runCli(home, ['backup', ...argv]);
    expect(run('list').out).toBe('No backups yet. Make one with mcp-watchdog backup\n');
    expect(run().out).toContain('Nothing to back up');
    writeConfig(home, { a: { command: ['x'], envFile: 'a.env' } });
    writeFileSync(join(home, 'a.env'), 'TOKEN=first-secret\n', { mode: 0o600 });
    const created = run('create');
    expect(created).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Backed up 2 files, .* as \S+\n$/),
    });
    const [id] = readdirSync(join(home, 'backups'));
    const original = readFileSync(join(home, 'config.yaml'), 'utf8');

    writeConfig(home, { b: { command: ['y'] } });
    rmSync(join(home, 'a.env'));
    const restored = run('restore', id ?? '');
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(restored.out.split('\n')).toEqual([
      `${id} is complete, and its config is valid`,
      expect.stringMatching(/^What was there is backed up as \S+$/),
      'Restored a.env, config.yaml',
      '',
    ]);
    expect(readFileSync(join(home, 'config.yaml'), 'utf8')).toBe(original);
    expect(readFileSync(join(home, 'a.env'), 'utf8')).toContain('first-secret');
    expect(runCli(home, ['config', 'validate']).code).toBe(0);

    // The newest backup is now what the restore replaced: to restore it is to undo.
    expect(run('list').out).toMatch(/restore +1 .* ok\n.* manual +2 .* ok\n$/);
    expect(run('restore', 'latest').code).toBe(0);
    expect(readFileSync(join(home, 'config.yaml'), 'utf8')).toContain('"b"');
    const all: { id: string; damage: string | null; by: string }[] = JSON.parse(run('list', '--json').out)
      .data.backups;
    expect(all.map(({ by, damage }) => [by, damage])).toEqual([
      ['restore', null],
      ['restore', null],
      ['manual', null],
    ]);
    expect(run('list').out).not.toContain('first-secret');
  });

  test('refuses what is damaged, missing, no longer valid, or not asked for in a way that makes sense', () => {
    const { home } = tempHome();
    const run = (...argv: string[]) => runCli(home, ['backup', ...argv]);
    writeConfig(home, { a: { comand: ['x'] } });
    expect(run()).toMatchObject({ code: 0, out: expect.stringContaining('warning: ') });
    const [invalid = ''] = readdirSync(join(home, 'backups'));
    writeConfig(home, { a: { command: ['x'] } });
    const before = readFileSync(join(home, 'config.yaml'), 'utf8');
    const refusal = run('restore', invalid);
    expect(refusal).toMatchObject({ code: 2, err: expect.stringContaining('comand') });
    // The config that is in place has no fault, and nobody is to look for one there.
    expect(refusal.err).toMatch(/^error: Cannot restore \S+: its config is not valid: config\.yaml:/u);
    expect(refusal.err).toContain('hint: Nothing was changed');
    writeFileSync(join(home, 'backups', invalid, 'files/config.yaml'), before);
    expect(run('restore', 'latest')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not what was copied'),
    });
    expect(run('list').out).toContain('damaged: its config.yaml');
    expect(run('restore', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('no such backup') });
    expect(run('restore')).toMatchObject({
      code: 2,
      err: expect.stringContaining('the id of a backup is missing'),
    });
    expect(run('list', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('hint: ') });
    expect(readFileSync(join(home, 'config.yaml'), 'utf8')).toBe(before);
    expect(readdirSync(join(home, 'backups'))).toEqual([invalid]);
  });

  test('restores under a running daemon: stopped, replaced, started again, wishes and all', async () => {
    const daemon = await startDaemon({ a: fixture(), b: fixture() });
    const { pid } = await daemon.up('a');
    await daemon.up('b');
    expect(daemon.run('stop', 'b').code).toBe(0);
    expect(daemon.run('backup').code).toBe(0);
    expect(daemon.run('start', 'b').code).toBe(0);
    await daemon.up('b');
    daemon.rewriteConfig({ c: fixture() });
    onTestFinished(() => void runCli(daemon.home, ['stop']));
    const { code, out, err } = daemon.run('backup', 'restore', 'latest');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /is complete.*\nStopped the daemon with pid \d+ .*\nWhat was there .*\nRestored run\/state.json, config.yaml\nThe daemon runs again, pid \d+\n$/,
    );
    expect(isRunning(pid ?? 0)).toBe(false);
    const { servers }: { servers: { name: string; desired: string }[] } = JSON.parse(
      daemon.run('status', '--json').out,
    ).data;
    expect(servers.map(({ name, desired }) => [name, desired])).toEqual([
      ['a', 'up'],
      ['b', 'down'],
    ]);
  });

  test('the counters outlive the loss of the state file and of its backup beside it', async () => {
    const first = await startDaemon({ s: fixture() });
    const { pid } = await first.up('s');
    process.kill(pid ?? 0, 'SIGKILL');
    await first.until('s', 'restarted', ({ restarts }) => restarts.signal === 1);
    await first.stop();
    expect(runCli(first.home, ['backup']).code).toBe(0);
    for (const name of ['state.json', 'state.json.bak'])
      writeFileSync(`${first.home}/run/${name}`, '{"version":1,"wis');
    const second = await startDaemon({ s: fixture() }, { home: first.home });
    await second.up('s');
    expect(await second.metric('mcp_watchdog_server_restarts_total{server="s",reason="signal"}')).toBe(1);
    expect(second.output()).toContain('The state file was damaged');
  });
});
