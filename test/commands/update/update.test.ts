// `update` for people and scripts, against a daemon with scripted answers.
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import type { UpdateAnswer, UpdateStatus } from '../../../src/core/model/update.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { type FakeDaemon, fakeDaemon } from '../../fakes/control-handlers.ts';
import { type FakeIo, type FakeIoOptions, fakeIo } from '../../fakes/io.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import {
  answerOf,
  COMMITTED,
  memoryOf,
  outlookOf,
  progressOf,
  ROLLED_BACK,
  updateOf,
} from '../../fakes/updates.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const server = (update: UpdateStatus | null = updateOf(), change: Partial<ServerStatus> = {}) =>
  serverStatus({ version: '4.0.7', update, ...change });

interface Begun {
  readonly daemon: FakeDaemon;
  readonly io: FakeIo;
  readonly ended: Promise<number>;
}

async function begin(
  argv: readonly string[],
  { daemon = fakeDaemon(status([server()])), ...options }: FakeIoOptions & { daemon?: FakeDaemon } = {},
): Promise<Begun> {
  const paths = missingHome();
  const control = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => control.close());
  const io = fakeIo({ ...options, env: { MCP_WATCHDOG_HOME: paths.home } });
  return { daemon, io, ended: runCli(argv, io) };
}

async function ask(argv: readonly string[], answers: readonly UpdateAnswer[]) {
  const daemon = fakeDaemon(status([server()]));
  daemon.answers = answers;
  const { io, ended } = await begin(argv, { daemon });
  return { code: await ended, out: io.stdout(), err: io.stderr(), asked: daemon.asked };
}

/** An update of context7 that was begun and is being followed. */
async function following(argv: readonly string[] = ['update', 'context7'], options: FakeIoOptions = {}) {
  const daemon = fakeDaemon(status([server()]));
  daemon.answers = [answerOf()];
  const begun = await begin(argv, { daemon, ...options });
  await waitFor(() => daemon.watched() > 0, { what: 'the command to follow' });
  const show = (update: UpdateStatus, change: Partial<ServerStatus> = {}) =>
    daemon.show(status([server(update, change)]));
  return { ...begun, show };
}

const probation = progressOf({ phase: 'probation', until: Date.now() + 10 * MINUTE });

