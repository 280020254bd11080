// Limits of files and processes that come and go while the daemon runs.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI } from '../e2e/daemon.ts';
import { canBecomeOther } from '../fakes/other-user.ts';
import { requireProgram, requireThat } from '../fakes/require-program.ts';
import { chaos } from './lib/chaos.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, tiny } from './lib/stage.ts';

/** Root has no limit of processes, so that the daemon becomes a user who has one and no other processes. */
const NOBODY = '54321';
const BECOME = ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'];
/** What is plenty for three servers. */
const ENOUGH = 4096;

const isRoot = process.getuid?.() === 0;

/** A clone in the folder of a user may not be read by others. */
function canBecome(): boolean {
  return requireThat(
    'setpriv, and a clone that others can read',
    run([...BECOME, process.execPath, CLI, '--help']).status === 0,
  );
}

chaos(
  'limits',
  {
    title: 'limits of files and processes that come and go',
    rounds: { bounded: 2, long: 40 },
    isPossible: requireProgram('prlimit') && process.platform === 'linux',
  },
  async (torment) => {
    const { random } = torment;
    const becomes = canBecomeOther() && canBecome();
    const stage = new Stage({
      servers: { a: tiny(), b: tiny(), c: tiny() },
      ...(becomes && { wrapper: BECOME }),
    });
    const invariants = watchInvariants(torment, stage);
    stage.writeConfig();
    if (becomes) spawnSync('chown', ['-R', NOBODY, stage.home]);
    const { pid } = await stage.start();
    await invariants.settled();
    for (const _round of torment.rounds()) {
      // A daemon that may open nothing answers nobody either.
      const { servers } = await stage.status();
      const isAboutFiles = random.chance(0.6);
      if (isAboutFiles) limit(pid, 'nofile', 1 + random.below(70));
      else limit(pid, 'nproc', random.pick([1, threadsOf(pid), threadsOf(pid) + servers.length]));
      torment.count(isAboutFiles ? 'limits of files' : 'limits of processes');
      for (const { pid: server } of servers) if (server !== null && random.chance(0.7)) kill(server);
      await sleep(random.below(1500));
      limit(pid, 'nofile', ENOUGH);
      limit(pid, 'nproc', ENOUGH);
      await invariants.settled();
    }
    if (stage.daemon?.child.exitCode !== null) torment.violated('The daemon did not outlive its limits');
    await stage.end();
    await invariants.nothingLeft();
  },
);

/** Sets the soft limit of a running process. */
function limit(pid: number, what: 'nofile' | 'nproc', most: number): void {
  // Not every root may change the limits of others: the same user always may.
  const prefix = isRoot && userOf(pid) !== 0 ? BECOME : [];
  const { status, stderr } = run([...prefix, 'prlimit', '--pid', String(pid), `--${what}=${most}:`]);
  if (status !== 0) throw new Error(`prlimit ended with ${status}: ${stderr}`);
}

function run([file = '', ...args]: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(file, args, { encoding: 'utf8' });
}

function userOf(pid: number): number {
  return statSync(`/proc/${pid}`).uid;
}

function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
