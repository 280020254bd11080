// Random kill -9 of daemon, guardian and servers while updates, requests, reloads and crashes are under way.
import { onTestFinished } from 'vitest';
import { fixture, httpFixture } from '../e2e/daemon.ts';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { requireThat } from '../fakes/require-program.ts';
import { startRegistry, type StaticRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { freePort } from '../fixtures/start.ts';
import { chaos } from './lib/chaos.ts';
import { FAULTS, LOOPER, PACKAGE, tormentOnce, UPDATE_FAULTS, VERSIONS } from './lib/faults.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, stubborn, tiny } from './lib/stage.ts';

/** Starts that the budget of the server that always crashes allows. */
const STARTS = 3;
const CRASHES = {
  command: ['/bin/sh', '-c', 'exit 3'],
  restart: {
    initialDelay: '20ms',
    maxDelay: '50ms',
    budget: [{ restarts: STARTS, within: '10m' }],
    retryAfter: '1h',
  },
};
const AGAIN = { restart: { initialDelay: '50ms', maxDelay: '300ms', budget: [] } };

/** The registry of the server that is updated meanwhile. */
async function versions(): Promise<StaticRegistry> {
  const files = { ...fixtureFiles(), 'bin.mjs': "#!/usr/bin/env node\nawait import('./mcp.mjs');\n" };
  const registry = await startRegistry(
    VERSIONS.map((version) => ({
      name: '@fixtures/updated',
      version,
      files,
      manifest: { bin: { updated: 'bin.mjs' }, type: 'module' },
    })),
  );
  onTestFinished(() => registry.close());
  return registry;
}

chaos(
  'kills',
  {
    title: 'random kill -9 with updates, requests, reloads and crashes under way',
    rounds: { bounded: 2, long: 110 },
    longest: 30,
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const { home } = tempHome();
    const registry = run.isLong ? await versions() : null;
    const faults = run.isLong ? { ...FAULTS, ...UPDATE_FAULTS } : FAULTS;
    const stage = new Stage({
      home,
      ...(registry !== null && {
        env: {
          npm_config_registry: registry.url,
          npm_config_cache: `${home}/npm-cache`,
          npm_config_fetch_retries: '0',
        },
        more: { schedule: { update: null } },
      }),
      servers: {
        ...Object.fromEntries(['a', 'b'].map((name) => [name, tiny()])),
        [LOOPER]: CRASHES,
        stubborn: stubborn(),
        ...(run.isLong && {
          [PACKAGE]: {
            package: '@fixtures/updated',
            version: VERSIONS[0],
            ...AGAIN,
            update: { minimumAge: '0s', probation: '3s' },
          },
          web: httpFixture(await freePort(), [], AGAIN),
          escapee: fixture(['--behaviour', 'escapee,ignore-eof,ignore-term'], AGAIN),
        }),
      },
    });
    const invariants = watchInvariants(run, stage, { loopers: { [LOOPER]: { starts: STARTS } } });
    stage.writeConfig();
    await stage.start();
    await invariants.settled();
    for (const _round of run.rounds()) {
      for (let fault = run.random.below(3); fault >= 0; fault -= 1) {
        await tormentOnce({ chaos: run, stage, random: run.random, invariants }, faults);
        if (stage.daemon !== null) await invariants.now();
      }
      if (stage.daemon === null) await stage.start();
      await invariants.settled();
    }
    await stage.end();
    await invariants.nothingLeft();
  },
);
