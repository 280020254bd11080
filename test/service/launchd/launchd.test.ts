// launchd as service manager, with a simulated launchctl.
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLaunchd } from '../../../src/service/launchd/launchd.ts';
import type { ServiceManager, ServicePlan } from '../../../src/service/shared/service-manager.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { type MemoryLaunchd, memoryLaunchd } from '../../fakes/launchd.ts';
import { requireThat } from '../../fakes/require-program.ts';
import type { Machine } from '../../fixtures/launchctl-machine.mjs';

const GUI = 'gui/501/com.mcp.daemon';
const BARE = 'user/501/com.mcp.daemon';

interface Stage extends MemoryLaunchd {
  readonly service: ServiceManager;
  readonly plan: ServicePlan;
  readonly clock: FakeClock;
  readonly file: string;
  /** Does the work in virtual time; the ms that it took. */
  readonly timed: <T>(work: Promise<T>) => Promise<{ result: T; took: number }>;
}

function stage(changes: Partial<Machine> = {}, { uid = 501, label = null as string | null } = {}): Stage {
  const userHome = mkdtempSync(join(tmpdir(), 'launchd-'));
  onTestFinished(() => rmSync(userHome, { recursive: true, force: true }));
  const home = join(userHome, '.mcp-watchdog');
  const launchd = memoryLaunchd(changes);
  const clock = new FakeClock();
  const service = createLaunchd({ label, home, userHome, uid, env: {}, run: launchd.run, clock });
  const program = join(userHome, 'cli.js');
  writeFileSync(program, '');
  const plan = { node: process.execPath, program, home, userHome, path: ['/usr/bin', '/bin'] };
  return { ...launchd, service, plan, clock, file: service.file, timed };

  async function timed<T>(work: Promise<T>): Promise<{ result: T; took: number }> {
    const begin = clock.elapsed;
    const state = { isOver: false };
    const over = work.then(
      () => (state.isOver = true),
      () => (state.isOver = true),
    );
    for (let step = 0; !state.isOver && step < 2000; step += 1) await clock.advance(100);
    await over;
    return { result: await work, took: clock.elapsed - begin };
  }
}

async function installed(changes: Partial<Machine> = {}): Promise<Stage> {
  const ready = stage(changes);
  await ready.timed(ready.service.install(ready.plan));
  ready.acts();
  return ready;
}

