// A port that is taken between the look at it and its use.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { FIXTURE, httpFixture } from '../e2e/daemon.ts';
import { freePort } from '../fixtures/start.ts';
import type { Random } from '../promql/support/random.ts';
import { chaos } from './lib/chaos.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, tiny } from './lib/stage.ts';

/** Time between the start of the server and its listen, ms: the thief comes within it. */
const GAP = 700;

chaos(
  'port-theft',
  {
    title: 'a port that is stolen between check and bind',
    rounds: { bounded: 2, long: 60 },
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const port = await freePort();
    const slow = ['--behaviour', 'slow-start', '--delay', String(GAP)];
    const again = { restart: { initialDelay: '50ms', maxDelay: '300ms', budget: [] } };
    const stage = new Stage({ servers: { web: httpFixture(port, slow, again), other: tiny() } });
    const invariants = watchInvariants(run, stage);
    stage.writeConfig();
    await stage.start();
    await invariants.settled();
    for (const _round of run.rounds()) {
      const before = await stage.server('web');
      process.kill(before.pid ?? 0, 'SIGKILL');
      await waitFor(async () => (await stage.server('web')).run > before.run, {
        timeout: 60_000,
        what: 'the next start',
      });
      await sleep(run.random.below(GAP / 2));
      const thief = await steal(port, run.random);
      // The server may have been faster: then it has its port, and the thief none.
      if (thief === null) run.count('thefts that came too late');
      else {
        run.count('thefts');
        await isToldOfThief(stage, thief, (promise) => run.violated(promise));
        await thief.leave();
      }
      await invariants.settled();
    }
    await stage.end();
    await invariants.nothingLeft();
  },
);

interface Thief {
  readonly pid: number;
  leave(): Promise<void>;
}

/** Down and with the thief's name while the port is stolen; never up by the answers of another process, which lives on. */
async function isToldOfThief(stage: Stage, thief: Thief, violated: (promise: string) => void): Promise<void> {
  const named = async (): Promise<boolean> => {
    const { lastFailure, health, pid } = await stage.server('web');
    if (health.up === true && pid !== null) violated(`"web" is up while process ${thief.pid} has its port`);
    return lastFailure?.code === 'PORT_IN_USE' && lastFailure.message.includes(`pid ${thief.pid}`);
  };
  await waitFor(named, { timeout: 60_000, what: 'the thief to be named' });
  if (!isRunning(thief.pid)) violated(`The thief ${thief.pid} was ended`);
  const other = await stage.server('other');
  if (other.health.up !== true) violated('The other server suffers from it');
}

/** Takes the port with a plain socket, or with an MCP server that answers the probes; null when it is taken. */
async function steal(port: number, random: Random): Promise<Thief | null> {
  return random.chance(0.5) ? listen(port) : answer(port);
}

async function listen(port: number): Promise<Thief | null> {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  const isThere = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  return isThere ? { pid: process.pid, leave: () => closed(server) } : null;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(port: number): Promise<Thief | null> {
  const child = spawn(process.execPath, [FIXTURE, '--transport', 'http', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<false>((resolve) => child.once('exit', () => resolve(false)));
  const listens = new Promise<true>((resolve) => child.stdout.once('data', () => resolve(true)));
  if (!(await Promise.race([listens, ended]))) return null;
  return { pid: child.pid ?? 0, leave: () => end(child, ended) };
}

async function end(child: ChildProcess, ended: Promise<false>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
