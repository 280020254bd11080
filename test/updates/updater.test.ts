// Updates from the request to the verdict, on virtual time.
import { describe, expect, test } from 'vitest';
import { checkServers, rollBackServers, updateServers } from '../../src/updates/requests.ts';
import { MINUTE, packageSpec, updatesStage } from './stage.ts';

const BEST = { to: null, dryRun: false };

async function begun(options: Parameters<typeof updatesStage>[0] = {}) {
  const stage = updatesStage({ current: { s: '1.0.0' }, ...options });
  stage.begin();
  await stage.go();
  return stage;
}

describe('an update', () => {
  test('is installed, tried, switched to, watched and settled on', async () => {
    const stage = await begun();
    expect(await updateServers(['s'], BEST, stage.requests)).toMatchObject([
      { server: 's', answer: 'begun', from: '1.0.0', to: '2.0.0' },
    ]);
    await stage.go(2000);
    expect(stage.progress()).toMatchObject({ phase: 'probation', from: '1.0.0', to: '2.0.0' });
    expect(stage.progress()?.until).toBeGreaterThan(stage.clock.now() + 9 * MINUTE);
    expect(stage.judged).toMatchObject([{ baselineBytes: 1000 }]);
    await stage.go(10 * MINUTE);
    expect(stage.acts).toEqual([
      'install s 2.0.0',
      'canary s 2.0.0',
      'back up',
      'link s 2.0.0',
      'restart s: 1.0.0 → 2.0.0',
    ]);
    expect(stage.phases()).toEqual(['installing', 'canary', 'waiting', 'switching', 'probation']);
    expect(stage.memory()).toMatchObject({
      previous: '1.0.0',
      bad: [],
      chosen: { wish: 'latest', version: '2.0.0' },
      last: { from: '1.0.0', to: '2.0.0', result: 'committed', reason: null },
    });
    expect(stage.progress()).toBeNull();
    expect(stage.updater.chosen('s', 'latest')).toBe('2.0.0');
    expect(stage.events.findLast(({ kind }) => kind === 'update-checked')).toMatchObject({
      outlook: { running: '2.0.0', candidate: null },
    });
  });

  test('is written down before what is written is done', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2000);
    await stage.go(10 * MINUTE);
    const phases = stage.history.filter((line, index, all) => line !== all[index - 1]);
    expect(phases).toEqual([
      's idle',
      's installing',
      's canary',
      's waiting',
      's switching',
      's probation',
      's idle',
    ]);
  });

  test('does not move a link that could not be written down', async () => {
    const stage = await begun();
    const letGo = stage.hold('back-up');
    await updateServers(['s'], BEST, stage.requests);
    await stage.go();
    stage.diskIsFull = true;
    letGo();
    await stage.go();
    expect(stage.acts).not.toContain('link s 2.0.0');
    expect(stage.memory().last).toMatchObject({
      result: 'failed',
      reason: expect.stringContaining('could not be written to disk'),
    });
    expect(stage.memory().bad).toEqual([]);
  });

  test.each([
    [
      'a refusal of the registry',
      (s: Stage): unknown => s.refusals.set('2.0.0', 'Cannot install: offline'),
      'failed',
      false,
    ],
    [
      'a version that hangs',
      (s: Stage): unknown =>
        s.canaries.set('2.0.0', { ok: false, reason: 'it does not answer', fault: 'version' }),
      'failed',
      true,
    ],
    [
      'no free port',
      (s: Stage): unknown => s.canaries.set('2.0.0', { ok: false, reason: 'no port', fault: 'ours' }),
      'failed',
      false,
    ],
    ['a backup that cannot be written', (s: Stage): unknown => (s.backUpFails = true), 'failed', false],
    ['a link that cannot be moved', (s: Stage): unknown => s.linkFails.add('2.0.0'), 'failed', false],
  ] as const)('given up for %s leaves the old version untouched', async (_, spoil, result, isBad) => {
    const stage = await begun();
    spoil(stage);
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2000);
    expect(stage.acts.filter((act) => act.startsWith('restart'))).toEqual([]);
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory()).toMatchObject({ previous: null, chosen: null, last: { result } });
    expect(stage.memory().bad.map(({ version }) => version)).toEqual(isBad ? ['2.0.0'] : []);
    expect(stage.progress()).toBeNull();
  });

  test.each([
    ['exits', 'EXITED', true],
    ['hangs', 'not healthy', true],
    ['port-taken', 'port 1 is held', false],
  ] as const)('whose new version %s goes back with one restart', async (fate, reason, isBad) => {
    const stage = await begun();
    stage.fates.set('2.0.0', fate);
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2 * MINUTE);
    expect(stage.acts.slice(3)).toEqual([
      'link s 2.0.0',
      'restart s: 1.0.0 → 2.0.0',
      'link s 1.0.0',
      expect.stringContaining('restart s: back to 1.0.0'),
    ]);
    expect(stage.memory().last).toMatchObject({ result: 'rolled_back' });
    expect(stage.memory().last?.reason).toContain(reason === 'EXITED' ? 'exit code 1' : reason);
    expect(stage.memory().bad.map(({ version }) => version)).toEqual(isBad ? ['2.0.0'] : []);
    expect(stage.memory().previous).toBeNull();
    expect(stage.updater.chosen('s', 'latest')).toBeNull();
  });

  test('that fails on probation goes back, and is not tried again by itself', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(5 * MINUTE);
    stage.crash('s');
    await stage.go();
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory().bad).toMatchObject([{ version: '2.0.0', reason: 'it ended: exit code 1' }]);
    expect(stage.events.findLast(({ kind }) => kind === 'update-checked')).toMatchObject({
      outlook: { running: '1.0.0', candidate: null, held: [{ version: '2.0.0', reason: 'bad' }] },
    });
  });

  test.each([
    ['down', false, false],
    ['suspect', true, true],
  ])(
    'that is %s at the end of its probation has not passed until it is up again',
    async (_, isUp, isSuspect) => {
      const stage = await begun();
      await updateServers(['s'], BEST, stage.requests);
      await stage.go(9 * MINUTE);
      stage.report('s', isUp, isSuspect);
      await stage.go(2 * MINUTE);
      expect(stage.progress()).toMatchObject({
        phase: 'probation',
        until: null,
        detail: 'it does not answer right now',
      });
      stage.report('s', true);
      expect(stage.memory().last).toMatchObject({ result: 'committed' });
    },
  );

  test('that is down, and judged to be, goes back even after the end of its probation', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(9 * MINUTE);
    stage.report('s', false);
    await stage.go(2 * MINUTE);
    stage.verdict = 'it is down';
    stage.report('s', false);
    await stage.go(MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'rolled_back', reason: 'it is down' });
  });

  test('is what runs while it is on probation, for whoever asks the registry meanwhile', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    const asked: unknown[] = [];
    const { packages } = stage.ports;
    const check = packages.check.bind(packages);
    packages.check = (...given) => {
      asked.push(given[1].chosen);
      return check(...given);
    };
    await checkServers(['s'], stage.requests);
    expect(asked).toEqual([{ wish: 'latest', version: '2.0.0' }]);
  });

  test('that is judged to use too much on probation goes back', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(5 * MINUTE);
    stage.verdict = 'it uses 900 MiB';
    stage.bus.publish({ kind: 'ticked' });
    await stage.go();
    expect(stage.memory()).toMatchObject({ bad: [{ version: '2.0.0', reason: 'it uses 900 MiB' }] });
  });

  test('goes back even while the disk refuses the link, and moves it when it can', async () => {
    const stage = await begun();
    stage.fates.set('2.0.0', 'exits');
    stage.linkFails.add('1.0.0');
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    expect(stage.events.findLast(({ kind }) => kind === 'spawned')).toMatchObject({ version: '1.0.0' });
    expect(stage.progress()).toMatchObject({ phase: 'rolling_back' });
    stage.linkFails.clear();
    await stage.go(MINUTE);
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory().last).toMatchObject({ result: 'rolled_back' });
  });

  test('that loses a tool is held where tools are strict, and told of where they are not', async () => {
    for (const strictTools of [true, false]) {
      const { update: policy } = packageSpec();
      const stage = await begun({ specs: [packageSpec('s', { update: { ...policy, strictTools } })] });
      stage.tools = [];
      await updateServers(['s'], BEST, stage.requests);
      await stage.go(11 * MINUTE);
      const result = strictTools ? 'held' : 'committed';
      expect(stage.memory().last).toMatchObject({ result, reason: 'a tool is gone: a' });
      expect(stage.memory().bad).toEqual([]);
    }
  });

  test('waits for a quiet moment, and not for ever', async () => {
    const stage = await begun();
    stage.isQuiet = false;
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(4 * MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'waiting' });
    await stage.go(2 * MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation' });
  });

  test('of a server that is down is taken over without starting it', async () => {
    const stage = updatesStage({ current: { s: '1.0.0' } });
    stage.down.add('s');
    stage.begin();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2000);
    expect(stage.acts.at(-1)).toBe('link s 2.0.0');
    expect(stage.memory().last).toMatchObject({
      result: 'committed',
      reason: expect.stringContaining('does not run'),
    });
  });

  test('is asked for once: a second request finds it busy', async () => {
    const stage = await begun();
    const two = await Promise.all([
      updateServers(['s'], BEST, stage.requests),
      updateServers(['s'], BEST, stage.requests),
    ]);
    expect(
      two
        .flat()
        .map(({ answer }) => answer)
        .sort(),
    ).toEqual(['begun', 'busy']);
    await stage.go(2000);
    expect(await updateServers(['s'], BEST, stage.requests)).toMatchObject([{ answer: 'busy' }]);
  });

  test('of one server waits until that of another is switched', async () => {
    const stage = await begun({
      specs: [packageSpec('s'), packageSpec('t')],
      current: { s: '1.0.0', t: '1.0.0' },
    });
    const letGo = stage.hold('canary');
    await updateServers([], BEST, stage.requests);
    await stage.go(2000);
    expect(stage.acts).toEqual(['install s 2.0.0', 'canary s 2.0.0']);
    letGo();
    await stage.go(3000);
    expect(stage.progress('s')).toMatchObject({ phase: 'probation' });
    expect(stage.progress('t')).toMatchObject({ phase: 'probation' });
    expect(stage.acts.indexOf('install t 2.0.0')).toBeGreaterThan(
      stage.acts.indexOf('restart s: 1.0.0 → 2.0.0'),
    );
  });

  test('is not kept waiting by an alarm that rings early', async () => {
    const stage = await begun();
    const after = stage.clock.after.bind(stage.clock);
    // As a timer of the system may, by a fraction of a millisecond.
    stage.clock.after = (delay, wake) => after(delay > 0.5 ? delay - 0.5 : delay, wake);
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(11 * MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'committed' });
  });

  test('that sleeps with the machine is watched for as long as it would have been', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2000);
    const told = stage.progress()?.until ?? 0;
    stage.clock.wall += 60 * MINUTE;
    stage.bus.publish({ kind: 'gap', cause: 'sleep', duration: 60 * MINUTE });
    expect(stage.progress()).toMatchObject({ phase: 'probation', until: told + 60 * MINUTE });
    await stage.go(11 * MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'committed' });
  });
});