describe('install', () => {
  test('enables, loads and waits until it runs, without a kick', async () => {
    const { service, plan, acts, file, timed, machine } = stage({ startsAfter: 3 });
    const { result } = await timed(service.install(plan));
    expect(result).toBe('installed');
    expect(acts()).toEqual([`enable ${GUI}`, `bootstrap gui/501 ${file}`]);
    expect(machine.services[GUI]?.state).toBe('running');
    expect(file).toBe(join(plan.userHome, 'Library/LaunchAgents/com.mcp.daemon.plist'));
  });

  test('kicks what does not start by itself, and does not kill it', async () => {
    const { service, plan, acts, timed } = stage({ startsByItself: false });
    await timed(service.install(plan));
    expect(acts().at(-1)).toBe(`kickstart ${GUI}`);
  });

  test('does nothing when nothing changed and it runs', async () => {
    const { service, plan, acts, timed } = await installed();
    expect((await timed(service.install(plan))).result).toBe('unchanged');
    expect(acts()).toEqual([]);
  });

  test('starts what is loaded and has ended, without loading it again', async () => {
    const { service, plan, acts, timed, machine } = await installed();
    Object.assign(machine.services[GUI] ?? {}, { state: 'not running', pid: null });
    expect((await timed(service.install(plan))).result).toBe('installed');
    expect(acts()).toEqual([`kickstart ${GUI}`]);
  });

  test('switches on again what was switched off, also when nothing else is to be done', async () => {
    const { service, plan, acts, timed, machine } = await installed();
    machine.disabled.push('com.mcp.daemon');
    expect((await service.state()).isEnabled).toBe(false);
    await timed(service.install(plan));
    expect(acts()).toEqual([`enable ${GUI}`]);
    expect((await service.state()).isEnabled).toBe(true);
  });

  test('waits until the old one is gone before it loads a changed file', async () => {
    const { service, plan, acts, file, timed, machine } = await installed({ drain: 30 });
    const { took } = await timed(service.install({ ...plan, path: ['/bin'] }));
    expect(acts()).toEqual([`bootout ${GUI}`, `enable ${GUI}`, `bootstrap gui/501 ${file}`]);
    expect(took).toBeGreaterThan(5000);
    expect(machine.services[GUI]?.runs).toBe(1);
    expect(readFileSync(file, 'utf8')).toContain('<string>/bin</string>');
  });

  test('does the same when it is forced', async () => {
    const { service, plan, acts, timed } = await installed();
    await timed(service.install(plan, { force: true }));
    expect(acts()[0]).toBe(`bootout ${GUI}`);
  });

  test('gives up when the old one never goes, and leaves the old file', async () => {
    const { service, plan, file, timed, machine } = await installed({ drain: 1_000_000 });
    const before = readFileSync(file, 'utf8');
    await expect(timed(service.install({ ...plan, path: ['/bin'] }))).rejects.toThrow(
      'Cannot stop com.mcp.daemon: launchd still has it after 35 s',
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(dirname(file))).toEqual(['com.mcp.daemon.plist']);
    expect(machine.services[GUI]).toBeDefined();
  });

  test('tries five more times, at 0.3, 1, 2, 3 and 5 s, when loading fails for a reason that passes', async () => {
    const { service, plan, machine, timed, clock } = stage({ answers: { bootstrap: [5, 36, 124, 146, 5] } });
    const seen: number[] = [];
    const { log } = machine;
    log.push = (...entries) => {
      for (const [verb] of entries) if (verb === 'bootstrap') seen.push(clock.elapsed);
      return Array.prototype.push.apply(log, entries);
    };
    await timed(service.install(plan));
    expect(seen).toEqual([0, 300, 1300, 3300, 6300, 11_300]);
  });

  test('enables once more when it is told that the service is disabled', async () => {
    const { service, plan, acts, file, timed } = stage({ answers: { bootstrap: [119] } });
    await timed(service.install(plan));
    const load = `bootstrap gui/501 ${file}`;
    expect(acts()).toEqual([`enable ${GUI}`, load, `enable ${GUI}`, load]);
  });

  test('takes "loaded already" for success when launchd knows it', async () => {
    const { service, plan, acts, file, timed, machine } = await installed();
    // Another one loads it between our looks and our call.
    rmSync(file);
    machine.answers['print'] = [0, 113, 113];
    await timed(service.install(plan));
    expect(acts()).toEqual([`enable ${GUI}`, `bootstrap gui/501 ${file}`]);
    expect(machine.services[GUI]?.runs).toBe(1);
  });

  test.each([
    [122, /wrong owner or permissions.*\(launchctl error 122\)/u, /mode 644/u],
    [125, /no session at the screen/u, /Log in at the screen/u],
    [109, /property list is invalid/u, /--force/u],
    [161, /switched off under Login Items/u, /Allow in the Background/u],
  ])('says at once what error %i means, and the cure', async (number, words, cure) => {
    const { service, plan, timed, acts } = stage({ answers: { bootstrap: [number] } });
    const failing = timed(service.install(plan));
    await expect(failing).rejects.toThrow(words);
    await expect(failing).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      hint: expect.stringMatching(cure),
    });
    expect(acts().filter((act) => act.startsWith('bootstrap'))).toHaveLength(1);
  });

  test('says what lies behind 5 when it does not pass', async () => {
    const { service, plan, timed, acts } = stage({ answers: { bootstrap: [5, 5, 5, 5, 5, 5, 5] } });
    await expect(timed(service.install(plan))).rejects.toThrow(/input\/output error, which stands for many/u);
    expect(acts().filter((act) => act.startsWith('bootstrap'))).toHaveLength(6);
  });

  test('shows what launchctl says of an error that is in no table', async () => {
    const { service, plan, timed } = stage({ answers: { bootstrap: [138] } });
    await expect(timed(service.install(plan))).rejects.toThrow('Bootstrap failed: 138: Unknown error');
  });

  test('tells a job that never runs from one that runs', async () => {
    const { service, plan, timed } = stage({ endsWith: '78: EX_CONFIG' });
    const failing = timed(service.install(plan));
    await expect(failing).rejects.toThrow(
      /launchd could not start it.*missing.*\(state spawn scheduled, last exit code 78: EX_CONFIG\)/u,
    );
    await expect(failing).rejects.toMatchObject({ hint: expect.stringContaining('Documents') });
  });

  test('goes to the domain without a screen when there is no other, and says what that means', async () => {
    const { service, plan, acts, file, timed } = stage({ domains: ['user/501'] });
    await timed(service.install(plan));
    expect(acts()).toEqual([`enable ${BARE}`, `bootstrap user/501 ${file}`]);
    expect((await service.state()).detail).toContain('without a session at the screen');
  });

  test('moves to the screen what was loaded without one', async () => {
    const { service, plan, acts, timed, machine } = stage({ domains: ['user/501'] });
    await timed(service.install(plan));
    machine.domains.push('gui/501');
    acts();
    await timed(service.install(plan));
    expect(acts()[0]).toBe(`bootout ${BARE}`);
    expect(Object.keys(machine.services)).toEqual([GUI]);
  });

  test.each([141, 153, 5])('takes no failed look for an answer: print fails with %i', async (number) => {
    const { service, plan, timed, acts, machine } = await installed();
    machine.answers = { print: [number] };
    await expect(service.state()).rejects.toThrow(`(launchctl error ${number})`);
    machine.answers = { print: [number] };
    await expect(timed(service.install({ ...plan, path: ['/bin'] }))).rejects.toThrow(
      'Cannot ask launchd about',
    );
    // The job is not taken for gone after a bootout.
    machine.answers = { print: [0, 0, 0, number] };
    await expect(timed(service.uninstall())).rejects.toThrow('Cannot ask launchd about');
    expect(acts()).toEqual([`bootout ${GUI}`]);
  });

  test('shows the job that runs, where both domains have loaded it', async () => {
    const { service, timed, machine, acts } = await installed();
    const running = machine.services[GUI];
    expect(running).toBeDefined();
    machine.services = {
      [GUI]: { ...running!, state: 'not running', pid: null },
      [BARE]: running!,
    };
    expect(await service.state()).toMatchObject({
      pid: running?.pid,
      detail: expect.stringContaining(`${BARE}: state running`),
    });
    acts();
    expect((await service.state()).isMisplaced).toBe(true);
    await timed(service.restart());
    expect(acts()).toEqual([`kickstart -k ${BARE}`]);
  });

  test('brings it to the screen where both domains have loaded it, also when nothing else changed', async () => {
    const { service, plan, file, timed, machine, acts } = await installed();
    const running = machine.services[GUI];
    expect(running).toBeDefined();
    machine.services = { [GUI]: { ...running!, state: 'not running', pid: null }, [BARE]: running! };
    await timed(service.install(plan));
    expect(acts()).toEqual([
      `bootout ${BARE}`,
      `bootout ${GUI}`,
      `enable ${GUI}`,
      `bootstrap gui/501 ${file}`,
    ]);
    expect(Object.keys(machine.services)).toEqual([GUI]);
    expect(await service.state()).not.toHaveProperty('isMisplaced');
  });

  test('refuses root', async () => {
    const { service, plan, acts } = stage({}, { uid: 0 });
    await expect(service.install(plan)).rejects.toMatchObject({
      hint: expect.stringContaining('without sudo'),
    });
    expect(acts()).toEqual([]);
  });

  test('says that there is no launchctl', async () => {
    const { plan } = stage();
    const run = () => Promise.resolve({ code: null, stdout: '', stderr: '', spawnError: 'ENOENT' });
    const { home, userHome } = plan;
    const options = { label: null, home, userHome, uid: 501, env: {}, run, clock: new FakeClock() };
    await expect(createLaunchd(options).install(plan)).rejects.toThrow('launchctl does not start (ENOENT)');
  });

  test.each(['a b', '../x', '', 'a/b', '-k', 'a\nb'])('refuses the label %j', (label) => {
    expect(() => stage({}, { label })).toThrow(/Cannot use the label/u);
  });

  test('takes another label', async () => {
    const { service, plan, acts, timed } = stage({}, { label: 'org.example.two' });
    await timed(service.install(plan));
    expect(service.file).toMatch(/\/org\.example\.two\.plist$/u);
    expect(acts()[0]).toBe('enable gui/501/org.example.two');
    expect(service.read()).toContain('<string>org.example.two</string>');
  });
});

