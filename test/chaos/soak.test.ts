// Half an hour at ten times the usual rate: memory after it is what it was after ten minutes.
//
// Rules are evaluated as often as usual: their windows hold a sample an evaluation, so that at ten times the rate they would
// take hours to fill, and ten times the memory that they ever have.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireThat } from '../fakes/require-program.ts';
import { fixture, httpFixture } from '../e2e/daemon.ts';
import { freePort } from '../fixtures/start.ts';
import { chaos } from './lib/chaos.ts';
import { FAULTS, tormentOnce } from './lib/faults.ts';
import { watchInvariants } from './lib/invariants.ts';
import { loopDelayEnv, mebibytes, startMeter } from './lib/meter.ts';
import { Stage, tiny } from './lib/stage.ts';

/** A tenth of the default of probes, samples and scrapes, ms. */
const EVERY = 1500;
const TEN_TIMES = {
  probe: { interval: `${EVERY}ms`, timeout: '5s', failures: 3 },
  restart: { initialDelay: '100ms', maxDelay: '2s', budget: [] },
  logs: { maxSize: '1MiB', keep: 2 },
};
const SERVERS = 12;
/** Ms between two faults: each server crashes once in about two minutes, which is far beyond ten times what is usual. */
const FAULT_EVERY = 10_000;

const DURATION = 30 * 60_000;
/** Share of the whole after which memory is taken as the measure of the rest. */
const RIPE = 1 / 3;
/** Memory goes up and down between two collections: the lowest of so long, ms, is what is really kept. */
const WINDOW = 60_000;
const MOST_GROWTH = 1.1;

/** What a soak does: nothing that kills the daemon, whose memory is what is looked at. */
const GENTLE = {
  'kill a server': FAULTS['kill a server'],
  'stop or start a server': FAULTS['stop or start a server'],
  'restart a server': FAULTS['restart a server'],
  'change the config': FAULTS['change the config'],
  'freeze a server': FAULTS['freeze a server'],
};

chaos(
  'soak',
  {
    title: 'thirty minutes at ten times the usual rate, a fault every ten seconds',
    rounds: { bounded: 0, long: DURATION / FAULT_EVERY },
    longest: 45,
    isOnlyLong: true,
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const loopDelayFile = join(process.env['MCP_WATCHDOG_CHAOS_REPORT'] ?? '', 'soak.loop-delay.json');
    const stage = new Stage({
      servers: {
        ...Object.fromEntries(
          Array.from({ length: SERVERS - 2 }, (_, index) => [`s${index}`, tiny(TEN_TIMES)]),
        ),
        web: httpFixture(await freePort(), [], TEN_TIMES),
        noisy: fixture(['--behaviour', 'noise'], TEN_TIMES),
      },
      more: { sampling: { interval: `${EVERY}ms` }, alerts: { notify: [] } },
      env: loopDelayEnv(loopDelayFile),
    });
    const invariants = watchInvariants(run, stage);
    stage.writeConfig();
    await stage.start();
    await invariants.settled();
    const meter = startMeter(run, { daemon: () => stage.daemon, loopDelayFile, every: EVERY });
    const began = performance.now();
    for (const round of run.rounds()) {
      const next = sleep(FAULT_EVERY);
      await tormentOnce({ chaos: run, stage, random: run.random, invariants }, GENTLE);
      if (round % 6 === 5) await invariants.settled();
      await next;
    }
    await invariants.settled();
    const end = performance.now();
    const ripe = began + (end - began) * RIPE;
    meter.stop();
    const [then, now] = [meter.lowestMemory(ripe - WINDOW, ripe), meter.lowestMemory(end - WINDOW, end)];
    run.figure('memory after a third, lowest of a minute, MiB', mebibytes(then));
    run.figure('memory at the end, lowest of a minute, MiB', mebibytes(now));
    run.figure('growth', Math.round((now / then) * 1000) / 1000);
    if (now > then * MOST_GROWTH)
      run.violated(`Memory grew from ${mebibytes(then)} to ${mebibytes(now)} MiB, more than by a tenth`);
    await stage.end();
    await invariants.nothingLeft();
  },
);
