// Updater: all updates together, one at a time until the switch, and recovered after a daemon that died.
import type { WatchdogEvent } from '../core/model/events.ts';
import { isPackage, type PackageSpec, type ServerSpec } from '../core/model/server-spec.ts';
import { type UpdatePlan, versionToStart } from '../core/update/update-state.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';
import { recoverAll, type Recovered } from './recover.ts';
import { createUpdateRunner, type UpdateRunner } from './update-runner.ts';
import { isSameWish, openUpdateStore, type UpdateRecords, type UpdateStore } from './update-store.ts';

export interface UpdaterOptions {
  readonly ports: UpdatePorts;
  readonly records: UpdateRecords;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Called for a recovery that failed; it is retried. */
  readonly onFault: (error: unknown, server: string) => void;
}

export interface Updater {
  /** Recovers what an earlier daemon left; to be called once, before any server is started. */
  recover(specs: readonly ServerSpec[]): Promise<void>;
  /** Returns the version to start in place of what the config asks for; null when the config counts. */
  chosen(server: string, wish: string): string | null;
  /** Returns the spec in the config in force; null for a server that is no package, or not there. */
  spec(server: string): PackageSpec | null;
  readonly store: UpdateStore;
  isBusy(server: string): boolean;
  /** Begins an update, in turn; a rollback at once. False when one of this server is under way or queued. */
  begin(spec: PackageSpec, plan: UpdatePlan): boolean;
  /** Cancels and undoes what is under way; false when there is nothing. */
  cancel(server: string): boolean;
  /** Resolves when it is on probation or has ended; at once when nothing is under way. */
  untilSwitched(server: string): Promise<void>;
  /** Aborted by `close`. */
  readonly signal: AbortSignal;
  /** Aborts what is under way; the next daemon decides its outcome. */
  close(): Promise<void>;
}

const BEFORE_SWITCHED: ReadonlySet<string> = new Set(['installing', 'canary', 'waiting', 'switching']);

