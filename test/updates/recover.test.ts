// A daemon that finds an update of an earlier one.
import { describe, expect, test } from 'vitest';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import type { SavedProgress } from '../../src/core/update/update-record.ts';
import { updateServers } from '../../src/updates/requests.ts';
import { MINUTE, packageSpec, updatesStage } from './stage.ts';

const SAVED: SavedProgress = {
  phase: 'probation',
  plan: {
    kind: 'update',
    from: '1.0.0',
    to: '2.0.0',
    by: 'operator',
    wish: 'latest',
    isPin: false,
    since: 1,
  },
  notice: null,
  verdict: null,
  deaths: 0,
  baselineBytes: 77,
  isPaused: false,
};

type Stage = ReturnType<typeof updatesStage>;

async function risen(
  progress: Partial<SavedProgress> | { phase: string },
  {
    current = '2.0.0',
    prepare = () => undefined,
    specs = [packageSpec()],
  }: { current?: string; prepare?: (stage: Stage) => unknown; specs?: ServerSpec[] } = {},
) {
  const record = {
    package: '@x/s',
    memory: {},
    checkedAt: 5,
    outlook: null,
    progress: { ...SAVED, ...progress },
  };
  const stage = updatesStage({ saved: { s: record }, current: { s: current }, specs });
  prepare(stage);
  await stage.updater.recover(stage.specs);
  stage.begin();
  await stage.go();
  return stage;
}

describe('a daemon after one that died', () => {
  test.each(['installing', 'canary', 'waiting'] as const)(
    'while it was %s has changed nothing',
    async (phase) => {
      const stage = await risen({ phase }, { current: '1.0.0' });
      expect(stage.acts).toEqual([]);
      expect(stage.memory().last).toMatchObject({
        result: 'failed',
        reason: expect.stringContaining('interrupted'),
      });
      expect(stage.events.filter((event) => event.kind === 'update-settled' && event.isNews)).toHaveLength(1);
      expect(stage.disk).toMatchObject({ s: { progress: null } });
      expect(await updateServers(['s'], { to: null, dryRun: false }, stage.requests)).toMatchObject([
        { answer: 'begun' },
      ]);
    },
  );

  test('while it switched links back before anything is started', async () => {
    const stage = await risen({ phase: 'switching' });
    expect(stage.acts).toEqual(['link s 1.0.0']);
    expect(stage.events.find(({ kind }) => kind === 'spawned')).toMatchObject({ version: '1.0.0' });
    expect(stage.memory()).toMatchObject({ bad: [], last: { result: 'rolled_back' } });
  });

  test('on probation begins it anew, with what is known of the old version', async () => {
    const stage = await risen({ phase: 'probation' }, { current: '1.0.0' });
    expect(stage.acts).toEqual(['link s 2.0.0']);
    expect(stage.disk).toMatchObject({ s: { progress: { phase: 'probation', deaths: 1 } } });
    expect(stage.judged).toMatchObject([{ baselineBytes: 77 }]);
    await stage.go(9 * MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation' });
    await stage.go(2 * MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'committed' });
  });

  test('on probation goes back when the new version does not come up', async () => {
    const stage = await risen({ phase: 'probation' }, { prepare: (it) => it.fates.set('2.0.0', 'exits') });
    await stage.go();
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory()).toMatchObject({ bad: [{ version: '2.0.0' }], last: { result: 'rolled_back' } });
  });

  test('goes on trying to link back where the disk refuses, and starts the old version all the same', async () => {
    const stage = await risen({ phase: 'switching' }, { prepare: (it) => it.linkFails.add('1.0.0') });
    expect(stage.events.find(({ kind }) => kind === 'spawned')).toMatchObject({ version: '1.0.0' });
    expect(stage.progress()).toMatchObject({ phase: 'rolling_back' });
    stage.linkFails.clear();
    await stage.go(MINUTE);
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory().last).toMatchObject({
      result: 'rolled_back',
      reason: expect.stringContaining('interrupted'),
    });
  });

  test('leaves links alone where the config asks for something else by now', async () => {
    const stage = await risen({ phase: 'switching' }, { specs: [packageSpec('s', { version: '^1' })] });
    expect(stage.acts).toEqual([]);
    expect(stage.memory()).toMatchObject({ previous: '1.0.0', last: { result: 'held' } });
    expect(stage.updater.isBusy('s')).toBe(false);
  });

  test('leaves links alone where there is no such server', async () => {
    const stage = await risen({ phase: 'switching' }, { specs: [packageSpec('other')] });
    expect(stage.acts).toEqual([]);
    expect(stage.disk).toMatchObject({ s: { progress: null } });
  });

  test('says of a record that makes no sense that it is dropped', async () => {
    const stage = await risen({ phase: 'levitating' });
    expect(stage.acts).toEqual(['dropped s']);
    expect(stage.updater.isBusy('s')).toBe(false);
  });

  test('of its own free will pauses a probation', async () => {
    const stage = updatesStage({ current: { s: '1.0.0' } });
    stage.begin();
    await stage.go();
    await updateServers(['s'], { to: null, dryRun: false }, stage.requests);
    await stage.go(MINUTE);
    await stage.updater.close();
    expect(stage.disk).toMatchObject({ s: { progress: { phase: 'probation', isPaused: true } } });
  });

  test.each(['install', 'canary'])('that is stopped during %s does not wait for it', async (step) => {
    const stage = updatesStage({ current: { s: '1.0.0' } });
    stage.begin();
    await stage.go();
    stage.hold(step);
    await updateServers(['s'], { to: null, dryRun: false }, stage.requests);
    await stage.go();
    await stage.updater.close();
    await stage.go(MINUTE);
    expect(stage.acts.filter((act) => /link|restart/.test(act))).toEqual([]);
  });
});
