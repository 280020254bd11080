// Supervisor of all servers: desired states, start order by dependency, config changes, stop order.
import type { WatchdogEvent } from '../core/model/events.ts';
import { isIdle, type RestartCause, stateName } from '../core/model/lifecycle-state.ts';
import type { DetachedProcess, TreeRoot } from '../core/lifecycle/process-tree.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { unfinishedAfter } from './wait-with-timeout.ts';
import { lifecyclePolicy } from './lifecycle-policy.ts';
import { createRunner, type Runner, type RunnerParts } from './runner.ts';

/** Difference of a new config from the old one, in servers. */
export interface ConfigChanges {
  readonly added: readonly ServerSpec[];
  readonly removed: readonly string[];
  /** `restart`: a field changed that a living process cannot take over. */
  readonly changed: readonly { readonly spec: ServerSpec; readonly restart: boolean }[];
}

export interface SupervisorOptions extends RunnerParts {
  /** Returns what the operator asked for, when that is not what the config says. */
  readonly desiredState: (server: string) => 'up' | 'down' | undefined;
  /** Unplanned ends that an earlier daemon saw and its budget still counts, monotonic ms; none when it is left out. */
  readonly recentEnds?: (server: string) => readonly number[];
  /** Lets clients' calls end before a stop that is ours; null when none is under way. */
  readonly drain?: (server: string) => Promise<void> | null;
}

export interface Supervisor {
  /**
   * Adds, removes and changes servers.
   *
   * @param unobserved servers that were alive when an earlier daemon died: their start counts as a restart
   * @returns servers that did not end within their time: what replaces them waits, nothing else does
   */
  apply(changes: ConfigChanges, unobserved?: ReadonlySet<string>): Promise<readonly string[]>;
  start(server: string): void;
  /** Stops a server that nobody uses until somebody does; one that does not run well is left alone. */
  idle(server: string): void;
  /** Stops it; resolves when no process of it is left. */
  stop(server: string): Promise<void>;
  restart(server: string, cause: RestartCause): void;
  ready(server: string, run: number): void;
  /** Notes that a starting process answered the handshake with this error. */
  refused(server: string, run: number, error: string): void;
  failing(server: string, run: number, cause: RestartCause): void;
  /** Takes in the processes that left the server's group, as of the last sample. */
  updateDetached(server: string, detached: readonly DetachedProcess[]): void;
  /** Stops all, dependents first, the rest in parallel; resolves when no process of any is left. */
  stopAll(): Promise<void>;
  /** Returns how long `stopAll()` takes, ms, when each server uses up all of its grace. */
  longestStop(): number;
  roots(): readonly TreeRoot[];
  specs(): readonly ServerSpec[];
  runner(server: string): Runner | undefined;
  dispose(): void;
}