describe('the file', () => {
  test('is 0644 whatever the umask and whatever was there', async () => {
    const { service, plan, file, timed } = stage();
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    await timed(service.install(plan));
    expect(modeOf(file)).toBe(0o644);
    process.umask(0);
    chmodSync(file, 0o666);
    expect((await timed(service.install(plan))).result).toBe('installed');
    expect(modeOf(file)).toBe(0o644);
    expect(readdirSync(dirname(file))).toEqual(['com.mcp.daemon.plist']);
  });

  test('is never written through a link', async () => {
    const { service, plan, file, timed, acts } = stage();
    mkdirSync(dirname(file), { recursive: true });
    const elsewhere = join(plan.userHome, 'elsewhere');
    writeFileSync(elsewhere, 'mine');
    symlinkSync(elsewhere, file);
    await expect(timed(service.install(plan))).rejects.toThrow('it is a symbolic link');
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
    expect(acts()).toEqual([]);
  });

  test.skipIf(!requireThat('root, to give files away', process.getuid?.() === 0))(
    'is never put in the place of somebody else’s',
    async () => {
      const { service, plan, file, timed } = await installed();
      chownSync(file, 12_345, 12_345);
      await expect(timed(service.install(plan))).rejects.toThrow('it belongs to user 12345');
    },
  );

  test('is not written when something in it is wrong', async () => {
    const { service, plan, file, timed, acts } = stage();
    await expect(timed(service.install({ ...plan, node: 'node' }))).rejects.toThrow(
      'ProgramArguments[0] must be the absolute path of a node that can be executed, got "node"',
    );
    expect(existsSync(file)).toBe(false);
    expect(acts()).toEqual([]);
  });

  test('cannot be for a home in a folder that macOS protects', async () => {
    const { service, plan, timed } = stage();
    const home = join(plan.userHome, 'Documents', 'watchdog');
    await expect(timed(service.install({ ...plan, home }))).rejects.toThrow(
      /lies in a folder that macOS closes to background programs/u,
    );
  });
});

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}

