// Runner of one server: holds its lifecycle state, its process and one timer, and carries out what the lifecycle decides.
import type { LauncherExit, StartFailure } from '../core/model/observations.ts';
import { quoteOf } from '../core/status/output-excerpt.ts';
import { hintOfOlderSdk } from '../core/lifecycle/crash-hint.ts';
import { explainCleanExit } from '../core/lifecycle/launcher-exit.ts';
import { comesBack, decideLifecycle } from '../core/lifecycle/lifecycle.ts';
import {
  type LifecycleAction,
  lifecycleDeadline,
  INITIAL_LIFECYCLE,
  type LifecycleEvent,
  type LifecycleInput,
  type LifecycleState,
} from '../core/model/lifecycle-state.ts';
import { createSerialQueue } from '../core/base/serial-queue.ts';
import { RUN_MARKER } from '../core/lifecycle/run-marker.ts';
import { budgetRemaining } from '../core/lifecycle/restart-policy.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { awaitPath } from '../system/files/watch-paths.ts';
import { identifyProcess } from '../system/process/process-identity.ts';
import { type ProcessExit, type SpawnedProcess, spawnProcess } from '../system/process/spawn.ts';
import { childEnvironment } from './environment.ts';
import { lifecyclePolicy } from './lifecycle-policy.ts';
import type { PreparedStart } from './prepare.ts';
import { claimStart, endOf } from './containers/claim-start.ts';
import type { ClaimedContainer, Containers } from './containers/containers.ts';
import type { ProcessRegistry } from './process-registry.ts';
import type { Leader } from './leftover-processes.ts';
import { type ServerProcess, type ServerProcessOptions, superviseProcess } from './server-process.ts';
import type { StandIn, StandIns } from './beside/stand-ins.ts';
import { createStartDelays, type StartDelayParts } from './start-delays.ts';
import type { StartRateLimiter } from './start-rate-limiter.ts';

/** A process of a server, as its observers see it. */
export interface ObservedProcess {
  readonly spec: ServerSpec;
  readonly run: number;
  /** Version of the package that we installed; null for anything else. */
  readonly version: string | null;
  readonly child: SpawnedProcess;
  /** True for a process that was started ahead: its stderr is read already. */
  readonly isStandIn?: boolean;
}

/** Somebody who works with the processes of servers: their log, their probes. */
export interface ProcessObserver {
  /** Called once for each process, right after its spawn. */
  onSpawn(process: ObservedProcess): ProcessListener;
}

/** Hears of the rest of the life of one process, in this order, each at most once. */
export interface ProcessListener {
  /** The server has answered for the first time. */
  onReady?(): void;
  /** The process has ended by itself, and this one, of the next run, takes its place: `onSpawn` of it follows. */
  /** @returns a promise that resolves once clients have what they waited for, or nothing to wait for */
  onReplaced?(by: ObservedProcess): Promise<void> | undefined;
  /** A stop begins, or the process has exited: no more requests to it. */
  onLeaving?(): void;
  /** Nothing of the process is left. */
  onGone?(): void;
}

export interface RunnerParts extends StartDelayParts {
  readonly clock: Clock;
  readonly bus: Bus;
  /** Returns 0..1, for jitter. */
  readonly random: () => number;
  readonly startRateLimiter: StartRateLimiter;
  readonly registry: ProcessRegistry;
  /** Names this daemon process in the run marker, so that an earlier one's run 1 is not taken for ours. */
  readonly daemonId: string;
  readonly home: string;
  readonly prepare: (spec: ServerSpec, signal: AbortSignal) => Promise<PreparedStart>;
  /** Finds and ends the containers of servers that are some; left out, they are programs like others. */
  readonly containers?: Pick<Containers, 'claim'>;
  /** Processes that are started ahead; none when it is left out. */
  readonly standIns?: StandIns;
  /** Told of each process in this order. */
  readonly observers: readonly ProcessObserver[];
  readonly onFault: (error: unknown, server: string) => void;
}