type Stage = ReturnType<typeof updatesStage>;

describe('an operator', () => {
  test('who stops the server on probation puts it on hold, and a start begins it anew', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2 * MINUTE);
    stage.stop('s');
    await stage.go(60 * MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation', until: null });
    stage.down.clear();
    stage.start('s');
    await stage.go(9 * MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation', until: expect.any(Number) });
    await stage.go(2 * MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'committed' });
  });

  test('who restarts the server on probation changes nothing', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(2 * MINUTE);
    stage.restart('s');
    await stage.go(MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation' });
    await stage.go(8 * MINUTE);
    expect(stage.memory().last).toMatchObject({ result: 'committed' });
  });

  test.each(['install', 'canary', 'back-up'])('who rolls back during %s breaks it off', async (step) => {
    const stage = await begun();
    const letGo = stage.hold(step);
    await updateServers(['s'], BEST, stage.requests);
    await stage.go();
    expect(await rollBackServers(['s'], { dryRun: false }, stage.requests)).toMatchObject([
      { answer: 'begun' },
    ]);
    letGo();
    await stage.go(2 * MINUTE);
    expect(stage.acts.filter((act) => /link|restart/.test(act))).toEqual([]);
    expect(stage.memory()).toMatchObject({
      bad: [],
      last: { result: 'held', reason: 'cancelled by an operator' },
    });
  });

  test('who rolls back on probation has what ran before, and the other is bad', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    await rollBackServers(['s'], { dryRun: false }, stage.requests);
    await stage.go();
    expect(stage.current.get('s')).toBe('1.0.0');
    expect(stage.memory()).toMatchObject({
      previous: null,
      bad: [{ version: '2.0.0', reason: 'rolled back by an operator' }],
      last: { from: '2.0.0', to: '1.0.0', result: 'committed' },
    });
  });

  test('who has gone back from a version is not led to it by going back once more', async () => {
    const stage = await begun({ current: { s: '2.0.0' } });
    await updateServers(['s'], { to: '1.0.0', dryRun: false }, stage.requests);
    await stage.go(11 * MINUTE);
    expect(stage.memory().previous).toBe('2.0.0');
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    await rollBackServers(['s'], { dryRun: false }, stage.requests);
    await stage.go(MINUTE);
    expect(stage.memory()).toMatchObject({ previous: null, bad: [{ version: '2.0.0' }] });
    expect(await rollBackServers(['s'], { dryRun: false }, stage.requests)).toMatchObject([
      { answer: 'nothing' },
    ]);
  });

  test('who rolls back afterwards has what ran before, at once', async () => {
    const stage = await begun();
    await updateServers(['s'], { to: '2.0.0', dryRun: false }, stage.requests);
    await stage.go(11 * MINUTE);
    expect(stage.memory()).toMatchObject({ pinned: '2.0.0' });
    const before = stage.acts.length;
    expect(await rollBackServers([], { dryRun: false }, stage.requests)).toMatchObject([
      { answer: 'begun', from: '2.0.0', to: '1.0.0' },
    ]);
    await stage.go(2000);
    expect(stage.acts.slice(before)).toEqual([
      'install s 1.0.0',
      'back up',
      'link s 1.0.0',
      'restart s: 2.0.0 → 1.0.0, rolled back by an operator',
    ]);
    expect(stage.memory()).toMatchObject({
      previous: null,
      pinned: null,
      bad: [{ version: '2.0.0' }],
      last: { from: '2.0.0', to: '1.0.0', result: 'committed', reason: 'rolled back by an operator' },
    });
    expect(await rollBackServers(['s'], { dryRun: false }, stage.requests)).toMatchObject([
      { answer: 'nothing' },
    ]);
    expect(await rollBackServers([], { dryRun: false }, stage.requests)).toEqual([]);
  });

  test('who names a bad version means it, and who names none takes the pin back', async () => {
    const stage = await begun();
    stage.fates.set('2.0.0', 'exits');
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    expect(stage.memory().bad).toHaveLength(1);
    stage.fates.clear();
    await updateServers(['s'], { to: '2.0.0', dryRun: false }, stage.requests);
    await stage.go(11 * MINUTE);
    expect(stage.memory()).toMatchObject({ bad: [], pinned: '2.0.0' });
    stage.outlooks.set('s', { candidate: null });
    expect(await updateServers(['s'], BEST, stage.requests)).toMatchObject([{ answer: 'nothing' }]);
    expect(stage.memory().pinned).toBeNull();
  });

  test.each([
    ['no candidate', { candidate: null }, 'nothing'],
    [
      'a version that is held',
      { candidate: null, held: [{ version: '2.0.0', reason: 'minimum_age', detail: 'too young' }] },
      'held',
    ],
    ['a registry that is away', { candidate: null, error: 'offline' }, 'refused'],
  ] as const)('is answered at once where there is %s', async (_, outlook, answer) => {
    const stage = await begun();
    stage.outlooks.set('s', outlook);
    expect(await updateServers(['s'], BEST, stage.requests)).toMatchObject([{ answer }]);
    await stage.go();
    expect(stage.acts).toEqual([]);
  });

  test('who only wants to know is shown the steps', async () => {
    const stage = await begun();
    const [answer] = await updateServers(['s'], { to: null, dryRun: true }, stage.requests);
    expect(answer).toMatchObject({ answer: 'planned', from: '1.0.0', to: '2.0.0' });
    expect(answer?.steps.length).toBeGreaterThan(3);
    await stage.go();
    expect(stage.acts).toEqual([]);
    expect(stage.updater.isBusy('s')).toBe(false);
  });

  test.each([
    ['has pinned it', 'latest', '1.0.0'],
    ['has named it in the config', '1.0.0', null],
  ])('who only wants to know changes nothing of what is shown where somebody %s', async (_, version, pin) => {
    const stage = await begun({ specs: [packageSpec('s', { version })] });
    if (pin !== null) await updateServers(['s'], { to: pin, dryRun: false }, stage.requests);
    stage.events.length = 0;
    await expect(updateServers(['s'], { to: null, dryRun: true }, stage.requests)).resolves.toMatchObject([
      { answer: 'planned', to: '2.0.0' },
    ]);
    expect(stage.events).toEqual([]);
    expect(stage.memory().pinned).toBe(pin);
  });

  test('is refused what cannot be', async () => {
    const stage = await begun({ specs: [packageSpec('s'), packageSpec('new')] });
    expect(await updateServers(['s'], { to: 'latest; rm', dryRun: false }, stage.requests)).toMatchObject([
      { answer: 'refused' },
    ]);
    expect(await updateServers(['new'], BEST, stage.requests)).toMatchObject([{ answer: 'refused' }]);
    await expect(updateServers(['nobody'], BEST, stage.requests)).rejects.toMatchObject({
      code: 'UNKNOWN_SERVER',
    });
    await expect(updateServers([], { to: '1.0.0', dryRun: false }, stage.requests)).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test('may leave the exact version of the config: that holds as long as the config asks for it', async () => {
    const stage = await begun({ specs: [packageSpec('s', { version: '1.0.0' })] });
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(11 * MINUTE);
    expect(stage.memory().chosen).toEqual({ wish: '1.0.0', version: '2.0.0' });
    expect(stage.updater.chosen('s', '1.0.0')).toBe('2.0.0');
    stage.change(packageSpec('s', { version: '1.5.0' }));
    expect(stage.updater.chosen('s', '1.5.0')).toBeNull();
    expect(stage.memory().chosen).toBeNull();
  });
});

