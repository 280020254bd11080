// What the schedule does by itself, on virtual time.
import { describe, expect, test } from 'vitest';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { updateServers } from '../../src/updates/requests.ts';
import { runScheduled, checkOverdue } from '../../src/updates/scheduled.ts';
import { specOf } from '../fakes/spec.ts';
import { MINUTE, packageSpec, updatesStage } from './stage.ts';

const NEVER = new AbortController().signal;

function withPolicy(name: string, policy: ServerSpec['update']['policy'], version = 'latest'): ServerSpec {
  const { update: rest } = packageSpec();
  return packageSpec(name, { version, update: { ...rest, policy } });
}

async function round(
  specs: ServerSpec[],
  prepare: (stage: ReturnType<typeof updatesStage>) => unknown = () => undefined,
) {
  const current = Object.fromEntries(specs.map(({ name }) => [name, '1.0.0']));
  const stage = updatesStage({ specs, current });
  stage.begin();
  await stage.go();
  prepare(stage);
  const going = runScheduled(stage.requests, NEVER);
  await stage.go(3 * MINUTE);
  return { stage, result: await going };
}

describe('a round', () => {
  test('looks at all that may be looked at, updates those that may, and tells in one line', async () => {
    const specs = [
      withPolicy('auto', 'auto'),
      withPolicy('also', 'auto'),
      withPolicy('told', 'notify'),
      withPolicy('never', 'off'),
      specOf({ name: 'command' }),
    ];
    const { stage, result } = await round(specs);
    expect(result).toEqual({
      said: 'checked 3, 3 updates available (auto 2.0.0, also 2.0.0, told 2.0.0), 2 updated',
      error: null,
    });
    expect(stage.acts.filter((act) => act.startsWith('link'))).toEqual([
      'link auto 2.0.0',
      'link also 2.0.0',
    ]);
    expect(
      stage.events.flatMap((event) => (event.kind === 'update-checked' ? event.server : [])),
    ).not.toContain('never');
  });

  test('never touches what the config or an operator has named', async () => {
    const { stage, result } = await round(
      [withPolicy('exact', 'auto', '1.0.0'), withPolicy('s', 'auto')],
      (it) => it.updater.store.setMemory(packageSpec('s'), { ...it.memory('s'), pinned: '1.0.0' }),
    );
    expect(stage.acts).toEqual([]);
    expect(result.said).toContain('checked 2');
  });

  test('tells who could not be looked at, and goes on', async () => {
    const { stage, result } = await round([withPolicy('s', 'auto'), withPolicy('t', 'auto')], (it) =>
      it.outlooks.set('s', { candidate: null, error: 'Cannot ask the registry: offline' }),
    );
    expect(result).toEqual({
      said: 'checked 1, 1 update available (t 2.0.0), 1 updated',
      error: expect.stringContaining('could not check s: Cannot ask the registry: offline'),
    });
    expect(stage.progress('t')).toMatchObject({ phase: 'probation' });
  });

  test('counts no update that was given up', async () => {
    const { result } = await round([withPolicy('s', 'auto')], (it) => it.fates.set('2.0.0', 'exits'));
    expect(result.said).toBe('checked 1, 1 update available (s 2.0.0)');
  });

  test('leaves alone whose update is under way', async () => {
    const specs = [withPolicy('s', 'auto')];
    const stage = updatesStage({ specs, current: { s: '1.0.0' } });
    stage.begin();
    await stage.go();
    await updateServers(['s'], { to: null, dryRun: false }, stage.requests);
    await stage.go(MINUTE);
    expect(await runScheduled(stage.requests, NEVER)).toMatchObject({ error: null });
    expect(stage.acts.filter((act) => act.startsWith('install'))).toHaveLength(1);
  });

  test('ends with the daemon', async () => {
    const stage = updatesStage({
      specs: [withPolicy('s', 'auto'), withPolicy('t', 'auto')],
      current: { s: '1', t: '1' },
    });
    stage.begin();
    stage.hold('install');
    const going = runScheduled(stage.requests, NEVER);
    await stage.go();
    await stage.updater.close();
    await going;
    expect(stage.acts).toEqual(['install s 2.0.0']);
  });
});

test('a first look is taken at whom nobody has looked at for long, and changes nothing', async () => {
  const stage = updatesStage({
    specs: [withPolicy('s', 'auto'), withPolicy('t', 'auto')],
    saved: {
      t: { package: '@x/t', checkedAt: Date.UTC(2026, 0, 1), memory: {}, outlook: null, progress: null },
    },
    current: { s: '1.0.0', t: '1.0.0' },
  });
  stage.begin();
  await stage.go();
  const looked = (): string[] =>
    stage.events.flatMap((event) => (event.kind === 'update-checked' ? event.server : []));
  await checkOverdue(stage.requests, 8 * 1440 * MINUTE);
  expect(looked()).toEqual(['s']);
  await checkOverdue(stage.requests, 8 * 1440 * MINUTE);
  expect(looked()).toEqual(['s']);
  expect(stage.acts).toEqual([]);
});
