// Updates of a daemon that is killed at every step, and of versions that fail in every way: never left half done.
import { cpSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import type { ServerStatus } from '../../src/core/model/status.ts';
import type { UpdateMemory } from '../../src/core/model/update.ts';
import type { UpdatePhase } from '../../src/core/model/vocabulary.ts';
import { isObject, parseJson } from '../../src/core/base/guards.ts';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { requireThat } from '../fakes/require-program.ts';
import { type StaticRegistry, startRegistry } from '../fakes/static-registry.ts';
import { type AtEnd, sharedHome, tempHome } from '../fakes/temp-home.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { QUICK, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const NAME = '@fixtures/updated';

/** What each version does: flags of the fixture server. */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  '1.0.0': ['--tools', '2'],
  '1.1.0': ['--tools', '3'],
  // Each for one test: npm keeps what it has fetched.
  '1.1.1': ['--tools', '3'],
  '1.1.2': ['--tools', '3'],
  '1.1.3': ['--tools', '3'],
  '1.1.4': ['--tools', '3'],
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

/** Folder of a server as the daemon leaves it when it has installed version 1.0.0: what no test here is about. */
let installed: string;
const template = sharedHome();

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
  const daemon = await start(template.home, {}, { atEnd: template.atEnd });
  await comesUp(daemon);
  await daemon.stop();
  installed = join(template.home, 'servers', 's');
}, 240_000);

afterAll(async () => {
  await template.endAll();
  await registry.close();
});

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

/** Starts a daemon with one server, `s`, and others if they are given. */
async function start(
  home: string,
  settings: Settings = {},
  { others = {}, atEnd }: { others?: Readonly<Record<string, Settings>>; atEnd?: AtEnd } = {},
): Promise<RunningDaemon> {
  const daemon = await startDaemon(
    { s: serverOf(settings), ...others },
    {
      home,
      more: { schedule: { update: null } },
      env: {
        npm_config_registry: registry.url,
        npm_config_cache: `${home}/npm-cache`,
        npm_config_fetch_retries: '0',
      },
      ...(atEnd === undefined ? {} : { atEnd }),
    },
  );
  // What an earlier daemon has left is put right before any server is known.
  await waitFor(async () => (await daemon.status()).servers.length > 0, { what: 'a server' });
  return daemon;
}

function serverOf(settings: Settings): Settings {
  return { package: NAME, version: '1.0.0', ...QUICK, ...PATIENT, update: UPDATE, ...settings };
}

/** A home in which version 1.0.0 of `s` is installed. */
function homeWithPackage(): string {
  const { home } = tempHome();
  install(home, 's');
  return home;
}

function install(home: string, name: string): void {
  cpSync(installed, join(home, 'servers', name), { recursive: true, verbatimSymlinks: true });
}

const comesUp = (daemon: RunningDaemon, name = 's'): Promise<ServerStatus> =>
  daemon.until(name, 'up', ({ state, health }) => state === 'running' && health.up === true, 90_000);

/** As the command does, without the wait for a command to start. */
async function ask(
  daemon: RunningDaemon,
  method: 'start' | 'stop' | 'update' | 'rollback',
  { to, name = 's' }: { to?: string; name?: string } = {},
): Promise<void> {
  const client = await connect(`${daemon.home}/run/control.sock`);
  const params = { names: [name] };
  const timeout = 60_000;
  if (method === 'update')
    await client.request('update', { ...params, ...(to === undefined ? {} : { to }) }, { timeout });
  else await client.request(method, params, { timeout });
  client.close();
}

interface Saved {
  readonly phase: UpdatePhase;
  readonly memory: UpdateMemory | null;
}