describe('a config that changes meanwhile', () => {
  test.each(['install', 'canary', 'back-up'])('calls the update off during %s', async (step) => {
    const stage = await begun();
    const letGo = stage.hold(step);
    await updateServers(['s'], BEST, stage.requests);
    await stage.go();
    stage.change(packageSpec('s', { version: '^1' }));
    letGo();
    await stage.go(2 * MINUTE);
    expect(stage.acts.filter((act) => /link|restart/.test(act))).toEqual([]);
    expect(stage.memory().last).toMatchObject({ result: 'held', reason: 'its config asks for ^1 now' });
  });

  test('has the last word on probation, and what ran before can be gone back to', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    stage.change(packageSpec('s', { version: '^1' }));
    await stage.go(MINUTE);
    expect(stage.progress()).toBeNull();
    expect(stage.memory()).toMatchObject({ previous: '1.0.0', chosen: null, last: { result: 'held' } });
  });

  test('and names the very version that is on probation has settled on it', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    stage.change(packageSpec('s', { version: '2.0.0' }));
    expect(stage.progress()).toBeNull();
    expect(stage.memory()).toMatchObject({
      previous: '1.0.0',
      chosen: null,
      last: { result: 'committed', reason: 'its config names it now' },
    });
    expect(stage.acts.filter((act) => act.startsWith('link s 1'))).toEqual([]);
  });

  test.each([0, 11 * MINUTE])('takes back a pin, %s ms after it was set', async (after) => {
    const stage = await begun({ specs: [packageSpec('s', { version: '1.0.0' })] });
    await updateServers(['s'], { to: '1.0.0', dryRun: false }, stage.requests);
    await updateServers(['s'], { to: '1.5.0', dryRun: false }, stage.requests);
    await stage.go(after);
    stage.change(packageSpec('s', { version: '1.0.0', args: ['--verbose'] }));
    expect(stage.memory().pinned).not.toBeNull();
    stage.change(packageSpec('s', { version: '^1' }));
    expect(stage.memory()).toMatchObject({ pinned: null, chosen: null });
  });

  test('that says nothing of the version leaves the update alone', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    stage.change(packageSpec('s', { args: ['--verbose'] }));
    stage.restart('s');
    await stage.go(MINUTE);
    expect(stage.progress()).toMatchObject({ phase: 'probation' });
  });

  test.each([1000, 5 * MINUTE])('and has no such server any more ends it, %s ms on', async (after) => {
    const stage = await begun();
    const letGo = after === 1000 ? stage.hold('canary') : () => {};
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(after);
    stage.remove('s');
    letGo();
    await stage.go(20 * MINUTE);
    expect(stage.acts.filter((act) => act.startsWith('link s 1'))).toEqual([]);
    expect(stage.disk).toMatchObject({ s: { progress: null } });
  });

  test('and names another package forgets what was known of the first', async () => {
    const stage = await begun();
    await updateServers(['s'], BEST, stage.requests);
    await stage.go(MINUTE);
    const other = packageSpec('s');
    stage.change({ ...other, source: { ...other.source, package: '@x/other' } });
    await stage.go(MINUTE);
    expect(stage.progress()).toBeNull();
    expect(stage.memory()).toMatchObject({ previous: null, bad: [], last: null, chosen: null });
  });
});
