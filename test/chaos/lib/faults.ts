// What is done to a running stage: one row for each kind of torment. A new feature adds its own rows here.
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../fakes/processes.ts';
import { killWithGuardian } from '../../e2e/own-death.ts';
import type { Random } from '../../promql/support/random.ts';
import type { Chaos } from './chaos.ts';
import type { Invariants } from './invariants.ts';
import { type Stage, tiny } from './stage.ts';

/** Name of the server that always crashes, whose budget is watched. */
export const LOOPER = 'looper';

export interface Torment {
  readonly chaos: Chaos;
  readonly stage: Stage;
  readonly random: Random;
  readonly invariants: Invariants;
}

export interface Fault {
  /** Of all faults that are thrown, how many are of this kind, as a share of the sum. */
  readonly weight: number;
  /** How often it kills with SIGKILL, for the report. */
  readonly kills: number;
  /** Does it to a stage whose daemon listens; may leave it without one. */
  readonly commit: (torment: Torment) => Promise<void>;
}

/** Faults of the daemon and its servers. */
export const FAULTS = {
  'kill a server': {
    weight: 5,
    kills: 1,
    async commit({ stage, random }) {
      const running = (await stage.status()).servers.filter(({ pid }) => pid !== null);
      if (running.length > 0) killProcess(random.pick(running).pid);
    },
  },
  'kill the daemon': {
    weight: 3,
    kills: 1,
    async commit({ stage, random, invariants }) {
      await stage.kill();
      // The next one comes at once, or when the guardian is done.
      if (random.chance(0.5)) await invariants.nothingLeft();
    },
  },
  'kill daemon and guardian': {
    weight: 2,
    kills: 2,
    async commit({ stage }) {
      const { daemon } = stage;
      if (daemon === null) return;
      const stop = async (): Promise<null> => (await stage.kill(), null);
      await killWithGuardian({ pid: daemon.pid, stop });
    },
  },
  'kill a daemon that starts': {
    weight: 3,
    kills: 2,
    async commit({ stage, random }) {
      await stage.kill();
      stage.spawn();
      await sleep(random.below(900));
      await stage.kill();
    },
  },
  'kill the daemon during a request': {
    weight: 2,
    kills: 1,
    async commit({ stage, random }) {
      const name = random.pick(operated(stage));
      const wanted = random.pick(['up', 'down'] as const);
      const asked = stage.ask(wanted, name).catch(() => undefined);
      await sleep(random.below(60));
      await stage.kill();
      await asked;
    },
  },
  'kill the daemon during a reload': {
    weight: 2,
    kills: 1,
    async commit({ stage, random }) {
      changeServers(stage, random);
      const asked = stage.request('reload', {}).catch(() => undefined);
      await sleep(random.below(120));
      await stage.kill();
      await asked;
    },
  },
  'stop or start a server': {
    weight: 2,
    kills: 0,
    async commit({ stage, random }) {
      await stage.ask(random.pick(['up', 'down'] as const), random.pick(operated(stage)));
    },
  },
  'restart a server': {
    weight: 1,
    kills: 0,
    async commit({ stage, random }) {
      const { servers } = await stage.status();
      const running = servers.filter(({ name, desired }) => desired === 'up' && name !== LOOPER);
      if (running.length === 0) return;
      const { name } = random.pick(running);
      await stage.request('restart', { names: [name] });
    },
  },
  'change the config': {
    weight: 2,
    kills: 0,
    async commit({ stage, random }) {
      changeServers(stage, random);
      await stage.request('reload', {});
    },
  },
  'freeze a server': {
    weight: 1,
    kills: 0,
    async commit({ stage, random }) {
      const running = (await stage.status()).servers.filter(({ pid }) => pid !== null);
      if (running.length > 0) signal(random.pick(running).pid, 'SIGSTOP');
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** Name of the server that is a package with the versions below, for the faults of updates. */
export const PACKAGE = 'package';
export const VERSIONS = ['1.0.0', '1.1.0', '1.2.0'] as const;

/** Faults of updates; the stage has a server of that name, and a registry with its versions. */
export const UPDATE_FAULTS = {
  'update or roll back': {
    weight: 2,
    kills: 0,
    commit: ({ stage, random }) => beginUpdate(stage, random),
  },
  'kill the daemon during an update': {
    weight: 4,
    kills: 1,
    async commit({ stage, random }) {
      await beginUpdate(stage, random);
      // An installation takes about a second, canary and switch some more, probation three.
      await sleep(random.below(6000));
      await stage.kill();
    },
  },
  'kill the package during an update': {
    weight: 2,
    kills: 1,
    async commit({ stage, random }) {
      await beginUpdate(stage, random);
      await sleep(random.below(6000));
      const { servers } = await stage.status();
      killProcess(servers.find(({ name }) => name === PACKAGE)?.pid ?? null);
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

async function beginUpdate(stage: Stage, random: Random): Promise<void> {
  const names = [PACKAGE];
  // Refused where one is under way, or the version was found bad: both are answers.
  if (random.chance(0.3)) await stage.request('rollback', { names }).catch(() => undefined);
  else await stage.request('update', { names, to: random.pick(VERSIONS) }).catch(() => undefined);
}

export type Faults = Readonly<Record<string, Fault>>;

/** Commits one fault at random and counts it, starting a daemon first where there is none. */
export async function tormentOnce(torment: Torment, faults: Faults): Promise<void> {
  const { chaos, stage, random } = torment;
  if (stage.daemon === null) await stage.start();
  const bag = Object.entries(faults).flatMap(([name, { weight }]) =>
    Array.from({ length: weight }, () => name),
  );
  const name = random.pick(bag);
  const fault = faults[name];
  if (fault === undefined) throw new Error(`There is no fault ${name}`);
  await fault.commit(torment);
  chaos.count(name);
  chaos.count('kill -9', fault.kills);
}

/** Servers that operators start and stop: not the one whose starts are counted, since each request grants it some more. */
function operated(stage: Stage): string[] {
  return Object.keys(stage.servers).filter((name) => name !== LOOPER);
}

/** Adds, removes or changes servers whose name says that they may be; the others keep their meaning. */
function changeServers(stage: Stage, random: Random): void {
  const servers = { ...stage.servers };
  const name = `extra-${random.below(3)}`;
  if (name in servers && random.chance(0.5)) {
    delete servers[name];
    stage.desired.delete(name);
    stage.removed.add(name);
  } else servers[name] = tiny({ env: { CHAOS_TURN: String(random.below(1000)) } });
  stage.servers = servers;
  stage.writeConfig();
}

function killProcess(pid: number | null): void {
  signal(pid, 'SIGKILL');
}

function signal(pid: number | null, name: NodeJS.Signals): void {
  if (pid === null || !isRunning(pid)) return;
  try {
    process.kill(pid, name);
  } catch {
    // Gone in between.
  }
}