/** A process that now belongs to a run. */
interface Started {
  readonly leader: Leader;
  readonly version: string | null;
  readonly child: SpawnedProcess;
  readonly container?: ClaimedContainer | null;
  /** Supervises it; left out for a process that nobody supervises yet. */
  readonly handOver?: (options: ServerProcessOptions) => ServerProcess;
}

export interface Runner {
  readonly spec: ServerSpec;
  readonly state: LifecycleState;
  readonly process: ServerProcess | null;
  send(input: LifecycleInput): void;
  /** Applies at once what can change while the process lives; the rest with the next start. */
  updateSpec(spec: ServerSpec): void;
}

/** @param failures times of unplanned ends that its budget begins with */
export function createRunner(
  initial: ServerSpec,
  parts: RunnerParts,
  failures: readonly number[] = [],
): Runner {
  const { clock, bus } = parts;
  const delays = createStartDelays(parts);
  /** One event is finished and published before the next: a child may end while it is being started. */
  const events = createSerialQueue(handle);
  let spec = initial;
  let state: LifecycleState = { ...INITIAL_LIFECYCLE, failures };
  let current: ServerProcess | null = null;
  /** Of the current process. */
  let listeners: readonly ProcessListener[] = [];
  /** Monotonic ms, of the current process. */
  let spawnedAt = 0;
  let prepared: Extract<PreparedStart, { ok: true }> | null = null;
  /** Serves in place of a process that died, until nothing of that is left. */
  let standIn: StandIn | null = null;
  /** Resolves when that goes on with the clients. */
  let handedOver: Promise<unknown> = Promise.resolve();
  let cancelTimer = (): void => {};
  let abortPrepare = (): void => {};
  let cancelAwait = (): void => {};

  function send(input: LifecycleInput): void {
    events.send({ ...input, at: clock.monotonic(), chance: parts.random() });
  }

  function handle(event: LifecycleEvent): void {
    const from = state;
    const { state: to, actions } = decideLifecycle(from, event, lifecyclePolicy(spec));
    state = to;
    armTimer();
    awaitWhatIsMissing(event);
    // A server that is being stopped is not probed.
    if (to.phase === 'stopping' && from.phase !== 'stopping')
      for (const each of listeners) each.onLeaving?.();
    if (to !== from) publishTransition(from, event);
    standBy(from, event.kind);
    if (to.phase === 'running' && from.phase !== 'running') for (const each of listeners) each.onReady?.();
    for (const action of actions) perform(action);
  }

  /** Has a process started ahead while one runs well; a stop that is ours, and a wait, end what stands by. */
  function standBy({ phase: from }: LifecycleState, cause: LifecycleEvent['kind']): void {
    const { phase } = state;
    if (phase === from) return;
    if (phase === 'running' && prepared !== null) return parts.standIns?.keep(spec, prepared);
    // It serves clients already; the death that it was taken for may be told after another fault.
    if (standIn !== null && state.phase === 'stopping' && state.leadsTo === 'retry') return;
    const isOver = phase !== 'starting' && phase !== 'preparing' && phase !== 'running';
    if (isOver && (phase !== 'stopping' || cause !== 'exited')) dropStandIn();
  }

  function dropStandIn(): void {
    parts.standIns?.drop(spec.name);
    standIn?.discard();
    standIn = null;
  }

  /** Puts a process that was started ahead in the place of one that died, before anything else is known of that. */
  function replace(run: number, { code, signal }: ProcessExit): void {
    if (parts.standIns === undefined || state.run !== run) return;
    const event = { kind: 'exited', run, code, signal, at: clock.monotonic(), chance: 0 } as const;
    if (!comesBack(state, event, lifecyclePolicy(spec))) return;
    standIn = parts.standIns.take(spec.name);
    if (standIn === null) return;
    const { child, version } = standIn;
    const by = { spec, run: run + 1, version, child, isStandIn: true };
    handedOver = Promise.all(listeners.flatMap((each) => each.onReplaced?.(by) ?? []));
  }

  function publishTransition(from: LifecycleState, { kind: cause }: LifecycleEvent): void {
    const deadline = lifecycleDeadline(state);
    const isWaiting = 'delay' in state;
    bus.publish({
      kind: 'transition',
      server: spec.name,
      from,
      to: state,
      cause,
      nextAttemptAt: isWaiting && deadline !== null ? clock.now() + deadline - clock.monotonic() : null,
      budgetRemaining: budgetRemaining(state.failures, clock.monotonic(), spec.restart.budget),
    });
  }

  function armTimer(): void {
    cancelTimer();
    const deadline = lifecycleDeadline(state);
    cancelTimer = deadline === null ? () => {} : clock.after(deadline - clock.monotonic(), onDeadline);
  }

  /** A folder or program that appears ends the wait for the next attempt: a volume was mounted, say. */
  function awaitWhatIsMissing(event: LifecycleEvent): void {
    if ('delay' in state && event.kind !== 'unprepared') return;
    cancelAwait();
    cancelAwait = () => {};
    const path = event.kind === 'unprepared' && 'delay' in state ? event.failure.awaits : undefined;
    if (path !== undefined) cancelAwait = awaitPath(path, clock, () => send({ kind: 'start', clear: false }));
  }

  function onDeadline(): void {
    if (state.phase !== 'starting') return send({ kind: 'tick' });
    send({ kind: 'tick', ...delays.judge(spec, { run: state.run, spawnedAt }) });
  }

  function perform(action: LifecycleAction): void {
    switch (action.kind) {
      case 'prepare':
        return prepare(action.run);
      case 'abort-prepare':
        return abortPrepare();
      case 'spawn':
        return void spawn(action.run);
      case 'end':
        return current?.end(action.how);
      case 'count-restart':
        return bus.publish({ kind: 'restarted', server: spec.name, ...action.cause });
      case 'count-start-failure':
        return bus.publish({ kind: 'start-failed', server: spec.name, failure: action.failure });
      default:
        return action satisfies never;
    }
  }

  function prepare(run: number): void {
    const abort = new AbortController();
    const cancelWait = parts.startRateLimiter.wait(() => {
      void parts.prepare(spec, abort.signal).then(
        (result) => afterPreparation(run, result),
        (error: unknown) => afterPreparation(run, { ok: false, failure: unexpected(error) }),
      );
    });
    abortPrepare = () => {
      cancelWait();
      abort.abort();
    };
  }

  function afterPreparation(run: number, result: PreparedStart): void {
    if (run !== state.run || state.phase !== 'preparing') return;
    prepared = result.ok ? result : null;
    send(result.ok ? { kind: 'prepared', run } : { kind: 'unprepared', run, failure: result.failure });
  }

  /** Finds what a process said about its end. One that we end says nothing about why: its last words are a farewell. */
  function wordsAboutEnd(lines: readonly string[], signal: string | null): string | undefined {
    if (state.phase === 'stopping') return undefined;
    const wasReady = state.phase === 'running';
    const telling = quoteOf(lines, { hasEnded: false, wasReady });
    const answered = wasReady ? undefined : parts.lastVerdict(spec.name)?.quote;
    return telling ?? answered ?? quoteOf(lines, { hasEnded: signal === null, wasReady });
  }

  function launcherOf(code: number | null, leftProcesses: boolean): LauncherExit | undefined {
    if (code !== 0 || prepared === null) return undefined;
    return explainCleanExit({ argv: prepared.argv, leftProcesses }) ?? undefined;
  }

  async function spawn(run: number): Promise<void> {
    if (prepared === null) return;
    const { argv, version, cwd, programs } = prepared;
    if (adopt(run, prepared)) return;
    const marker = `${parts.daemonId}/${spec.name}/${run}`;
    const env = { ...childEnvironment(process.env, spec.env, programs), [RUN_MARKER]: marker };
    const stdin = spec.transport === 'stdio' ? 'pipe' : 'ignore';
    const claimed = claimStart(parts.containers, { server: spec.name, argv, env, marker });
    const { container } = claimed;
    const started = await spawnProcess({ argv: claimed.argv, env, cwd, stdin, nice: spec.limits.nice });
    if (!('pid' in started)) {
      container?.discard();
      return spawnFailed(run, started.code, started.message);
    }
    const { pid } = started;
    const leader: Leader = {
      server: spec.name,
      pid,
      pgid: pid,
      startToken: identifyProcess(pid)?.startToken ?? '',
      marker,
    };
    parts.registry.add(leader);
    begin(run, { leader, version, child: started, container });
  }

  /** Goes on with the process that took the place of the last; false when there is none, or it is not what would be started. */
  function adopt(run: number, start: Extract<PreparedStart, { ok: true }>): boolean {
    const ready = standIn;
    standIn = null;
    if (ready === null) return false;
    if (!ready.fits(spec, start)) {
      ready.discard();
      return false;
    }
    const { leader, child, version } = ready;
    begin(run, { leader, child, version, handOver: (options) => ready.handOver(options) });
    return true;
  }

  function begin(run: number, started: Started): void {
    const { leader, version } = started;
    spawnedAt = clock.monotonic();
    bus.publish({ kind: 'spawned', server: spec.name, run, pid: leader.pid, version });
    supervise(run, started);
  }

  function supervise(
    run: number,
    { leader, version, child, container, handOver = superviseProcess }: Started,
  ): void {
    const isStandIn = handOver !== superviseProcess;
    const told = parts.observers.map((observer) =>
      observer.onSpawn({ spec, run, version, child, isStandIn }),
    );
    listeners = told;
    void child.exit.then((exit) => replace(run, exit));
    const supervised = handOver({
      leader,
      child,
      clock,
      onExit({ code, signal }, leftProcesses) {
        const lastLines = parts.lastLines(spec.name);
        const quote = wordsAboutEnd(lastLines, signal);
        const launcher = launcherOf(code, leftProcesses);
        bus.publish({ kind: 'exited', server: spec.name, run, code, signal, lastLines, quote, launcher });
        const hint = hintOfOlderSdk(spec.source, lastLines);
        send({ kind: 'exited', run, code, signal, quote, launcher, hint });
      },
      handedOver: () => (standIn === null ? null : handedOver),
      beforeGone: endOf(container),
      onGone() {
        parts.registry.remove(leader);
        if (current === supervised) current = null;
        if (listeners === told) listeners = [];
        for (const each of told) each.onGone?.();
        send({ kind: 'gone', run, isReplaced: standIn !== null });
      },
      onDetached: (detached) => parts.registry.addDetached(leader, detached),
      onDetachedGone: (detached) => parts.registry.removeDetached(leader, detached),
      onFault: (error) => parts.onFault(error, spec.name),
    });
    current = supervised;
    // A stop that came during the spawn found no process to end, and nobody to tell.
    if (state.phase !== 'stopping' || state.run !== run) return;
    for (const each of told) each.onLeaving?.();
    supervised.end('terminate');
  }

  /** Treats a failed spawn as an exit with nothing left to clean up. */
  function spawnFailed(run: number, code: string, message: string): void {
    bus.publish({
      kind: 'exited',
      server: spec.name,
      run,
      code: null,
      signal: null,
      lastLines: [`${code}: ${message}`],
    });
    send({ kind: 'exited', run, code: null, signal: null, fault: message });
    send({ kind: 'gone', run });
  }

  return {
    send,
    get spec() {
      return spec;
    },
    get state() {
      return state;
    },
    get process() {
      return current;
    },
    updateSpec(changed) {
      spec = changed;
      if (state.phase === 'running' && prepared !== null) parts.standIns?.keep(spec, prepared);
    },
  };
}

function unexpected(error: unknown): StartFailure {
  return { code: 'SPAWN_FAILED', message: messageOf(error), hint: null, retry: 'backoff' };
}
