// Random kill -9 of daemon, guardian and servers while operators, reloads and crashes are under way.
import { freePort } from '../fixtures/start.ts';
import { fixture, httpFixture } from '../e2e/daemon.ts';
import { requireThat } from '../fakes/require-program.ts';
import { chaos } from './lib/chaos.ts';
import { FAULTS, tormentOnce } from './lib/faults.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, stubborn, tiny } from './lib/stage.ts';

/** Starts that the budget of the server that always crashes allows. */
const STARTS = 3;
const LOOPER = {
  command: ['/bin/sh', '-c', 'exit 3'],
  restart: {
    initialDelay: '20ms',
    maxDelay: '50ms',
    budget: [{ restarts: STARTS, within: '10m' }],
    retryAfter: '1h',
  },
};
const AGAIN = { restart: { initialDelay: '50ms', maxDelay: '300ms', budget: [] } };

chaos(
  'kills',
  {
    title: 'random kill -9 with requests, reloads and crashes under way',
    rounds: { bounded: 3, long: 110 },
    longest: 30,
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const stage = new Stage({
      servers: {
        ...Object.fromEntries(['a', 'b'].map((name) => [name, tiny()])),
        looper: LOOPER,
        stubborn: stubborn(),
        ...(run.isLong && {
          web: httpFixture(await freePort(), [], AGAIN),
          escapee: fixture(['--behaviour', 'escapee,ignore-eof,ignore-term'], AGAIN),
        }),
      },
    });
    const invariants = watchInvariants(run, stage, { loopers: { looper: { starts: STARTS } } });
    stage.writeConfig();
    await stage.start();
    await invariants.settled();
    for (const _round of run.rounds()) {
      for (let fault = run.random.below(3); fault >= 0; fault -= 1) {
        await tormentOnce({ chaos: run, stage, random: run.random, invariants }, FAULTS);
        if (stage.daemon !== null) await invariants.now();
      }
      if (stage.daemon === null) await stage.start();
      await invariants.settled();
    }
    await stage.end();
    await invariants.nothingLeft();
  },
);