function saved(home: string, name = 's'): Saved {
  const state = parseJson(read(`${home}/run/state.json`));
  const updates = isObject(state) && isObject(state['updates']) ? state['updates'] : {};
  const record: { progress?: { phase: UpdatePhase } | null; memory?: UpdateMemory } = Object(updates[name]);
  return { phase: record.progress?.phase ?? 'idle', memory: record.memory ?? null };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const linked = (home: string, name = 's'): string =>
  basename(readlinkSync(`${home}/servers/${name}/current`));

/** Looks often, and without a pause before the step that may last no longer than a backup of two small files. */
async function untilSaved(home: string, phase: UpdatePhase): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const now = saved(home).phase;
    if (now === phase) return;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${phase}, got ${now}`);
    // A canary comes before it, and lives for a second at least.
    const isNear = phase === 'waiting' && now === 'canary';
    await new Promise((resolve) => void (isNear ? setImmediate(resolve) : setTimeout(resolve, 2)));
  }
}

/** One version runs, the link agrees, nothing is under way, and the state says why. */
async function expectWhole(daemon: RunningDaemon, version: string, name = 's'): Promise<UpdateMemory> {
  await daemon.until(
    name,
    `up with ${version}`,
    (now) => now.version === version && now.health.up === true,
    90_000,
  );
  await daemon.until(name, 'no update under way', ({ update }) => update?.progress === null, 90_000);
  expect(linked(daemon.home, name)).toBe(version);
  const { memory, phase } = saved(daemon.home, name);
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
    const home = homeWithPackage();
    const first = await start(home, { version: 'latest' });
    await comesUp(first);
    const reached = untilSaved(home, phase);
    await ask(first, 'update', { to: '2.0.0' });
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
    const home = homeWithPackage();
    const first = await start(home);
    await comesUp(first);
    await ask(first, 'update', { to: '2.0.0' });
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
    const home = homeWithPackage();
    const settings = { update: { ...UPDATE, probation: '1h' } };
    let daemon = await start(home, settings);
    await comesUp(daemon);
    await ask(daemon, 'update', { to: '1.1.0' });
    await untilSaved(home, 'probation');
    for (let death = 0; death < 3; death += 1) {
      await daemon.stop('SIGKILL');
      daemon = await start(home, settings);
    }
    const memory = await expectWhole(daemon, '1.0.0');
    expect(memory.bad).toMatchObject([{ version: '1.1.0', reason: expect.stringContaining('died 3 times') }]);
  });

  test('and stopped as it should be during probation is no reason to go back', async () => {
    const home = homeWithPackage();
    const settings = { update: { ...UPDATE, probation: '1h' } };
    let daemon = await start(home, settings);
    await comesUp(daemon);
    await ask(daemon, 'update', { to: '1.1.0' });
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
  const FAULTS = [
    ['hangs', '3.1.0', 'failed', true],
    ['exits', '3.2.0', 'failed', true],
    ['garbage', '3.3.0', 'failed', true],
    ['drops', '3.4.0', 'held', false],
    ['node', '3.5.0', 'failed', false],
    ['crashes', '3.6.0', 'rolled_back', true],
  ] as const;
  const LIES = [
    ['drop', '1.1.1'],
    ['truncated', '1.1.2'],
    ['corrupt', '1.1.3'],
    [404, '1.1.4'],
  ] as const;

  /** One daemon for all; each test starts a server of its own. */
  let daemon: RunningDaemon;
  const shared = sharedHome();

  beforeAll(async () => {
    const { home } = shared;
    const others: Record<string, Settings> = { whole: {}, twice: {} };
    for (const [name, version] of FAULTS) {
      const cwd = join(home, `cwd-${name}`);
      mkdirSync(cwd);
      // Those that never say anything of use are waited for.
      const more = version === '3.1.0' || version === '3.3.0' ? { start: { timeout: '8s' } } : {};
      others[name] = { update: { ...UPDATE, strictTools: true, probation: '1m' }, cwd, ...more };
    }
    for (const [lie] of LIES) others[`lie-${lie}`] = {};
    for (const [name, settings] of Object.entries(others)) {
      install(home, name);
      others[name] = { ...serverOf(settings), enabled: false };
    }
    daemon = await start(home, { enabled: false }, { others, atEnd: shared.atEnd });
  }, 120_000);
  afterAll(() => shared.endAll());

  async function startServer(name: string): Promise<ServerStatus> {
    onTestFinished(() => ask(daemon, 'stop', { name }));
    await ask(daemon, 'start', { name });
    return comesUp(daemon, name);
  }

  const committed = (name: string): Promise<ServerStatus> =>
    daemon.until(name, 'settled', ({ update }) => update?.memory.last?.result === 'committed', 90_000);
  const settled = (name: string): Promise<ServerStatus> =>
    daemon.until(name, 'settled', ({ update }) => (update?.memory.last ?? null) !== null, 90_000);

  test('goes through all of its steps, and back again by hand', async () => {
    const name = 'whole';
    const before = await startServer(name);
    await ask(daemon, 'update', { name, to: '1.1.0' });
    await committed(name);
    expect(await expectWhole(daemon, '1.1.0', name)).toMatchObject({
      previous: '1.0.0',
      pinned: '1.1.0',
      chosen: { wish: '1.0.0', version: '1.1.0' },
    });
    const after = await daemon.server(name);
    expect(after.restarts.update).toBe(before.restarts.update + 1);
    const moves = (await daemon.journal('update-moved'))
      .filter(({ server }) => server === name)
      .map(({ progress }) => progress.phase);
    const phases = moves.filter((phase, index) => phase !== moves[index - 1]);
    expect(phases).toEqual(['installing', 'canary', 'waiting', 'switching', 'probation']);
    // The choice outlives the process, though the config names another version.
    process.kill(after.pid ?? 0, 'SIGKILL');
    await daemon.until(name, 'restarted', ({ run, health }) => run > after.run && health.up === true, 60_000);
    expect((await daemon.server(name)).version).toBe('1.1.0');
    await ask(daemon, 'rollback', { name });
    await daemon.until(name, 'gone back', ({ update }) => update?.memory.last?.to === '1.0.0', 90_000);
    const nothing = { previous: null, pinned: null, chosen: null };
    expect(await expectWhole(daemon, '1.0.0', name)).toMatchObject(nothing);
  });

  test('asked for twice at once is done once', async () => {
    const name = 'twice';
    await startServer(name);
    const again = { name, to: '1.1.0' };
    await Promise.all([ask(daemon, 'update', again), ask(daemon, 'update', again)]);
    await committed(name);
    await expectWhole(daemon, '1.1.0', name);
    const entries = await daemon.journal('update-settled');
    expect(entries.filter(({ server, isNews }) => server === name && isNews)).toHaveLength(1);
  });

  test.each(FAULTS)('to a version that %s ends with the old one', async (name, version, result, isBad) => {
    const before = await startServer(name);
    await ask(daemon, 'update', { name, to: version });
    if (result === 'rolled_back') {
      // Once it serves, however long the canary took.
      await daemon.until(name, 'on probation', (now) => now.update?.progress?.phase === 'probation', 90_000);
      writeFileSync(join(daemon.home, `cwd-${name}`, DEATH), '');
    }
    await settled(name);
    const memory = await expectWhole(daemon, '1.0.0', name);
    expect(memory.last).toMatchObject({ to: version, result, reason: expect.stringMatching(/\w/) });
    expect(memory.bad.map((bad) => bad.version)).toEqual(isBad ? [version] : []);
    const { restarts, pid } = await daemon.server(name);
    // There, and back in place of the restart that its crash would have led to. What was not switched was not interrupted.
    const sum = (counts: typeof restarts): number => Object.values(counts).reduce((all, one) => all + one, 0);
    expect(sum(restarts)).toBe(sum(before.restarts) + (result === 'rolled_back' ? 2 : 0));
    if (result !== 'rolled_back') expect(pid).toBe(before.pid);
  });

  test.each(LIES)('from a registry that answers with %s changes nothing', async (lie, version) => {
    const name = `lie-${lie}`;
    const { pid } = await startServer(name);
    registry.lie('tarball', NAME, lie);
    onTestFinished(() => registry.lie('tarball', NAME, null));
    await ask(daemon, 'update', { name, to: version });
    await settled(name);
    const memory = await expectWhole(daemon, '1.0.0', name);
    expect(memory).toMatchObject({ bad: [], last: { result: 'failed' } });
    expect((await daemon.server(name)).pid).toBe(pid);
    registry.lie('tarball', NAME, null);
    await ask(daemon, 'update', { name, to: version });
    await daemon.until(name, 'settled', (now) => now.version === version, 90_000);
    await committed(name);
  });
});

describe.skipIf(!requireThat('the right to mount', canMount()))('a full disk', { timeout: 240_000 }, () => {
  test('leaves the old version running, and says so', async () => {
    const disk = mountTinyDisk('8m');
    const home = disk?.folder ?? '';
    onTestFinished(() => disk?.remove());
    const daemon = await start(home);
    const { pid } = await comesUp(daemon);
    fill(`${home}/filler`);
    await ask(daemon, 'update', { to: '1.1.0' });
    await daemon.until('s', 'settled', ({ update }) => (update?.memory.last ?? null) !== null, 90_000);
    const server = await daemon.server('s');
    expect(server).toMatchObject({ version: '1.0.0', pid, update: { progress: null, memory: { bad: [] } } });
    expect(server.update?.memory.last).toMatchObject({ result: 'failed' });
    expect(linked(home)).toBe('1.0.0');
  });
});

test('logs a saved update record that is invalid', { timeout: 120_000 }, async () => {
  const home = homeWithPackage();
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