export function createUpdater(options: UpdaterOptions): Updater {
  const { ports, records, clock, bus } = options;
  const store = openUpdateStore(options);
  const runners = new Map<string, UpdateRunner>();
  const queue: { readonly spec: PackageSpec; readonly plan: UpdatePlan }[] = [];
  /** By server, the version that the config asked for at its last change. */
  const wishes = new Map<string, string>();
  const watchers = new Set<() => void>();
  const ending = new AbortController();
  let recovered: ReadonlyMap<string, Recovered> = new Map();
  const unsubscribe = bus.subscribe(onEvent);

  const phaseOf = (server: string): string => runners.get(server)?.state.phase ?? 'idle';
  const isBeforeSwitch = (server: string): boolean => BEFORE_SWITCHED.has(phaseOf(server));
  const isQueued = (server: string): boolean => queue.some(({ spec }) => spec.name === server);

  function specNow(server: string): PackageSpec | null {
    const found = ports.specs().find(({ name }) => name === server);
    return found !== undefined && isPackage(found) ? found : null;
  }

  function runnerOf(initial: PackageSpec): UpdateRunner {
    const { name } = initial;
    // After the removal of a server its last spec counts, until its update has been cancelled.
    let last = initial;
    const spec = (): PackageSpec => (last = specNow(name) ?? last);
    const create = (): UpdateRunner =>
      createUpdateRunner(name, {
        ports,
        clock,
        bus,
        spec,
        save: (progress) => store.setProgress(spec(), progress),
        settle: (outcome) => store.settle(spec(), outcome),
        onMoved,
      });
    const runner = runners.get(name) ?? create();
    runners.set(name, runner);
    return runner;
  }

  function onMoved(): void {
    for (const watcher of watchers) watcher();
    startNext();
  }

  function startNext(): void {
    if (ending.signal.aborted || [...runners.keys()].some(isBeforeSwitch)) return;
    const next = queue.shift();
    if (next === undefined) return;
    const now = specNow(next.spec.name);
    // The config has changed while it was queued.
    if (now === null || !isSameWish(now, next.spec)) return onMoved();
    runnerOf(now).send({ kind: 'begin', plan: next.plan });
  }

  function onEvent(event: WatchdogEvent): void {
    if (event.kind === 'server-added') onAdded(event.spec);
    if (event.kind === 'server-changed') onChanged(event.spec);
    if (event.kind === 'server-removed') onRemoved(event.server);
    if (event.kind === 'spawned' && phaseOf(event.server) === 'idle') {
      const spec = specNow(event.server);
      if (spec !== null && event.version !== null) store.setRunning(spec, event.version);
    }
    if ('server' in event) return runners.get(event.server)?.onEvent(event);
    for (const runner of runners.values()) {
      runner.onEvent(event);
      // The deadline of a wait has moved.
      if (event.kind === 'gap') runner.publish();
    }
  }

  function onAdded(spec: ServerSpec): void {
    if (!isPackage(spec)) return;
    followWish(spec);
    store.publish(spec, recovered.get(spec.name)?.isNews === true);
    recovered = new Map([...recovered].filter(([name]) => name !== spec.name));
    runners.get(spec.name)?.publish();
  }

  function onChanged(spec: ServerSpec): void {
    const { name } = spec;
    const runner = runners.get(name);
    const isOther = !isPackage(spec) || records.get(name)?.package !== spec.source.package;
    if (isOther) runner?.send({ kind: 'superseded', reason: 'its config asks for another program' });
    if (!isPackage(spec)) return;
    if (isOther) wishes.set(name, spec.source.version);
    if (isOther) return store.publish(spec, false);
    runner?.send({ kind: 'wish', wish: spec.source.version });
    followWish(spec);
  }

  function followWish(spec: PackageSpec): void {
    const { version } = spec.source;
    const { memory } = store.record(spec);
    const before = wishes.get(spec.name) ?? memory.chosen?.wish ?? version;
    wishes.set(spec.name, version);
    const isDecided = memory.chosen !== null || memory.pinned !== null;
    // A person has changed the wish: that overrides earlier decisions.
    if (before !== version && isDecided) store.setMemory(spec, { ...memory, chosen: null, pinned: null });
  }

  function onRemoved(server: string): void {
    runners.get(server)?.send({ kind: 'superseded', reason: 'it is no longer in the config' });
    runners.delete(server);
    wishes.delete(server);
  }

  function untilSwitched(server: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!ending.signal.aborted && (isBeforeSwitch(server) || isQueued(server))) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  }

  return {
    spec: specNow,
    store,
    untilSwitched,
    signal: ending.signal,
    isBusy: (server) => phaseOf(server) !== 'idle' || isQueued(server),
    async recover(specs) {
      recovered = await recoverAll(specs.filter(isPackage), options);
      for (const { spec, state, baselineBytes } of recovered.values()) {
        if (state.phase !== 'idle') runnerOf(spec).resume(state, baselineBytes);
      }
    },
    chosen(server, wish) {
      const runner = runners.get(server);
      const chosen = records.get(server)?.memory.chosen;
      const remembered = chosen?.wish === wish ? chosen.version : null;
      return (runner === undefined ? null : versionToStart(runner.state, wish)) ?? remembered;
    },
    begin(spec, plan) {
      if (phaseOf(spec.name) !== 'idle' || isQueued(spec.name)) return false;
      if (plan.kind === 'rollback') runnerOf(spec).send({ kind: 'begin', plan });
      else queue.push({ spec, plan });
      startNext();
      return true;
    },
    cancel(server) {
      const at = queue.findIndex(({ spec }) => spec.name === server);
      if (at !== -1) queue.splice(at, 1);
      else if (phaseOf(server) === 'idle') return false;
      else runners.get(server)?.send({ kind: 'cancel' });
      onMoved();
      return true;
    },
    async close() {
      ending.abort();
      unsubscribe();
      queue.length = 0;
      onMoved();
      await Promise.all([...runners.values()].map((runner) => runner.close()));
    },
  };
}
