// A disk that is full at each write in turn, at the start of a daemon and while it runs.
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../fakes/processes.ts';
import { requireThat } from '../fakes/require-program.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import type { Random } from '../promql/support/random.ts';
import { onTestFinished } from 'vitest';
import { type Chaos, chaos } from './lib/chaos.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, tiny } from './lib/stage.ts';

const PAGE = 4096;
/** Pages that a start writes, and some more: with so many left, each write in turn is the one that fails. */
const PAGES_OF_A_START = 16;

chaos(
  'disk',
  {
    title: 'full at each write, at the start and while it runs',
    rounds: { bounded: 2, long: 48 },
    longest: 20,
    isPossible: requireThat('the right to mount', canMount()),
  },
  async (run) => {
    const stage = stageOnTinyDisk();
    let invariants = watchInvariants(run, stage);
    for (const round of run.rounds()) {
      // In the suite at random; in a long run all of them, again and again.
      const pages = run.isLong ? round % PAGES_OF_A_START : run.random.below(PAGES_OF_A_START);
      await startsWith(pages, stage, run);
      invariants = watchInvariants(run, stage);
      await invariants.settled();
      await fillsWhileItRuns(stage, run);
      await invariants.settled();
      await stage.kill();
      await invariants.nothingLeft();
    }
  },
);

function stageOnTinyDisk(): Stage {
  const disk = mountTinyDisk('2m');
  const home = disk?.folder ?? '';
  onTestFinished(() => disk?.remove());
  const stage = new Stage({ home, servers: { a: tiny(), b: tiny() } });
  stage.writeConfig();
  return stage;
}

/**
 * Starts a daemon with so many pages left. It runs, or says in one line with a cure why it does not; with room again, the
 * next one does.
 */
async function startsWith(pages: number, stage: Stage, run: Chaos): Promise<void> {
  fill(stage.home, pages * PAGE);
  const child = stage.spawn();
  const isDone = (): boolean =>
    child.exitCode !== null || child.signalCode !== null || stage.output.includes('"url":"http');
  await waitFor(isDone, { timeout: 60_000, what: `a start with ${pages} pages` });
  if (child.exitCode === null && child.signalCode === null) {
    run.count('starts on a full disk that ran');
    await stage.listening();
    await waitFor(async () => (await stage.status()).servers.every(({ pid }) => pid !== null), {
      timeout: 60_000,
      what: 'the servers on a full disk',
    });
    makeRoom(stage.home);
    return;
  }
  run.count('starts on a full disk that were refused');
  const said = stage.output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  if (child.exitCode === 0 || said.filter((line) => line.startsWith('error: ')).length !== 1)
    run.violated(
      `With ${pages} pages it ended with ${child.exitCode ?? child.signalCode}: ${stage.output.slice(-500)}`,
    );
  if (!said.some((line) => line.startsWith('hint: ')))
    run.violated(`With ${pages} pages it ended without a cure: ${stage.output.slice(-500)}`);
  makeRoom(stage.home);
  await stage.start();
}

/** Fills the disk to a few bytes, lets servers die and an operator ask; nothing of it may keep a server down. */
async function fillsWhileItRuns(stage: Stage, { random, count, violated }: Chaos): Promise<void> {
  fill(stage.home, random.pick([0, 1, 700, PAGE, 2 * PAGE]));
  const { pid } = await stage.server('a');
  const before = (await stage.server('a')).run;
  if (pid !== null && isRunning(pid)) process.kill(pid, 'SIGKILL');
  await ask(stage, random, violated);
  await waitFor(async () => (await stage.server('a')).run > before, {
    timeout: 60_000,
    what: 'a restart on a full disk',
  });
  count('restarts on a full disk');
  makeRoom(stage.home);
  await stage.ask('up', 'b');
  const wanted = (await stage.server('a')).restarts.signal;
  await waitFor(() => savedRestarts(stage.home) === wanted, {
    timeout: 40_000,
    what: 'the counters on the disk',
  });
}

/** An operator asks meanwhile: done, or refused with a reason. */
async function ask(stage: Stage, random: Random, violated: (promise: string) => void): Promise<void> {
  try {
    await stage.ask(random.pick(['up', 'down']), 'b');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error))
      violated(`A request on a full disk: ${String(error)}`);
  }
}

const filler = (home: string): string => join(home, 'filler');

/** Fills the disk so that `left` bytes remain, to the next page; with 0 to the last byte. */
function fill(home: string, left: number): void {
  const { bavail, bsize } = statfsSync(home);
  append(home, Math.max(0, bavail * bsize - left));
  // The folder may have taken a page for itself.
  if (left === 0) while (append(home, 1));
}

function append(home: string, bytes: number): boolean {
  try {
    writeFileSync(filler(home), Buffer.alloc(bytes), { flag: 'a' });
    return true;
  } catch {
    return false;
  }
}

function makeRoom(home: string): void {
  rmSync(filler(home), { force: true });
}

function savedRestarts(home: string): number {
  const { servers }: { servers: Record<string, { restarts?: Record<string, number> }> } = JSON.parse(
    readFileSync(join(home, 'run', 'state.json'), 'utf8'),
  );
  return servers['a']?.restarts?.['signal'] ?? 0;
}
