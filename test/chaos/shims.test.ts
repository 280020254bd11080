// Shims that all start at once on one server, with a daemon and without one, while what serves them is killed.
import { readFileSync } from 'node:fs';
import { requireThat } from '../fakes/require-program.ts';
import { startShim, type Shim } from '../fakes/shim.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { toolsServer } from '../e2e/gateway-clients.ts';
import { chaos, type Chaos } from './lib/chaos.ts';
import { markedProcesses, Stage } from './lib/stage.ts';

const CROWD = { bounded: 5, long: 100 };

/** A hundred programs that start share two processors. */
const PATIENCE = { timeout: 120_000 };

chaos(
  'shims',
  {
    title:
      'many `connect` at once on one server, with a daemon and without, under `kill -9` of what serves them',
    rounds: { bounded: 2, long: 6 },
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    for (const round of run.rounds()) {
      if (round % 2 === 0) await withDaemon(run);
      else await withoutDaemon(run);
    }
  },
);

function openStage() {
  const { spec } = toolsServer();
  const restart = { initialDelay: '50ms', maxDelay: '50ms', budget: [] };
  const stage = new Stage({ servers: { s: { ...spec, restart } } });
  stage.writeConfig();
  return stage;
}

async function withDaemon(run: Chaos): Promise<void> {
  const stage = openStage();
  await stage.start();
  const shims = await startAll(run, stage);
  await readAll(run, shims, stage);
  await killServer(run, stage);
  await readAll(run, shims, stage);
  await stage.kill();
  run.count('kill -9 of the daemon');
  const reading = readAll(run, shims, stage);
  await stage.start();
  await reading;
  await endAll(run, shims);
  await stage.end();
  await nothingLeft(run, stage);
}

async function withoutDaemon(run: Chaos): Promise<void> {
  const stage = openStage();
  let shims = await startAll(run, stage);
  await readAll(run, shims, stage);
  await killServer(run, stage);
  for (let deaths = 0; deaths < 2; deaths += 1) {
    await readAll(run, shims, stage);
    const leader = leaderOf(run, shims);
    if (leader === undefined) break;
    leader.child.kill('SIGKILL');
    await leader.exit;
    run.count('kill -9 of the shim that runs the server');
    shims = shims.filter((shim) => shim !== leader);
  }
  await readAll(run, shims, stage);
  await endAll(run, shims);
  await nothingLeft(run, stage);
}

async function startAll(run: Chaos, { home }: Stage): Promise<Shim[]> {
  const since = performance.now();
  const count = run.isLong ? CROWD.long : CROWD.bounded;
  const shims = Array.from({ length: count }, () => startShim(home, 's'));
  await Promise.all(shims.map((shim) => shim.greet(PATIENCE)));
  run.count('shims', count);
  run.figure('until all were greeted, ms', Math.round(performance.now() - since));
  return shims;
}

/** The one that runs the server: it said so, and lives. */
function leaderOf(run: Chaos, shims: readonly Shim[]): Shim | undefined {
  const leaders = shims.filter((shim) => shim.stderr().includes('s runs here'));
  if (leaders.length !== 1) run.violated(`${leaders.length} shims run the server, not 1`);
  return leaders[0];
}

let reads = 0;

/** Every shim reads, all are answered by the same process, and it is the only one. */
async function readAll(run: Chaos, shims: readonly Shim[], stage: Stage): Promise<void> {
  reads += 1;
  const id = `read ${reads}`;
  for (const shim of shims)
    shim.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'read', arguments: {} } });
  const answers = await Promise.all(shims.map((shim) => shim.answer(id, PATIENCE)));
  const told = new Set(answers.map(({ result, error }) => JSON.stringify(result ?? error)));
  if (told.size !== 1) run.violated(`Not all were answered alike: ${[...told].slice(0, 3).join(', ')}`);
  if (answers.some(({ error }) => error !== undefined))
    run.violated(`A read failed: ${[...told].join(', ')}`);
  run.count('reads', shims.length);
  const running = await processes(stage);
  if (running.length !== 1) run.violated(`${running.length} processes of the server, not 1`);
}

async function killServer(run: Chaos, stage: Stage): Promise<void> {
  const [server] = await processes(stage);
  if (server === undefined) return run.violated('There is no server to kill');
  process.kill(server, 'SIGKILL');
  await waitFor(() => !pidsOf(stage).includes(server), { what: 'its end' });
  run.count('kill -9 of the server');
}

/** What lives of the server, once there is no more of it than one: an earlier one may be ending. */
async function processes(stage: Stage): Promise<readonly number[]> {
  await waitFor(() => pidsOf(stage).length === 1, { ...PATIENCE, what: 'one process' }).catch(
    () => undefined,
  );
  return pidsOf(stage);
}

/** By the environment that is the stage's own, since shims are daemons of their server too. */
function pidsOf({ servers }: Stage): readonly number[] {
  const log = `TOOLS_LOG=${JSON.parse(JSON.stringify(servers['s'])).env.TOOLS_LOG}`;
  return markedProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => environmentOf(pid).includes(log));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

async function endAll(run: Chaos, shims: readonly Shim[]): Promise<void> {
  for (const { child } of shims) child.stdin.end();
  const codes = new Set(await Promise.all(shims.map(({ exit }) => exit)));
  if (codes.size !== 1 || !codes.has(0))
    run.violated(`Shims ended with ${[...codes].join(', ')}, not with 0`);
}

async function nothingLeft(run: Chaos, stage: Stage): Promise<void> {
  await waitFor(() => pidsOf(stage).length === 0, { what: 'no server', timeout: 20_000 }).catch(() =>
    run.violated(`The server lives on as ${pidsOf(stage).join(', ')}`),
  );
}