describe('update', () => {
  it('follows what it began until the new version is on probation', async () => {
    const { io, show, ended } = await following();
    show(updateOf({ progress: progressOf({ phase: 'installing', detail: '12 packages' }) }));
    await waitFor(() => io.stdout().includes('installing'));
    show(updateOf({ progress: progressOf({ phase: 'installing', detail: '99 packages' }) }));
    show(updateOf({ progress: progressOf({ phase: 'canary' }) }));
    await waitFor(() => io.stdout().includes('canary'));
    show(updateOf({ progress: probation }));
    expect(await ended).toBe(0);
    expect(io.stdout().split('\n')).toEqual([
      'context7: update 4.0.7 → 4.1.1 begun',
      '  context7: installing 4.1.1',
      '  context7: canary of 4.1.1',
      '  context7: 4.1.1 on probation',
      expect.stringMatching(
        /^context7: 4\.1\.1 runs, on probation for \d+ min; mcp-watchdog status context7 shows its progress$/u,
      ),
      '',
    ]);
    expect(io.listening()).toBe(0);
  });

  it('tells on a terminal what npm says as well', async () => {
    const { io, show, ended } = await following(undefined, { terminal: { columns: 100, rows: 20 } });
    show(updateOf({ progress: progressOf({ phase: 'installing', detail: '12 packages' }) }));
    await waitFor(() => io.stdout().includes('installing 4.1.1: 12 packages'));
    show(updateOf({ progress: probation }));
    await ended;
  });

  it('waits with --wait until the version is kept', async () => {
    const { io, show, ended } = await following(['update', 'context7', '--wait']);
    show(updateOf({ progress: probation }));
    await waitFor(() => io.stdout().includes('on probation'));
    show(updateOf({ memory: memoryOf({ last: COMMITTED }) }));
    expect(await ended).toBe(0);
    expect(io.stdout()).toContain('context7: 4.1.1 is kept, it was 4.0.7\n');
  });

  it.each([
    [ROLLED_BACK, 'context7: 4.1.1 failed, 4.0.7 runs again: it ended: exited with code 1'],
    [
      { ...COMMITTED, result: 'failed', reason: 'npm: no space left on device' } as const,
      'context7: 4.1.1 was not installed: npm: no space left on device',
    ],
    [
      { ...COMMITTED, result: 'held', reason: 'the tool search is gone' } as const,
      'context7: 4.1.1 was not installed: the tool search is gone',
    ],
  ])('fails with the reason when it ends otherwise', async (last, line) => {
    const { io, show, ended } = await following();
    show(updateOf({ memory: memoryOf({ last }) }));
    expect(await ended).toBe(1);
    expect(io.stdout()).toContain(`${line}\n`);
  });

  it('does not take the end of an earlier update for its own', async () => {
    const earlier = memoryOf({ last: { ...ROLLED_BACK, at: NOW - 60 * MINUTE } });
    const daemon = fakeDaemon(status([server(updateOf({ memory: earlier }))]));
    daemon.answers = [answerOf()];
    const { ended } = await begin(['update'], { daemon });
    await waitFor(() => daemon.watched() > 0);
    daemon.show(status([server(updateOf({ memory: earlier, progress: progressOf() }))]));
    daemon.show(status([server(updateOf({ memory: earlier, progress: probation }))]));
    expect(await ended).toBe(0);
  });

  it('leaves the update running at Ctrl-C, and says so', async () => {
    const { io, show, ended } = await following();
    show(updateOf({ progress: progressOf() }));
    await waitFor(() => io.stdout().includes('installing'));
    io.signal('SIGINT');
    expect(await ended).toBe(1);
    expect(io.stdout()).toContain('context7: the update continues; see mcp-watchdog status context7\n');
    expect(io.listening()).toBe(0);
  });

  it('follows several, each to its own end', async () => {
    const both = (one: UpdateStatus, other: UpdateStatus) =>
      status([server(one), server(other, { name: 'files' })]);
    const daemon = fakeDaemon(both(updateOf(), updateOf()));
    daemon.answers = [answerOf(), answerOf({ server: 'files' })];
    const { io, ended } = await begin(['update'], { daemon });
    await waitFor(() => daemon.watched() > 0);
    daemon.show(both(updateOf({ progress: probation }), updateOf()));
    await waitFor(() => io.stdout().includes('context7: 4.1.1 on probation'));
    expect(io.stdout()).not.toContain('waits');
    daemon.show(
      both(updateOf({ memory: memoryOf({ last: COMMITTED }) }), updateOf({ progress: progressOf() })),
    );
    await waitFor(() => io.stdout().includes('files: installing'));
    daemon.show(
      both(
        updateOf({ memory: memoryOf({ last: COMMITTED }) }),
        updateOf({ memory: memoryOf({ last: ROLLED_BACK }) }),
      ),
    );
    expect(await ended).toBe(1);
    expect(io.stdout()).toMatch(/context7: 4\.1\.1 is kept.*\nfiles: 4\.1\.1 failed/u);
  });

  it('says who has to wait for whom, once, and not of one that has ended', async () => {
    const both = (one: UpdateStatus, other: UpdateStatus) =>
      status([server(one), server(other, { name: 'files' })]);
    const daemon = fakeDaemon(both(updateOf(), updateOf()));
    daemon.answers = [answerOf(), answerOf({ server: 'files' })];
    const { io, ended } = await begin(['update'], { daemon });
    await waitFor(() => daemon.watched() > 0);
    daemon.show(both(updateOf({ progress: progressOf() }), updateOf()));
    await waitFor(() => io.stdout().includes('files: waits'));
    daemon.show(both(updateOf({ progress: progressOf({ phase: 'canary' }) }), updateOf()));
    await waitFor(() => io.stdout().includes('context7: canary'));
    const committed = updateOf({ memory: memoryOf({ last: COMMITTED }) });
    daemon.show(both(committed, updateOf({ progress: progressOf() })));
    await waitFor(() => io.stdout().includes('files: installing'));
    daemon.show(both(committed, committed));
    expect(await ended).toBe(0);
    expect(io.stdout().match(/waits/gu)).toHaveLength(1);
    expect(io.stdout()).toContain('files: waits until the update of context7 is switched\n');
  });

  it('does not say of one whose update has failed already that it waits', async () => {
    const both = (one: UpdateStatus, other: UpdateStatus) =>
      status([server(one), server(other, { name: 'files' })]);
    const daemon = fakeDaemon(both(updateOf(), updateOf()));
    daemon.answers = [answerOf(), answerOf({ server: 'files' })];
    const { io, ended } = await begin(['update'], { daemon });
    await waitFor(() => daemon.watched() > 0);
    const failed = updateOf({ memory: memoryOf({ last: ROLLED_BACK }) });
    daemon.show(both(failed, updateOf({ progress: progressOf() })));
    await waitFor(() => io.stdout().includes('files: installing'));
    daemon.show(both(failed, updateOf({ memory: memoryOf({ last: COMMITTED }) })));
    expect(await ended).toBe(1);
    expect(io.stdout()).not.toContain('waits');
  });

  it('does not wait for ever for a turn that was taken away', async () => {
    const clock = new FakeClock();
    const { io, ended } = await following(undefined, { clock });
    await waitFor(async () => {
      await clock.advance(1000);
      return io.stdout().includes('it was cancelled before its turn came');
    });
    expect(await ended).toBe(1);
  });

  it('says that a version that runs already stays', async () => {
    const { code, out, asked } = await ask(
      ['update', 'context7', '--to', '4.0.7'],
      [answerOf({ answer: 'nothing', from: '4.0.7', to: '4.0.7' })],
    );
    expect({ code, out }).toEqual({
      code: 0,
      out: 'context7: nothing to do, 4.0.7 runs already; it stays\n',
    });
    expect(asked).toEqual(['update context7']);
  });

  it('ends when the config no longer has the server', async () => {
    const { daemon, io, ended } = await following();
    daemon.show(status([]));
    expect(await ended).toBe(1);
    expect(io.stdout()).toContain('the config no longer has it as a package');
  });

  it.each<[string, Partial<UpdateAnswer>, number, string]>([
    [
      'nothing to do',
      { answer: 'nothing', from: '4.1.1', to: null },
      0,
      'context7: nothing to do, 4.1.1 is the newest\n',
    ],
    [
      'held',
      { answer: 'held', to: '5.0.0', reason: 'it needs node >=22', hint: 'run it with another node' },
      1,
      'context7: 5.0.0 is held: it needs node >=22\n  hint: run it with another node\n',
    ],
    [
      'busy',
      { answer: 'busy', reason: 'it is being updated to 4.1.1' },
      1,
      'context7: it is being updated to 4.1.1\n',
    ],
    ['refused', { answer: 'refused', reason: 'no\u001B[2Jthing' }, 1, 'context7: nothing\n'],
  ])('answers at once when there is %s', async (_, change, code, out) => {
    expect(await ask(['update', 'context7'], [answerOf(change)])).toMatchObject({ code, out, err: '' });
  });

  it('only tells the plan with --dry-run', async () => {
    const steps = ['install 4.1.1 beside 4.0.7', 'try it on the side'];
    const { code, out, asked } = await ask(
      ['update', 'context7', '--dry-run'],
      [answerOf({ answer: 'planned', steps })],
    );
    expect({ code, asked }).toEqual({ code: 0, asked: ['update --dry-run context7'] });
    expect(out).toBe(
      'context7: update 4.0.7 → 4.1.1 would take these steps:\n  1. install 4.1.1 beside 4.0.7\n  2. try it on the side\n',
    );
  });

  it('says that there is nothing when no server is a package', async () => {
    expect(await ask(['update'], [])).toMatchObject({ code: 0, out: 'There is nothing to update\n' });
  });

  it('prints one JSON document and no progress with --json', async () => {
    const { io, show, ended } = await following(['update', 'context7', '--json']);
    show(updateOf({ progress: progressOf() }));
    show(updateOf({ memory: memoryOf({ last: ROLLED_BACK }) }));
    expect(await ended).toBe(1);
    expect(JSON.parse(io.stdout()).data).toEqual({
      exitCode: 1,
      servers: [
        {
          server: 'context7',
          result: 'rolled_back',
          from: '4.0.7',
          to: '4.1.1',
          reason: 'it ended: exited with code 1',
          hint: null,
          steps: [],
          until: null,
        },
      ],
    });
  });

  it.each([
    [['update', 'a', 'b', '--to', '1.0.0'], '--to is for one server, got 2'],
    [['update', '--to', '1.0.0'], '--to is for one server, got 0'],
    [['update', 'a', '--to', 'latest'], '--to must be a whole version, got "latest"'],
    [['update', 'a', '--to', '^4.1.0'], '--to must be a whole version, got "^4.1.0"'],
    [['update', 'a', '--to', '4.1'], '--to must be a whole version, got "4.1"'],
    [['update', 'a', '--to', '1.2'], 'For example: --to 1.2.0'],
    [['update', 'a', '--to', '^4.1.3'], 'For example: --to 4.1.3'],
    [['update', 'a', '--to', 'v1.x'], 'For example: --to 1.0.0'],
    [['update', 'a', '--to', 'next'], 'Leave --to out'],
    [['update', '--check', '--wait'], '--check only looks'],
  ])('refuses %j before anybody is asked', async (argv, reason) => {
    const { daemon, io, ended } = await begin(argv);
    expect(await ended).toBe(2);
    expect(io.stderr()).toContain(reason);
    expect(daemon.asked).toEqual([]);
  });

  it.each(['2.0rc1', '1.0.post1', '1.0.dev3', '1!0.1', '2026.10.19.1', '1.0a1.post2'])(
    'leaves it to the daemon whether %s is a version of the package',
    async (to) => {
      const { daemon, ended } = await begin(['update', 'context7', '--to', to, '--dry-run']);
      await ended;
      expect(daemon.asked.some((each) => each.startsWith('update'))).toBe(true);
    },
  );

  it('does not know a server that is not there, nor one that is no package', async () => {
    const servers = [server(), server(null, { name: 'mine', source: 'command', package: null })];
    const unknown = await begin(['update', 'contxt7'], { daemon: fakeDaemon(status(servers)) });
    expect(await unknown.ended).toBe(1);
    expect(unknown.io.stderr()).toContain('Did you mean context7?');
    const own = await begin(['update', 'mine'], { daemon: fakeDaemon(status(servers)) });
    expect(await own.ended).toBe(1);
    expect(own.io.stderr()).toContain('Cannot update "mine": it has a command, and no package');
    const back = await begin(['rollback', 'mine'], { daemon: fakeDaemon(status(servers)) });
    expect(await back.ended).toBe(1);
    expect(back.io.stderr()).toContain('Cannot roll back "mine": it has a command, and no package');
  });

  it('does not take a daemon that is still starting for one without servers', async () => {
    const none = status([]);
    const config = { ...none.daemon.config, ok: false, error: null, loadedAt: null };
    const starting = { ...none, daemon: { ...none.daemon, config } };
    const { io, ended } = await begin(['update', 'context7'], { daemon: fakeDaemon(starting) });
    expect(await ended).toBe(1);
    expect(io.stderr()).toContain('the watchdog is still starting');
  });

  it('says without a daemon how to start one', async () => {
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: missingHome().home } });
    expect(await runCli(['update'], io)).toBe(1);
    expect(io.stderr()).toContain('hint: Start it with mcp-watchdog start');
  });
});