describe('the rest of its life', () => {
  test('restart replaces the process and keeps the job', async () => {
    const { service, acts, timed, machine } = await installed();
    const { pid } = await service.state();
    await timed(service.restart());
    expect(acts()).toEqual([`kickstart -k ${GUI}`]);
    expect(machine.services[GUI]?.runs).toBe(2);
    expect((await service.state()).pid).not.toBe(pid);
  });

  test('restart loads what is not loaded', async () => {
    const { service, acts, file, timed, machine } = await installed();
    machine.services = {};
    await timed(service.restart());
    expect(acts()).toEqual([`enable ${GUI}`, `bootstrap gui/501 ${file}`]);
  });

  test('stop waits until it is gone, and start brings it back', async () => {
    const { service, acts, file, timed, machine } = await installed({ drain: 20 });
    const { took } = await timed(service.stop());
    expect(took).toBeGreaterThan(3000);
    expect(machine.services).toEqual({});
    expect(await service.state()).toMatchObject({ isInstalled: true, isLoaded: false, pid: null });
    await timed(service.stop());
    await timed(service.start());
    expect(acts()).toEqual([`bootout ${GUI}`, `enable ${GUI}`, `bootstrap gui/501 ${file}`]);
  });

  test('start and restart say when it is not installed', async () => {
    const { service } = stage();
    await expect(service.start()).rejects.toThrow('it is not installed');
    await expect(service.restart()).rejects.toThrow('it is not installed');
  });

  test('uninstall ends it, clears the record of being disabled, and removes the file', async () => {
    const { service, acts, file, timed, machine } = await installed();
    machine.disabled.push('com.mcp.daemon');
    expect((await timed(service.uninstall())).result).toBe(true);
    expect(acts()).toEqual([`bootout ${GUI}`, `enable ${GUI}`]);
    expect(machine).toMatchObject({ services: {}, disabled: [] });
    expect(existsSync(file)).toBe(false);
    expect((await timed(service.uninstall())).result).toBe(false);
    expect(acts()).toEqual([]);
  });

  test('uninstall ends what runs although its file is gone', async () => {
    const { service, file, timed, machine } = await installed();
    rmSync(file);
    expect((await timed(service.uninstall())).result).toBe(true);
    expect(machine.services).toEqual({});
  });

  test('a bootout of what has just gone is no failure', async () => {
    const { service, timed, machine } = await installed();
    machine.answers = { bootout: [3], print: [0, 113, 113] };
    expect((await timed(service.uninstall())).result).toBe(true);
  });

  test('state says what launchd says, in one line', async () => {
    const { service, machine } = await installed();
    const { pid } = machine.services[GUI] ?? {};
    expect(await service.state()).toEqual({
      isInstalled: true,
      isLoaded: true,
      isEnabled: true,
      pid,
      detail: `${GUI}: state running, runs 1, last exit code (never exited)`,
    });
    expect(await stage().service.state()).toEqual({
      isInstalled: false,
      isLoaded: false,
      isEnabled: false,
      pid: null,
      detail: null,
    });
  });
});
