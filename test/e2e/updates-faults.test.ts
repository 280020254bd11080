// Updates of a daemon that is killed at every step, and of versions that fail in every way: never left half done.
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import type { ServerStatus } from '../../src/core/model/status.ts';
import type { UpdateMemory } from '../../src/core/model/update.ts';
import type { UpdatePhase } from '../../src/core/model/vocabulary.ts';
import { isObject, parseJson } from '../../src/core/base/guards.ts';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { requireThat } from '../fakes/require-program.ts';
import { type StaticRegistry, startRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { QUICK, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const NAME = '@fixtures/updated';

/** What each version does: flags of the fixture server. */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  '1.0.0': ['--tools', '2'],
  '1.1.0': ['--tools', '3'],
  // Slow to start, so that each step lasts, and slow to end.
  '2.0.0': ['--behaviour', 'slow-start,ignore-eof,ignore-term', '--delay', '1000', '--tools', '2'],
  '3.1.0': ['--behaviour', 'slow-start', '--delay', '600000'],
  '3.2.0': ['--behaviour', 'exit-at-once', '--code', '3'],
  '3.3.0': ['--behaviour', 'refuse'],
  '3.4.0': ['--tools', '1'],
  '3.5.0': ['--tools', '2'],
  // It dies on demand.
  '3.6.0': ['--tools', '2'],
};

let registry: StaticRegistry;

beforeAll(async () => {
  const files = fixtureFiles();
  registry = await startRegistry(
    Object.entries(VERSIONS).map(([version, flags]) => ({
      name: NAME,
      version,
      // Where a wish is a tag, only the link says what runs.
      tag: version === '1.0.0' ? 'latest' : null,
      files: { ...files, 'bin.mjs': programOf(flags, version === '3.6.0') },
      manifest: {
        bin: { updated: 'bin.mjs' },
        type: 'module',
        ...(version === '3.5.0' ? { engines: { node: '>=99' } } : {}),
      },
    })),
  );
});

afterAll(() => registry.close());

/** Dies as soon as there is a file of this name in the folder that it runs in. */
const DEATH = 'die-now';

function programOf(flags: readonly string[], isMortal: boolean): string {
  const death = `import { existsSync } from 'node:fs';
setInterval(() => existsSync('${DEATH}') && process.exit(9), 50);
`;
  return `#!/usr/bin/env node\n${isMortal ? death : ''}process.argv.push(...${JSON.stringify(flags)});\nawait import('./mcp.mjs');\n`;
}

/** On a machine that does much else besides, a version that is slow is not yet one that is bad. */
const PATIENT: Settings = {
  probe: { interval: '500ms', timeout: '10s', failures: 3 },
  start: { timeout: '30s' },
};
const UPDATE = { minimumAge: '0s', probation: '3s' };

async function start(home: string, settings: Settings = {}): Promise<RunningDaemon> {
  const daemon = await startDaemon(
    {
      s: { package: NAME, version: '1.0.0', ...QUICK, ...PATIENT, update: UPDATE, ...settings },
    },
    {
      home,
      more: { schedule: { update: null } },
      env: {
        npm_config_registry: registry.url,
        npm_config_cache: `${home}/npm-cache`,
        npm_config_fetch_retries: '0',
      },
    },
  );
  // What an earlier daemon has left is put right before any server is known.
  await waitFor(async () => (await daemon.status()).servers.length > 0, { what: 'a server' });
  return daemon;
}

const comesUp = (daemon: RunningDaemon): Promise<ServerStatus> =>
  daemon.until('s', 'up', ({ state, health }) => state === 'running' && health.up === true, 90_000);

/** As the command does, without the wait for a command to start. */
async function ask(daemon: RunningDaemon, method: 'update' | 'rollback', to?: string): Promise<void> {
  const client = await connect(`${daemon.home}/run/control.sock`);
  const params = { names: ['s'] };
  const timeout = 60_000;
  if (method === 'rollback') await client.request('rollback', params, { timeout });
  else await client.request('update', { ...params, ...(to === undefined ? {} : { to }) }, { timeout });
  client.close();
}

interface Saved {
  readonly phase: UpdatePhase;
  readonly memory: UpdateMemory | null;
}

function saved(home: string): Saved {
  const state = parseJson(read(`${home}/run/state.json`));
  const updates = isObject(state) && isObject(state['updates']) ? state['updates'] : {};
  const record: { progress?: { phase: UpdatePhase } | null; memory?: UpdateMemory } = Object(updates['s']);
  return { phase: record.progress?.phase ?? 'idle', memory: record.memory ?? null };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const linked = (home: string): string => basename(readlinkSync(`${home}/servers/s/current`));

/** Looks often, and without a pause for the step that may last no longer than a backup of two small files. */
async function untilSaved(home: string, phase: UpdatePhase): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (saved(home).phase !== phase) {
    if (performance.now() > deadline)
      throw new Error(`Waited in vain for ${phase}, got ${saved(home).phase}`);
    await new Promise(
      (resolve) => void (phase === 'waiting' ? setImmediate(resolve) : setTimeout(resolve, 1)),
    );
  }
}

/** One version runs, the link agrees, nothing is under way, and the state says why. */
async function expectWhole(daemon: RunningDaemon, version: string): Promise<UpdateMemory> {
  await daemon.until(
    's',
    `up with ${version}`,
    (now) => now.version === version && now.health.up === true,
    90_000,
  );
  await daemon.until('s', 'no update under way', ({ update }) => update?.progress === null, 90_000);
  expect(linked(daemon.home)).toBe(version);
  const { memory, phase } = saved(daemon.home);
  expect(phase).toBe('idle');
  if (memory === null) throw new Error('Nothing is remembered');
  return memory;
}

describe('a daemon that is killed', { timeout: 240_000 }, () => {
  test.each([
    ['installing', '1.0.0', 'failed'],
    ['canary', '1.0.0', 'failed'],
    ['waiting', '1.0.0', 'failed'],
    ['switching', '1.0.0', 'rolled_back'],
    ['probation', '2.0.0', 'committed'],
  ] as const)('while it is %s leaves one whole version, and says so', async (phase, version, result) => {
    const { home } = tempHome();
    const first = await start(home, { version: 'latest' });
    await comesUp(first);
    const reached = untilSaved(home, phase);
    await ask(first, 'update', '2.0.0');
    await reached;
    await first.stop('SIGKILL');
    expect(saved(home).phase).toBe(phase);
    const second = await start(home, { version: 'latest' });
    const memory = await expectWhole(second, version);
    expect(memory.last).toMatchObject({ from: '1.0.0', to: '2.0.0', result });
    expect(memory.bad).toEqual([]);
    if (result !== 'committed') expect(memory.last?.reason).toContain('interrupted');
  });

  test('while it goes back goes on with that, and knows why', async () => {
    const { home } = tempHome();
    const first = await start(home);
    await comesUp(first);
    await ask(first, 'update', '2.0.0');
    await untilSaved(home, 'probation');
    const reached = untilSaved(home, 'rolling_back');
    process.kill((await first.server('s')).pid ?? 0, 'SIGKILL');
    await reached;
    await first.stop('SIGKILL');
    const second = await start(home);
    const memory = await expectWhole(second, '1.0.0');
    expect(memory.last).toMatchObject({ result: 'rolled_back', reason: expect.stringContaining('SIGKILL') });
    expect(memory.bad).toMatchObject([{ version: '2.0.0' }]);
  });

  test('three times during one probation blames the new version', async () => {
    const { home } = tempHome();
    const settings = { update: { ...UPDATE, probation: '1h' } };
    let daemon = await start(home, settings);
    await comesUp(daemon);
    await ask(daemon, 'update', '1.1.0');
    await untilSaved(home, 'probation');
    for (let death = 0; death < 3; death += 1) {
      await daemon.stop('SIGKILL');
      daemon = await start(home, settings);
    }
    const memory = await expectWhole(daemon, '1.0.0');
    expect(memory.bad).toMatchObject([{ version: '1.1.0', reason: expect.stringContaining('died 3 times') }]);
  });

  test('and stopped as it should be during probation is no reason to go back', async () => {
    const { home } = tempHome();
    const settings = { update: { ...UPDATE, probation: '1h' } };
    let daemon = await start(home, settings);
    await comesUp(daemon);
    await ask(daemon, 'update', '1.1.0');
    await untilSaved(home, 'probation');
    for (let stop = 0; stop < 3; stop += 1) {
      await daemon.stop();
      daemon = await start(home, settings);
    }
    const server = await comesUp(daemon);
    expect(server).toMatchObject({ version: '1.1.0', update: { progress: { phase: 'probation' } } });
    await ask(daemon, 'rollback');
    const memory = await expectWhole(daemon, '1.0.0');
    expect(memory.bad).toMatchObject([{ version: '1.1.0', reason: 'rolled back by an operator' }]);
  });
});

describe('an update', { timeout: 240_000 }, () => {
  test('goes through all of its steps, and back again by hand', async () => {
    const { home } = tempHome();
    const daemon = await start(home);
    const before = await comesUp(daemon);
    await ask(daemon, 'update', '1.1.0');
    await daemon.until('s', 'settled', ({ update }) => update?.memory.last?.result === 'committed', 90_000);
    expect(await expectWhole(daemon, '1.1.0')).toMatchObject({
      previous: '1.0.0',
      pinned: '1.1.0',
      chosen: { wish: '1.0.0', version: '1.1.0' },
    });
    const after = await daemon.server('s');
    expect(after.restarts.update).toBe(before.restarts.update + 1);
    const moves = (await daemon.journal('update-moved')).map(({ progress }) => progress.phase);
    const phases = moves.filter((phase, index) => phase !== moves[index - 1]);
    expect(phases).toEqual(['installing', 'canary', 'waiting', 'switching', 'probation']);
    // The choice outlives the process, though the config names another version.
    process.kill(after.pid ?? 0, 'SIGKILL');
    await daemon.until('s', 'restarted', ({ run, health }) => run > after.run && health.up === true, 60_000);
    expect((await daemon.server('s')).version).toBe('1.1.0');
    await ask(daemon, 'rollback');
    await daemon.until('s', 'gone back', ({ update }) => update?.memory.last?.to === '1.0.0', 90_000);
    expect(await expectWhole(daemon, '1.0.0')).toMatchObject({ previous: null, pinned: null, chosen: null });
  });

  test('asked for twice at once is done once', async () => {
    const { home } = tempHome();
    const daemon = await start(home);
    await comesUp(daemon);
    const two = [ask(daemon, 'update', '1.1.0'), ask(daemon, 'update', '1.1.0')];
    await Promise.all(two);
    await daemon.until('s', 'settled', ({ update }) => update?.memory.last?.result === 'committed', 90_000);
    await expectWhole(daemon, '1.1.0');
    const settled = (await daemon.journal('update-settled')).filter(({ isNews }) => isNews);
    expect(settled).toHaveLength(1);
  });

  test.each([
    ['hangs', '3.1.0', 'failed', true],
    ['exits', '3.2.0', 'failed', true],
    ['garbage', '3.3.0', 'failed', true],
    ['drops', '3.4.0', 'held', false],
    ['node', '3.5.0', 'failed', false],
    ['crashes', '3.6.0', 'rolled_back', true],
  ] as const)('to a version that %s ends with the old one', async (_, version, result, isBad) => {
    const { home } = tempHome();
    // Those that never say anything of use are waited for.
    const more = version === '3.1.0' || version === '3.3.0' ? { start: { timeout: '8s' } } : {};
    const update = { ...UPDATE, strictTools: true, probation: '1m' };
    const daemon = await start(home, { update, cwd: home, ...more });
    const before = await comesUp(daemon);
    await ask(daemon, 'update', version);
    if (result === 'rolled_back') {
      // Once it serves, however long the canary took.
      await daemon.until('s', 'on probation', (now) => now.update?.progress?.phase === 'probation', 90_000);
      writeFileSync(`${home}/${DEATH}`, '');
    }
    await daemon.until('s', 'settled', ({ update }) => (update?.memory.last ?? null) !== null, 90_000);
    const memory = await expectWhole(daemon, '1.0.0');
    expect(memory.last).toMatchObject({ to: version, result, reason: expect.stringMatching(/\w/) });
    expect(memory.bad.map((bad) => bad.version)).toEqual(isBad ? [version] : []);
    const { restarts, pid } = await daemon.server('s');
    // There, and back in place of the restart that its crash would have led to. What was not switched was not interrupted.
    const sum = (counts: typeof restarts): number => Object.values(counts).reduce((all, one) => all + one, 0);
    expect(sum(restarts)).toBe(sum(before.restarts) + (result === 'rolled_back' ? 2 : 0));
    if (result !== 'rolled_back') expect(pid).toBe(before.pid);
  });

  test.each(['drop', 'truncated', 'corrupt', 404] as const)(
    'from a registry that answers with %s changes nothing',
    async (lie) => {
      const { home } = tempHome();
      const daemon = await start(home);
      const { pid } = await comesUp(daemon);
      registry.lie('tarball', NAME, lie);
      onTestFinished(() => registry.lie('tarball', NAME, null));
      await ask(daemon, 'update', '1.1.0');
      await daemon.until('s', 'settled', ({ update }) => (update?.memory.last ?? null) !== null, 90_000);
      const memory = await expectWhole(daemon, '1.0.0');
      expect(memory).toMatchObject({ bad: [], last: { result: 'failed' } });
      expect((await daemon.server('s')).pid).toBe(pid);
      registry.lie('tarball', NAME, null);
      await ask(daemon, 'update', '1.1.0');
      await daemon.until('s', 'settled', ({ version }) => version === '1.1.0', 90_000);
      await daemon.until('s', 'settled', ({ update }) => update?.memory.last?.result === 'committed', 90_000);
    },
  );
});

describe.skipIf(!requireThat('the right to mount', canMount()))('a full disk', { timeout: 240_000 }, () => {
  test('leaves the old version running, and says so', async () => {
    const disk = mountTinyDisk('8m');
    const home = disk?.folder ?? '';
    onTestFinished(() => disk?.remove());
    const daemon = await start(home);
    const { pid } = await comesUp(daemon);
    fill(`${home}/filler`);
    await ask(daemon, 'update', '1.1.0');
    await daemon.until('s', 'settled', ({ update }) => (update?.memory.last ?? null) !== null, 90_000);
    const server = await daemon.server('s');
    expect(server).toMatchObject({ version: '1.0.0', pid, update: { progress: null, memory: { bad: [] } } });
    expect(server.update?.memory.last).toMatchObject({ result: 'failed' });
    expect(linked(home)).toBe('1.0.0');
  });
});

test('logs a saved update record that is invalid', { timeout: 120_000 }, async () => {
  const { home } = tempHome();
  const first = await start(home);
  await comesUp(first);
  await first.stop();
  const state: { updates?: unknown } = Object(parseJson(read(`${home}/run/state.json`)));
  const broken = { s: { package: NAME, memory: null, progress: { phase: 'levitating' } } };
  writeFileSync(`${home}/run/state.json`, JSON.stringify({ ...state, updates: broken }), { mode: 0o600 });
  const second = await start(home);
  await comesUp(second);
  expect(linked(home)).toBe('1.0.0');
  await waitFor(() => read(`${home}/logs/watchdog.log`).includes('update record is invalid'), {
    what: 'the log line',
  });
});

function fill(path: string): void {
  for (const size of [65_536, 4096, 512, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
