// Hundreds of servers in one daemon: all come up, a tenth dies at once, all go.
import { join } from 'node:path';
import { requireThat } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { chaos } from './lib/chaos.ts';
import { watchInvariants } from './lib/invariants.ts';
import { loopDelayEnv, startMeter } from './lib/meter.ts';
import { Stage, tiny } from './lib/stage.ts';

/** Starts are 150 ms apart, so that five hundred take a minute and a quarter. */
const SERVERS = { bounded: 20, long: 500 };

chaos(
  'many-servers',
  {
    title: 'five hundred servers (twenty in the suite)',
    rounds: { bounded: 1, long: 3 },
    longest: 20,
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const { home } = tempHome();
    const count = run.isLong ? SERVERS.long : SERVERS.bounded;
    const loopDelayFile = join(home, 'loop-delay.json');
    const usual = { probe: { interval: '15s', timeout: '5s', failures: 3 } };
    const stage = new Stage({
      home,
      servers: Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, tiny(usual)])),
      more: { sampling: { interval: '15s' }, alerts: { notify: [] } },
      env: loopDelayEnv(loopDelayFile),
    });
    const invariants = watchInvariants(run, stage);
    stage.writeConfig();
    const began = performance.now();
    await stage.start();
    const meter = startMeter(run, { daemon: () => stage.daemon, loopDelayFile, every: 1000 });
    await allUp(stage, count);
    run.figure('servers', count);
    run.figure('until all are up, s', seconds(began));
    await invariants.settled();
    for (const _round of run.rounds()) {
      const { servers } = await stage.status();
      const killed = servers.filter(() => run.random.chance(0.1));
      for (const { pid } of killed) if (pid !== null) process.kill(pid, 'SIGKILL');
      run.count('servers killed at once', killed.length);
      const since = performance.now();
      await waitFor(
        async () => {
          const now = await stage.status();
          return killed.every(({ name, run: last }) =>
            now.servers.some((one) => one.name === name && one.run > last),
          );
        },
        { timeout: 120_000, what: 'those that were killed to be started again' },
      );
      run.figure('until those killed are back, s', seconds(since));
      await invariants.settled();
    }
    meter.stop();
    const asked = performance.now();
    await stage.end();
    run.figure('until all are stopped, s', seconds(asked));
    await invariants.nothingLeft();
  },
);

function allUp(stage: Stage, count: number): Promise<unknown> {
  const up = async (): Promise<boolean> =>
    (await stage.status()).servers.filter(({ health }) => health.up === true).length === count;
  return waitFor(up, { timeout: 400_000, what: `${count} servers to be up` });
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}
