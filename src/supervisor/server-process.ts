// One process of one server, from its start to the moment when nothing of it is left.
import type { StopStep } from '../core/model/lifecycle-state.ts';
import type { DetachedProcess } from '../core/lifecycle/process-tree.ts';
import type { Clock } from '../system/time/clock.ts';
import { type IdentityVerdict, checkIdentity, readBootId } from '../system/process/process-identity.ts';
import { signalGroup, signalProcess, terminateGroup } from '../system/process/process-group.ts';
import type { SpawnedProcess, ProcessExit } from '../system/process/spawn.ts';
import { findLeftoverProcesses, type Leader, type LeftoverProcesses } from './leftover-processes.ts';

export interface ServerProcess {
  readonly leader: Leader;
  readonly child: SpawnedProcess;
  /** Carries out one step of the stop sequence on everything that is left. */
  end(how: StopStep['kind']): void;
  /**
   * Takes in who has left the group as of now, while their parents still tell whose they are. Who is dead is forgotten:
   * a server that starts a browser for each request must not fill a list for months, nor hold numbers of groups that
   * are somebody else's by then.
   */
  updateDetached(found: readonly DetachedProcess[]): void;
}

export interface ServerProcessOptions {
  readonly leader: Leader;
  readonly child: SpawnedProcess;
  readonly clock: Clock;
  readonly onExit: (exit: ProcessExit) => void;
  /** The group is empty and no stray is alive. */
  readonly onGone: () => void;
  readonly onDetached: (stray: DetachedProcess) => void;
  readonly onDetachedGone: (stray: DetachedProcess) => void;
  readonly onFault: (error: unknown) => void;
}

/** How often the process table is read while something is still to go, in milliseconds. */
const FIRST_LOOK = 10;
const SLOW_LOOK = 200;
/** What outlived its KILL for that many looks is held by the kernel: there is no hurry left. */
const MANY_LOOKS = 200;
const SLOWEST_LOOK = 2000;
/** A process table that does not answer must not keep a signal from being sent. */
const LOOK_TIMEOUT = 2000;
/** Longest wait for pipes that somebody else holds open; a process that is alone has closed them with its end. */
const LAST_WORDS = 50;
/** What a dead process has written is still in its pipes: so long it may be read. */
const DRAIN = 250;

export function superviseProcess(options: ServerProcessOptions): ServerProcess {
  const { leader, child, clock } = options;
  const strays = new Map<number, DetachedProcess>();
  let hasExited = false;
  let isGone = false;
  let looks = 0;
  let isBlind = false;

  function learn(stray: DetachedProcess): void {
    const known = strays.get(stray.pid);
    if (known?.startToken === stray.startToken) return;
    if (known !== undefined) options.onDetachedGone(known);
    strays.set(stray.pid, stray);
    options.onDetached(stray);
  }

  function remember(found: readonly DetachedProcess[]): void {
    found.forEach(learn);
    const alive = new Set(found.map(({ pid }) => pid));
    for (const stray of strays.values()) {
      if (alive.has(stray.pid) || !isDead(stray)) continue;
      strays.delete(stray.pid);
      options.onDetachedGone(stray);
    }
  }

  async function look(): Promise<LeftoverProcesses | null> {
    try {
      const remains = await findLeftoverProcesses(
        leader,
        [...strays.values()],
        AbortSignal.timeout(LOOK_TIMEOUT),
      );
      remains.strays.forEach(learn);
      isBlind = false;
      return remains;
    } catch (error) {
      // Told once: what cannot be seen now is looked for again and again.
      if (!isBlind) options.onFault(error);
      isBlind = true;
      return null;
    }
  }

  async function signalAll(how: 'terminate' | 'kill'): Promise<void> {
    // First the look, then the signal: with the leader dies the chain that leads to what left the group.
    const remains = await look();
    if (isGone) return;
    // While the leader is not reaped the number of its group cannot belong to anybody else.
    if (!hasExited || remains?.group === true) signalLeaderGroup(how);
    for (const stray of strays.values()) signalStray(stray, how);
  }

  function signalLeaderGroup(how: 'terminate' | 'kill'): void {
    if (how === 'terminate') terminateGroup(leader.pgid);
    else signalGroup(leader.pgid, 'SIGKILL');
  }

  function signalStray(stray: DetachedProcess, how: 'terminate' | 'kill'): void {
    const { pid } = stray;
    if (verdictOn(stray) !== 'same') return;
    signalProcess(pid, how === 'terminate' ? 'SIGTERM' : 'SIGKILL');
    if (how === 'terminate') signalProcess(pid, 'SIGCONT');
  }

  async function waitUntilGone(wait: number): Promise<void> {
    const remains = await look();
    if (remains !== null && !remains.group && remains.strays.length === 0) return gone();
    looks += 1;
    const slowest = looks > MANY_LOOKS ? SLOWEST_LOOK : SLOW_LOOK;
    clock.after(wait, () => void waitUntilGone(Math.min(slowest, wait * 2)));
  }

  function gone(): void {
    isGone = true;
    clock.after(DRAIN, () => child.releasePipes());
    options.onGone();
  }

  void child.exit.then(async (exit) => {
    hasExited = true;
    await lastWords();
    options.onExit(exit);
    return waitUntilGone(FIRST_LOOK);
  });

  /** A process writes why it ends just before it does: that is still in the pipe. */
  function lastWords(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(LAST_WORDS, resolve);
      void child.drained.then(cancel).then(resolve);
    });
  }

  return {
    leader,
    child,
    updateDetached: remember,
    end(how) {
      if (how === 'close-stdin') child.stdin?.end();
      else void signalAll(how);
    },
  };
}

function isDead(stray: DetachedProcess): boolean {
  const verdict = verdictOn(stray);
  return verdict === 'gone' || verdict === 'recycled';
}

function verdictOn({ pid, startToken }: DetachedProcess): IdentityVerdict {
  return checkIdentity({ pid, startToken, bootId: readBootId() });
}
