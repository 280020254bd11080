// Process of one server with its group and detached processes, from spawn until nothing of it is left.
import type { StopStep } from '../core/model/lifecycle-state.ts';
import type { DetachedProcess } from '../core/lifecycle/process-tree.ts';
import type { Clock } from '../system/time/clock.ts';
import { pause } from '../system/time/pause.ts';
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
   * Takes in the processes outside the group as of now, while their parents still tell whose they are. Dead ones are forgotten:
   * a server that starts a browser for each request must not fill a list for months, nor hold numbers of groups that
   * are somebody else's by then.
   */
  updateDetached(found: readonly DetachedProcess[]): void;
}

export interface ServerProcessOptions {
  readonly leader: Leader;
  readonly child: SpawnedProcess;
  readonly clock: Clock;
  /** @param leftProcesses the process ended with code 0, and something that it had started lived on */
  readonly onExit: (exit: ProcessExit, leftProcesses: boolean) => void;
  /** Resolves once another process goes on in place of this one, which has ended; null where none does. */
  readonly handedOver?: () => Promise<unknown> | null;
  /** Ends what is no process of this machine, such as a container, once the group is empty; never rejects. */
  readonly beforeGone?: (() => Promise<void>) | undefined;
  /** The group is empty and no detached process is alive. */
  readonly onGone: () => void;
  readonly onDetached: (detached: DetachedProcess) => void;
  readonly onDetachedGone: (detached: DetachedProcess) => void;
  readonly onFault: (error: unknown) => void;
}

/** Delay, ms, between two scans of the process table while something is still alive: doubled up to the limit. */
const FIRST_SCAN_DELAY = 10;
const MAX_SCAN_DELAY = 200;
/** What outlived its KILL for that many scans is held by the kernel: there is no hurry left. */
const MANY_SCANS = 200;
const STUCK_SCAN_DELAY = 2000;
/** A process table that does not answer must not keep a signal from being sent. */
const SCAN_TIMEOUT = 2000;
/** Longest wait, ms, for output in pipes that somebody else holds open; a process that is alone closed them with its end. */
const LAST_OUTPUT_WAIT = 50;
/** How long, ms, the children of a process that ended with code 0 may take to end as well. */
const FAREWELL_WAIT = 200;
/** Longest time, ms, for which clients who wait for another process go before the search for what is left of this one. */
const HAND_OVER = 100;
/** How long, ms, what a dead process has written may be read from its pipes. */
const DRAIN = 250;

export function superviseProcess(options: ServerProcessOptions): ServerProcess {
  const { leader, child, clock } = options;
  const detached = new Map<number, DetachedProcess>();
  let hasExited = false;
  let isGone = false;
  let scans = 0;
  let isBlind = false;

  function add(found: DetachedProcess): void {
    const known = detached.get(found.pid);
    if (known?.startToken === found.startToken) return;
    if (known !== undefined) options.onDetachedGone(known);
    detached.set(found.pid, found);
    options.onDetached(found);
  }

  function updateDetached(found: readonly DetachedProcess[]): void {
    found.forEach(add);
    const alive = new Set(found.map(({ pid }) => pid));
    for (const known of detached.values()) {
      if (alive.has(known.pid) || !isDead(known)) continue;
      detached.delete(known.pid);
      options.onDetachedGone(known);
    }
  }

  async function scan(): Promise<LeftoverProcesses | null> {
    try {
      const left = await findLeftoverProcesses(
        leader,
        [...detached.values()],
        AbortSignal.timeout(SCAN_TIMEOUT),
      );
      left.detached.forEach(add);
      isBlind = false;
      return left;
    } catch (error) {
      // Reported once: what cannot be seen now is scanned for again and again.
      if (!isBlind) options.onFault(error);
      isBlind = true;
      return null;
    }
  }

  async function signalAll(how: 'terminate' | 'kill'): Promise<void> {
    // The scan first, then the signal: with the leader dies the chain that leads to what left the group.
    const left = await scan();
    if (isGone) return;
    // While the leader is not reaped the number of its group cannot belong to anybody else.
    if (!hasExited || left?.group === true) signalLeaderGroup(how);
    for (const known of detached.values()) signalDetached(known, how);
  }

  function signalLeaderGroup(how: 'terminate' | 'kill'): void {
    if (how === 'terminate') terminateGroup(leader.pgid);
    else signalGroup(leader.pgid, 'SIGKILL');
  }

  function signalDetached(known: DetachedProcess, how: 'terminate' | 'kill'): void {
    const { pid } = known;
    if (verdictOn(known) !== 'same') return;
    signalProcess(pid, how === 'terminate' ? 'SIGTERM' : 'SIGKILL');
    if (how === 'terminate') signalProcess(pid, 'SIGCONT');
  }

  async function waitUntilGone(wait: number): Promise<void> {
    const left = await scan();
    if (left !== null && !left.group && left.detached.length === 0) return gone();
    scans += 1;
    const maxDelay = scans > MANY_SCANS ? STUCK_SCAN_DELAY : MAX_SCAN_DELAY;
    clock.after(wait, () => void waitUntilGone(Math.min(maxDelay, wait * 2)));
  }

  function gone(): void {
    isGone = true;
    clock.after(DRAIN, () => child.releasePipes());
    if (options.beforeGone === undefined) options.onGone();
    else void options.beforeGone().then(options.onGone);
  }

  void child.exit.then(async (exit) => {
    hasExited = true;
    await lastOutput();
    await handOver();
    options.onExit(exit, exit.code === 0 && (await livesOn()));
    return waitUntilGone(FIRST_SCAN_DELAY);
  });

  /** True when something is left that does not end by itself a moment later, as the other end of a pipe does. */
  async function livesOn(): Promise<boolean> {
    const isLeft = async (): Promise<boolean> => {
      const left = await scan();
      return left !== null && (left.group || left.detached.length > 0);
    };
    if (!(await isLeft())) return false;
    await pause(clock, FAREWELL_WAIT);
    return await isLeft();
  }

  /** Reading the process table keeps everything else waiting, for as long as a warm process needs to answer. */
  async function handOver(): Promise<void> {
    const handedOver = options.handedOver?.() ?? null;
    if (handedOver !== null) await within(HAND_OVER, handedOver);
  }

  /** Waits for it, `longest` ms at most. */
  function within(longest: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(longest, resolve);
      void work.then(cancel).then(resolve);
    });
  }

  /** A process writes why it ends just before it does: that is still in the pipe. */
  function lastOutput(): Promise<void> {
    return within(LAST_OUTPUT_WAIT, child.drained);
  }

  return {
    leader,
    child,
    updateDetached,
    end(how) {
      if (how === 'close-stdin') child.stdin?.end();
      else void signalAll(how);
    },
  };
}

function isDead(known: DetachedProcess): boolean {
  const verdict = verdictOn(known);
  return verdict === 'gone' || verdict === 'recycled';
}

function verdictOn({ pid, startToken }: DetachedProcess): IdentityVerdict {
  return checkIdentity({ pid, startToken, bootId: readBootId() });
}
