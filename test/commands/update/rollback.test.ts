// `rollback` for people and scripts, against a daemon with scripted answers.
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { UpdateAnswer } from '../../../src/core/model/update.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import { answerOf, COMMITTED, memoryOf, progressOf, updateOf } from '../../fakes/updates.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const back = { from: '4.1.1', to: '4.0.7' } as const;

async function begin(argv: readonly string[], answers: readonly UpdateAnswer[]) {
  const daemon = fakeDaemon(status([serverStatus({ update: updateOf() })]));
  daemon.answers = answers;
  const paths = missingHome();
  const control = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => control.close());
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
  return { daemon, io, ended: runCli(argv, io) };
}

describe('rollback', () => {
  it('follows until the version from before runs again', async () => {
    const { daemon, io, ended } = await begin(['rollback', 'context7'], [answerOf(back)]);
    await waitFor(() => daemon.watched() > 0);
    const progress = progressOf({ phase: 'switching', ...back });
    daemon.show(status([serverStatus({ update: updateOf({ progress }) })]));
    await waitFor(() => io.stdout().includes('switching to 4.0.7'));
    const last = { ...COMMITTED, ...back, reason: 'rolled back by an operator' };
    daemon.show(status([serverStatus({ update: updateOf({ memory: memoryOf({ last }) }) })]));
    expect(await ended).toBe(0);
    expect(daemon.asked).toContain('rollback context7');
    expect(io.stdout()).toBe(
      [
        'context7: rollback 4.1.1 → 4.0.7 begun',
        '  context7: switching to 4.0.7',
        'context7: 4.0.7 runs again',
        '',
      ].join('\n'),
    );
  });

  it('breaks off an update that is under way, which then has not failed', async () => {
    const { daemon, io, ended } = await begin(['rollback', 'context7'], [answerOf({ from: null, to: null })]);
    await waitFor(() => daemon.watched() > 0);
    const last = { ...COMMITTED, result: 'failed', reason: 'broken off by an operator' } as const;
    daemon.show(status([serverStatus({ update: updateOf({ memory: memoryOf({ last }) }) })]));
    expect(await ended).toBe(0);
    expect(io.stdout()).toBe('context7: rollback begun\ncontext7: 4.0.7 runs again\n');
  });

  it('fails with the reason when the version from before does not come up', async () => {
    const { daemon, io, ended } = await begin(['rollback'], [answerOf(back)]);
    await waitFor(() => daemon.watched() > 0);
    const last = { ...COMMITTED, ...back, result: 'rolled_back', reason: 'it hangs' } as const;
    daemon.show(status([serverStatus({ update: updateOf({ memory: memoryOf({ last }) }) })]));
    expect(await ended).toBe(1);
    expect(io.stdout()).toContain('context7: 4.0.7 failed, 4.1.1 runs again: it hangs\n');
  });

  it.each<[string, readonly UpdateAnswer[], string]>([
    [
      'for a server',
      [answerOf({ answer: 'nothing', from: '4.1.1', to: null })],
      'context7: nothing to do, there is no earlier version to go back to\n',
    ],
    ['at all', [], 'There is nothing to roll back\n'],
  ])('has nothing to do when there is nothing to go back to %s', async (_, answers, out) => {
    const { io, ended } = await begin(['rollback'], answers);
    expect(await ended).toBe(0);
    expect(io.stdout()).toBe(out);
  });

  it('only tells the plan with --dry-run, also as JSON', async () => {
    const planned = answerOf({ ...back, answer: 'planned', steps: ['switch the link', 'restart'] });
    const { daemon, io, ended } = await begin(['rollback', 'context7', '--dry-run', '--json'], [planned]);
    expect(await ended).toBe(0);
    expect(daemon.asked).toEqual(['rollback --dry-run context7']);
    expect(JSON.parse(io.stdout()).data).toMatchObject({
      exitCode: 0,
      servers: [{ server: 'context7', result: 'planned', ...back, steps: planned.steps }],
    });
  });
});
