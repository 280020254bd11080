// Home whose disk takes no writes when the daemon starts: it runs, says so, is reachable, and recovers by itself.
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canBecomeOther } from '../fakes/other-user.ts';
import { requireProgram, requireThat } from '../fakes/require-program.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, leftOver, startDaemon } from './daemon.ts';

/** A user who is not root: root may use the last blocks of some file systems, and pass over permissions. */
const USER = 1000;

interface Trouble {
  readonly reason: RegExp;
  readonly uid: number;
  readonly begin: (home: string) => void;
  readonly end: (home: string) => void;
}

const full: Pick<Trouble, 'reason' | 'begin' | 'end'> = {
  reason: /ENOSPC/,
  begin: (home) => fill(join(home, 'filler')),
  end: (home) => rmSync(join(home, 'filler')),
};

const withoutInodes: typeof full = {
  reason: /ENOSPC/,
  begin(home) {
    mkdirSync(join(home, 'many'));
    remount(home, 'nr_inodes=20');
    try {
      for (let n = 0; n < 20; n += 1) writeFileSync(join(home, 'many', String(n)), '');
    } catch {
      // None is left.
    }
  },
  end: (home) => remount(home, 'nr_inodes=1000'),
};

const readOnly: typeof full = {
  reason: /EROFS/,
  begin: (home) => remount(home, 'ro'),
  end: (home) => remount(home, 'rw'),
};

const canMountAll =
  canBecomeOther() && requireThat('the right to mount', canMount()) && requireProgram('setpriv');

describe.skipIf(!canMountAll)('a disk that takes no writes at the start', { timeout: 180_000 }, () => {
  test.each<[string, Trouble]>([
    ['is full, for a user', { ...full, uid: USER }],
    ['has no inodes', { ...withoutInodes, uid: 0 }],
    ['is read-only, for a user', { ...readOnly, uid: USER }],
  ])('because it %s', async (_, { reason, uid, begin, end }) => {
    const home = disk();
    const as = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const run = (...argv: string[]) => command(home, as, argv);
    const daemon = await startDaemon(
      { s: fixture(), t: fixture() },
      {
        home,
        wrapper: as,
        afterConfig() {
          for (const path of [home, join(home, 'config.yaml')]) chownSync(path, uid, uid);
          begin(home);
        },
      },
    );
    await daemon.up('s');
    await daemon.up('t');

    // It says so, everywhere.
    await waitFor(() => daemon.output().includes('The home takes no writes'), { what: 'the log line' });
    await waitFor(async () => reason.test((await daemon.status()).daemon.unsaved?.reason ?? ''), {
      what: 'the status to tell',
    });
    expect(await daemon.metric('mcp_watchdog_state_last_persist_successful')).toBe(0);
    expect(run('status')).toMatchObject({ code: 0, out: expect.stringContaining('cannot be saved') });

    // It is the only one, and obeys.
    expect(run('run')).toMatchObject({
      code: 0,
      err: expect.stringContaining(`pid ${daemon.pid} already does`),
    });
    expect(run('stop', 't')).toMatchObject({
      code: 0,
      err: expect.stringContaining('will not survive a restart'),
    });
    expect(run('stop', 't', '--json').out).toMatch(/"unsaved": "E[A-Z]+:/u);
    // As the config says: nothing to be lost.
    const restarted = run('restart', 's', '--json');
    expect(restarted.code).toBe(0);
    expect(restarted.out).not.toContain('unsaved');

    end(home);
    await waitFor(async () => (await daemon.metric('mcp_watchdog_state_last_persist_successful')) === 1, {
      what: 'the state to be saved',
    });
    await waitFor(() => existsSync(join(home, 'run', 'control.sock')), {
      what: 'the socket to be in the home',
    });
    expect(readFileSync(join(home, 'run', 'state.json'), 'utf8')).toContain('"wishes":{"t":"down"}');
    await waitFor(() => daemon.output().includes('lock and socket are in it now'), {
      what: 'the end to be told',
    });
    expect(run('start', 't')).toMatchObject({ code: 0, err: '' });
    expect(run('status').out).not.toContain('cannot be saved');
    expect(run('stop')).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(join(home, 'run'))).not.toContain('control.sock');
  });

  test('starts in the background, and after a death it knows what it knew', async () => {
    const home = disk();
    const first = await startDaemon({ s: fixture() }, { home });
    const { pid } = await first.up('s');
    process.kill(pid ?? 0, 'SIGKILL');
    await first.until('s', 'restarted', ({ restarts }) => restarts.signal === 1);
    await first.stop('SIGKILL');
    await waitFor(async () => (await leftOver(home)).length === 0);
    full.begin(home);
    onTestFinished(() => void command(home, [], ['stop']));
    expect(command(home, [], ['start'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('The daemon runs'),
    });
    await waitFor(() => /"signal": 1/.test(command(home, [], ['status', 's', '--json']).out), {
      what: 'the counters',
    });
    // Making room is what helps: it needs the lock that cannot be written.
    expect(command(home, [], ['stop']).code).toBe(0);
    expect(command(home, [], ['cleanup'])).toMatchObject({ code: 0 });
    full.end(home);
    const next = await startDaemon({ s: fixture() }, { home });
    expect((await next.up('s')).restarts).toMatchObject({ signal: 1 });
  });

  test('never lets a second daemon in when the disk has room before the first one has noticed', async () => {
    const home = disk();
    const daemon = await startDaemon({ s: fixture() }, { home, afterConfig: () => full.begin(home) });
    await daemon.up('s');
    daemon.child.kill('SIGSTOP');
    full.end(home);
    const second = command(home, [], ['run']);
    daemon.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 0, err: expect.stringContaining(`pid ${daemon.pid} already does`) });
  });
});

function disk(): string {
  const mounted = mountTinyDisk('2m');
  onTestFinished(() => mounted?.remove());
  return mounted?.folder ?? '';
}

function command(home: string, wrapper: readonly string[], argv: readonly string[]) {
  const [program, ...rest] = [...wrapper, process.execPath, CLI, ...argv, '--home', home];
  // Another user cannot look for a service file in ours.
  const env = { ...process.env, HOME: home, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', env, timeout: 40_000 });
  return { code: status, out: stdout, err: stderr };
}

function remount(home: string, options: string): void {
  expect(spawnSync('mount', ['-o', `remount,${options}`, home]).status).toBe(0);
}

function fill(path: string): void {
  for (const size of [65_536, 4096, 512, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