describe('update --check', () => {
  const check = async (outlooks: FakeDaemon['outlooks'], argv: readonly string[] = ['update', '--check']) => {
    const daemon = fakeDaemon(status([server()]));
    daemon.outlooks = outlooks;
    const { io, ended } = await begin(argv, { daemon });
    return { code: await ended, lines: io.stdout().split('\n'), asked: daemon.asked };
  };

  it('shows what runs, what there is, and why the newest is not taken', async () => {
    const held = [
      { version: '5.0.0', reason: 'engine', detail: 'it needs node >=22, this is 20.19.0' },
      { version: '4.2.0', reason: 'minimum_age', detail: 'published 2 h ago' },
    ] as const;
    const { code, lines, asked } = await check([
      outlookOf({ latest: '5.0.0', held }),
      outlookOf({ server: 'files', package: 'files-mcp', latest: '4.0.7', candidate: null }),
    ]);
    expect({ code, asked }).toEqual({ code: 0, asked: ['updateCheck'] });
    expect(lines).toEqual([
      'SERVER    PACKAGE                RUNNING  LATEST  CANDIDATE  HELD',
      'context7  @upstash/context7-mcp  4.0.7    5.0.0   4.1.1      5.0.0: it needs node >=22, this is 20.19.0',
      'files     files-mcp              4.0.7    4.0.7   -',
      '',
      'context7 4.2.0: published 2 h ago',
      '',
    ]);
  });

  it('fails only when the registry could not be asked', async () => {
    const error = 'Cannot ask for the versions of x: no network';
    const { code, lines } = await check([outlookOf({ latest: null, candidate: null, error })]);
    expect(code).toBe(1);
    expect(lines).toEqual([`context7: ${error}`, '']);
  });

  it('says when no server is a package', async () => {
    expect((await check([])).lines[0]).toBe('No server is a package: there is nothing to update');
  });

  it('prints the outlooks as JSON', async () => {
    const { lines } = await check([outlookOf()], ['update', 'context7', '--check', '--json']);
    expect(JSON.parse(lines.join('\n')).data).toEqual({ exitCode: 0, servers: [outlookOf()] });
  });
});
