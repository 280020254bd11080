// A server that is killed again and again under clients that read, and the daemon between them: not one read fails, sessions go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLIENTS, toolsServer, type TestClient } from '../e2e/gateway-clients.ts';
import { freePort } from '../fixtures/start.ts';
import { chaos, type Chaos } from './lib/chaos.ts';
import { Stage } from './lib/stage.ts';

/** How many of them there are; of each kind of client a third. */
const READERS = 16;
/** One round in so many kills the daemon instead of its server. */
const DAEMON_EVERY = 10;
/** Longest work of a read, ms: some are under way at each death. */
const WORK = 60;

chaos(
  'gateway',
  {
    title: 'kill -9 of a server, and of the daemon, under 16 clients that read through the gateway',
    rounds: { bounded: 4, long: 120 },
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const { spec } = toolsServer();
    const listen = `127.0.0.1:${await freePort()}`;
    const restart = { initialDelay: '50ms', maxDelay: '50ms', budget: [] };
    const stage = new Stage({ servers: { s: { ...spec, restart } }, more: { gateway: { listen } } });
    stage.writeConfig();
    await stage.start();
    const url = new URL(`http://${listen}/s/mcp`);
    const kinds = Array.from({ length: READERS }, () => Object.values(CLIENTS)).flat();
    const clients = await Promise.all(kinds.slice(0, READERS).map((connect) => connect(url)));
    const readers = clients.map((client) => startReader(run, client));

    let worst = 0;
    for (const round of run.rounds()) {
      const since = performance.now();
      if (round % DAEMON_EVERY === DAEMON_EVERY - 1) await replaceDaemon(run, stage, { readers, listen });
      else await killServer(run, stage);
      const before = readers.map(({ reads }) => reads());
      // Twice: what was cut off is answered, and so is what came after it.
      const goOn = (): boolean => readers.every(({ reads }, index) => reads() >= (before[index] ?? 0) + 2);
      await waitFor(goOn, { timeout: 60_000, what: 'every client to read on in its session' });
      worst = Math.max(worst, performance.now() - since);
      await sleep(run.random.below(700));
    }
    await Promise.all(readers.map(({ stop }) => stop()));
    run.count(
      'reads',
      readers.reduce((sum, { reads }) => sum + reads(), 0),
    );
    run.figure('until all clients read on after a death, at most, ms', Math.round(worst));
    run.figure('runs of the server', (await stage.server('s')).run);
  },
);

async function killServer(run: Chaos, stage: Stage): Promise<void> {
  const { pid } = await waitFor(
    async () => {
      const server = await stage.server('s');
      return server.state === 'running' && server.pid !== null && server;
    },
    { timeout: 60_000, what: 'the server' },
  );
  if (pid !== null) process.kill(pid, 'SIGKILL');
  run.count('kill -9 of the server');
}

/** While there is no daemon, nobody can be answered: what fails then is counted, and the clients stay as they are. */
async function replaceDaemon(
  run: Chaos,
  stage: Stage,
  { readers, listen }: { readonly readers: readonly Reader[]; readonly listen: string },
): Promise<void> {
  for (const { pause } of readers) pause(true);
  await stage.kill();
  await stage.start();
  const isHealthy = (): Promise<boolean> =>
    fetch(`http://${listen}/-/healthy`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor(isHealthy, { timeout: 60_000, what: 'the gateway' });
  for (const { pause } of readers) pause(false);
  run.count('kill -9 of the daemon');
}

interface Reader {
  /** Reads that were answered. */
  readonly reads: () => number;
  /** Expects failures from here on, or none. */
  readonly pause: (isDown: boolean) => void;
  readonly stop: () => Promise<void>;
}

/** Reads in a loop, and checks that each answer is its own. */
function startReader(run: Chaos, client: TestClient): Reader {
  let reads = 0;
  let number = 0;
  let isDown = false;
  /** Daemons that have died since the beginning. */
  let deaths = 0;
  const stopped = new AbortController();

  async function read(): Promise<void> {
    number += 1;
    const text = `read ${number}`;
    const delay = run.random.below(WORK);
    // One that began without a daemon, or was under way when it died, may fail; later ones may not.
    const [mayFail, before] = [isDown, deaths];
    try {
      const answer = await client.call('read', { text, delay });
      if (!answer.endsWith(` ${text}`)) run.violated(`"${text}" was answered with "${answer}"`);
      reads += 1;
    } catch (error) {
      if (mayFail || deaths > before) run.count('reads that failed while there was no daemon');
      else run.violated(`A read failed: ${String(error)}`);
    }
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      await read();
      await sleep(isDown ? 200 : 5);
    }
  }

  const done = loop();
  return {
    reads: () => reads,
    pause(is) {
      isDown = is;
      if (is) deaths += 1;
    },
    async stop() {
      stopped.abort();
      await done;
    },
  };
}