/** How long a process that the kernel does not let go may delay others beyond its own grace, ms. */
const EXTRA_WAIT = 5000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { bus } = options;
  const specs = new Map<string, ServerSpec>();
  const runners = new Map<string, Runner>();
  /** Servers to start once their dependencies are ready, and the cause that the start then counts for. */
  const waiting = new Map<string, RestartCause | undefined>();
  /** Servers that were removed and have not ended yet. */
  const leaving = new Map<string, Promise<void>>();
  /** Servers configured again before the earlier process of that name has ended. */
  const returning = new Map<string, ServerSpec>();
  /** Servers with only a url that are up: they have no lifecycle, so their health is what dependents wait for. */
  const upUrls = new Set<string>();
  /** What is to be done once the calls of clients have ended. */
  const draining = new Map<string, { act: () => void; readonly done: Promise<void> }>();
  const unsubscribe = bus.subscribe(onEvent);
  let isStopping = false;

  function onEvent(event: WatchdogEvent): void {
    const hasBecomeReady =
      (event.kind === 'transition' && event.to.phase === 'running' && event.from.phase !== 'running') ||
      (event.kind === 'health' && event.health.up === true);
    if (event.kind === 'health' && event.health.up === true) upUrls.add(event.server);
    if (event.kind === 'health' && event.health.up === false) upUrls.delete(event.server);
    // A copy: a server that still has to wait is put back during the loop.
    if (hasBecomeReady) [...waiting.keys()].forEach((name) => start(name));
  }

  function isIdleNow(name: string): boolean {
    const state = runners.get(name)?.state;
    return state !== undefined && isIdle(state);
  }

  function missing({ dependsOn }: ServerSpec): readonly string[] {
    return dependsOn.filter((name) => {
      const runner = runners.get(name);
      return runner === undefined ? !upUrls.has(name) : runner.state.phase !== 'running';
    });
  }

  function start(name: string, cause = waiting.get(name)): void {
    const spec = specs.get(name);
    const runner = runners.get(name);
    if (spec === undefined || runner === undefined || isStopping) return;
    const pending = draining.get(name);
    // Its clients were told to wait, so it cannot just go on.
    if (pending !== undefined)
      pending.act = () =>
        runner.send({ kind: 'restart', cause: { reason: 'requested', detail: 'stopped and started again' } });
    // A server that is up, or starting, does not wait: nobody is told that it waits while it runs.
    const isUnderWay = runner.state.wanted === 'up' && runner.state.phase !== 'stopped';
    const on = isUnderWay ? [] : missing(spec);
    const hasChanged = on.length > 0 || waiting.has(name);
    if (hasChanged) bus.publish({ kind: 'waiting', server: name, on });
    if (on.length > 0) {
      waiting.set(name, cause);
      // What it depends on is used now.
      for (const other of on) if (isIdleNow(other)) start(other);
      return;
    }
    waiting.delete(name);
    // The first one is nobody's request: a server that was crashing under a daemon that was killed goes on with its budget.
    const clear = runner.state.run > 0;
    runner.send({ kind: 'start', clear, ...(cause === undefined ? {} : { cause }) });
  }

  function restart(name: string, cause: RestartCause): void {
    if (isStopping || !specs.has(name)) return;
    if (waiting.has(name)) start(name);
    else void afterDrain(name, () => runners.get(name)?.send({ kind: 'restart', cause }));
  }

  /** Runs `act` once no call of a client is under way; of several, the last. Null when that was at once. */
  function afterDrain(name: string, act: () => void): Promise<void> | null {
    const pending = draining.get(name);
    if (pending !== undefined) {
      pending.act = act;
      return pending.done;
    }
    const drained = options.drain?.(name) ?? null;
    if (drained === null) {
      act();
      return null;
    }
    const done = finishDrain(name, drained);
    draining.set(name, { act, done });
    return done;
  }

  async function finishDrain(name: string, drained: Promise<void>): Promise<void> {
    await drained;
    const last = draining.get(name)?.act;
    draining.delete(name);
    last?.();
  }

  function add(spec: ServerSpec, wasAlive: boolean): void {
    // Never two processes of one name.
    if (leaving.has(spec.name)) return void returning.set(spec.name, spec);
    specs.set(spec.name, spec);
    bus.publish({ kind: 'server-added', server: spec.name, spec });
    if (spec.source.kind === 'url') return;
    const isWanted = (options.desiredState(spec.name) ?? (spec.enabled ? 'up' : 'down')) === 'up';
    const runner = createRunner(spec, options, isWanted ? options.recentEnds?.(spec.name) : []);
    runners.set(spec.name, runner);
    // Sent even though nothing runs: the desired state may differ from what the config says.
    if (!isWanted) return runner.send({ kind: 'stop' });
    if (spec.start.when === 'first-use' && !wasAlive) return runner.send({ kind: 'idle' });
    start(
      spec.name,
      wasAlive ? { reason: 'unobserved', detail: 'it was alive when the watchdog ended' } : undefined,
    );
  }

  function remove(name: string): Promise<void> {
    // Before anything else, so that nobody starts it again while its end is awaited.
    specs.delete(name);
    returning.delete(name);
    const gone = leaving.get(name) ?? stop(name).then(() => forget(name));
    leaving.set(name, gone);
    return gone;
  }

  function forget(name: string): void {
    const successor = returning.get(name);
    for (const each of [runners, upUrls, leaving, returning]) each.delete(name);
    bus.publish({ kind: 'server-removed', server: name });
    if (successor !== undefined && !isStopping) add(successor, false);
  }

  async function change(spec: ServerSpec, needsRestart: boolean): Promise<void> {
    if (returning.has(spec.name)) return void returning.set(spec.name, spec);
    const before = specs.get(spec.name);
    const isOtherKind = (before?.source.kind === 'url') !== (spec.source.kind === 'url');
    if (isOtherKind) {
      const gone = remove(spec.name);
      add(spec, false);
      return gone;
    }
    specs.set(spec.name, spec);
    const runner = runners.get(spec.name);
    runner?.updateSpec(spec);
    bus.publish({ kind: 'server-changed', server: spec.name, spec });
    if (runner === undefined) return;
    if (before?.enabled !== spec.enabled) return spec.enabled ? start(spec.name) : await stop(spec.name);
    // Perhaps it no longer depends on what it waits for.
    if (waiting.has(spec.name)) return start(spec.name);
    // The next call starts it with what it says now.
    if (isIdle(runner.state)) return;
    if (needsRestart && runner.state.wanted === 'up')
      restart(spec.name, { reason: 'config', detail: 'its configuration changed' });
    // What the person changed may be the cure, even where it needs no other process.
    else if (stateName(runner.state) === 'needs_attention') runner.send({ kind: 'start', clear: true });
  }

  function stop(name: string): Promise<void> {
    if (waiting.delete(name)) bus.publish({ kind: 'waiting', server: name, on: [] });
    const runner = runners.get(name);
    if (runner === undefined) return Promise.resolve();
    const stopped = afterDrain(name, () => runner.send({ kind: 'stop' }));
    return stopped === null ? whenStopped(runner) : stopped.then(() => whenStopped(runner));
  }

  function whenStopped(runner: Runner): Promise<void> {
    return new Promise((resolve) => {
      const isStopped = (): boolean => runner.state.phase === 'stopped' || runner.state.wanted === 'up';
      if (isStopped()) return resolve();
      const unsubscribe = bus.subscribe((event) => {
        if (event.kind !== 'transition' || event.server !== runner.spec.name || !isStopped()) return;
        unsubscribe();
        resolve();
      });
    });
  }

  async function stopAll(): Promise<void> {
    isStopping = true;
    waiting.clear();
    const left = new Set(runners.keys());
    await Promise.all([...left].map((name) => stopAfterDependents(name, left)));
  }

  async function stopAfterDependents(name: string, left: Set<string>): Promise<void> {
    const dependents = [...left].filter((other) => specs.get(other)?.dependsOn.includes(name) === true);
    await Promise.all(dependents.map((other) => stopAfterDependents(other, left)));
    await stop(name);
    left.delete(name);
  }

  function longestStop(name: string): number {
    const spec = runners.get(name)?.spec ?? specs.get(name);
    if (spec === undefined) return 0;
    const own = lifecyclePolicy(spec).stop.reduce((sum, { wait }) => sum + wait, 0);
    return own + Math.max(0, ...spec.dependsOn.map(longestStop));
  }

  function endOf(
    work: readonly (readonly [name: string, done: Promise<void>])[],
  ): Promise<readonly string[]> {
    const timeout = EXTRA_WAIT + Math.max(0, ...work.map(([name]) => longestStop(name)));
    return unfinishedAfter(timeout, new Map(work), options.clock);
  }

  return {
    async apply({ added, removed, changed }, unobserved = new Set()) {
      // What is added may need the ports of what is removed.
      const stuck = await endOf(removed.map((name) => [name, remove(name)]));
      const late = await endOf(changed.map(({ spec, restart }) => [spec.name, change(spec, restart)]));
      for (const spec of added) add(spec, unobserved.has(spec.name));
      return [...stuck, ...late];
    },
    start,
    idle: (name) => runners.get(name)?.send({ kind: 'idle' }),
    stop,
    restart,
    ready: (name, run) => runners.get(name)?.send({ kind: 'ready', run }),
    refused: (name, run, error) => runners.get(name)?.send({ kind: 'refused', run, error }),
    failing: (name, run, cause) => runners.get(name)?.send({ kind: 'failing', run, cause }),
    updateDetached: (name, detached) => runners.get(name)?.process?.updateDetached(detached),
    stopAll,
    longestStop: () => Math.max(0, ...[...runners.keys()].map(longestStop)),
    roots: () => [...runners.values()].flatMap((runner) => runner.process?.leader ?? []),
    specs: () => [...specs.values()],
    runner: (name) => runners.get(name),
    dispose: unsubscribe,
  };
}
